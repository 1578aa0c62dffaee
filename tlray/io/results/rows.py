"""Conversion between `Tracklist` objects and rows of the two tables.

Column by column, not row by row: a page of 40 tracks costs about a tenth of a millisecond. A set's own
columns in ``tracks`` are built once a set and spread over its rows by Arrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import chain, islice, pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from tlray.io.results.schema import KEYS, TRACKLISTS, TRACKS
from tlray.model import CuePrecision, Identity, Track, TrackKind, Tracklist

SETS_AT_ONCE = 256
"""So many sets are Python objects at a time on the way back: some 10,000 tracks, 20 MB."""

_SET_FIELDS = tuple(f.name for f in fields(Tracklist) if f.name != "tracks")
_TRACK_FIELDS = tuple(f.name for f in fields(Track))
_ENUMS: dict[str, dict[str, Any]] = {
    name: {member.value: member for member in kind}
    for name, kind in {"kind": TrackKind, "cue_precision": CuePrecision, "identity": Identity}.items()
}
# columns of `tracks` that tell of the set, and where they stand in `tracklists`
_OF_SET = {name: name for name in (*KEYS, "url", "site", "source_id")} | {
    "set_title": "title",
    "set_date": "date",
    "set_djs": "djs",
}


@dataclass(frozen=True, slots=True)
class ItemKey:
    """The item that a set came from."""

    batch_id: str
    item_id: int
    fingerprint: str
    set_index: int | None = None
    """The set's place in it; None: one more than the one before."""


def to_tables(sets: Sequence[tuple[ItemKey, Tracklist]]) -> tuple[pa.Table, pa.Table]:
    """The rows of ``sets`` as (tracklists, tracks), in their order; an item's sets are numbered from 0 on."""
    keys = [key for key, _ in sets]
    lists = [tracklist for _, tracklist in sets]
    columns: dict[str, list[Any]] = {
        "batch_id": [key.batch_id for key in keys],
        "item_id": [key.item_id for key in keys],
        "set_index": _places(keys),
        "fingerprint": [key.fingerprint for key in keys],
    }
    columns |= {name: [getattr(t, name) for t in lists] for name in _SET_FIELDS}
    tracklists = pa.table([_array(columns[f.name], f) for f in TRACKLISTS], schema=TRACKLISTS)

    tracks = [track for tracklist in lists for track in tracklist.tracks]
    owners = chain.from_iterable([i] * len(tracklist.tracks) for i, tracklist in enumerate(lists))
    owner = pa.array(owners, pa.int32())
    arrays = []
    for column in TRACKS:
        if column.name in _OF_SET:
            arrays.append(tracklists.column(_OF_SET[column.name]).combine_chunks().take(owner))
        else:
            name = column.name
            arrays.append(_array([getattr(track, name) for track in tracks], column))
    return tracklists, pa.table(arrays, schema=TRACKS)


def from_tables(tracklists: pa.Table, tracks: pa.Table) -> Iterator[Tracklist]:
    """The sets of one batch in the order of ``tracklists``; their rows may stand anywhere in ``tracks``."""
    runs = runs_of(tracks)
    for begin in range(0, tracklists.num_rows, SETS_AT_ONCE):
        some = tracklists.slice(begin, SETS_AT_ONCE)
        items, places = (some.column(name).to_pylist() for name in ("item_id", "set_index"))
        wanted = [runs.get(key, ()) for key in zip(items, places, strict=True)]
        made = _tracks(tracks.take(pa.array(chain.from_iterable(wanted), pa.int64())))
        columns = {name: some.column(name).to_pylist() for name in _SET_FIELDS}
        for values, rows in zip(zip(*columns.values(), strict=True), wanted, strict=True):
            own = list(islice(made, len(rows)))
            yield Tracklist(**dict(zip(columns, values, strict=True)), tracks=own)


def runs_of(tracks: pa.Table) -> dict[tuple[int, int], Sequence[int]]:
    """Return the rows of every (item_id, set_index). Most stand together, and so cost little memory."""
    if not tracks.num_rows:
        return {}
    items, places = (tracks.column(name).to_numpy() for name in ("item_id", "set_index"))
    is_new = (items[1:] != items[:-1]) | (places[1:] != places[:-1])
    bounds = [0, *(np.flatnonzero(is_new) + 1).tolist(), len(items)]
    runs: dict[tuple[int, int], Sequence[int]] = {}
    for begin, end in pairwise(bounds):
        key, rows = (int(items[begin]), int(places[begin])), range(begin, end)
        runs[key] = [*runs[key], *rows] if key in runs else rows
    return runs


def _tracks(table: pa.Table) -> Iterator[Track]:
    columns = {name: table.column(name).to_pylist() for name in _TRACK_FIELDS}
    for name, members in _ENUMS.items():
        columns[name] = [members[value] for value in columns[name]]
    for values in zip(*columns.values(), strict=True):
        yield Track(**dict(zip(columns, values, strict=True)))


def _places(keys: Iterable[ItemKey]) -> list[int]:
    seen: dict[int, int] = {}
    places = []
    for key in keys:
        place = seen.get(key.item_id, 0) if key.set_index is None else key.set_index
        seen[key.item_id] = place + 1
        places.append(place)
    return places


def _array(values: list[Any], column: pa.Field) -> pa.Array:
    """One column; ``from_pandas`` makes NaN null. A value that does not fit must not cost the whole part."""
    try:
        return pa.array(values, column.type, from_pandas=True)
    except (pa.ArrowInvalid, UnicodeEncodeError, OverflowError):
        return pa.array([_storable(value, column.type) for value in values], column.type, from_pandas=True)


def _storable(value: Any, type_: pa.DataType) -> Any:
    """``value`` without half surrogate pairs; None for a number beyond the column's range."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_storable(v, pa.string()) for v in value]
    try:
        pa.scalar(value, type_)
    except (pa.ArrowInvalid, OverflowError):
        return None
    return value
