"""The sets of a batch, as pandas frames or as `Tracklist`\\ s: those of the parts that count, each once, at any moment.

A part counts when the journal's manifest names it, published or not. While the sets are read, the batch may be running: more
parts are committed, and small ones are merged into large ones. Where a part has gone, the manifest is asked again, and of
the parts that it names now only the items are read that were not read before.

``pandas.read_parquet(".../tracks")`` reads what is published, which is the same but for moments after a commit, and while parts
are merged. It reads a batch without parts as a frame without columns, and `load` as an empty one with all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.io.results.part_tables import read_tables
from tlray.io.results.rows import from_tables
from tlray.io.results.schema import TRACKLISTS, TRACKS
from tlray.io.results.store import PartMoved, ResultStore
from tlray.model import Tracklist

if TYPE_CHECKING:  # Arrow loads it where a frame is made
    import pandas as pd

SETS_PER_ITEM: Final = 2**16
"""A page has fewer sets."""
NamedStems = Callable[[], Collection[str]]
"""The stems of the parts with rows that the manifest names now."""
TRIES: Final = 6
"""How often a part is looked for that the manifest names and that is nowhere …"""
PAUSE_S: Final = 0.05
"""… and how long is waited after the first time; each time longer."""


def manifest_of(home: Home, batch_id: str) -> NamedStems:
    """Return what asks a batch's manifest in the home's journal, each time anew; `NoSuchBatch` if there is no such batch."""

    def named() -> list[str]:
        with open_reader(home.path) as journal:
            journal.batch(batch_id)
            return [part.stem for part in journal.parts(batch_id) if part.has_rows]

    return named


def load(
    store: ResultStore, batch_id: str, named: NamedStems, *, min_quality: float | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a batch's (tracklists, tracks), a row a set and a row a track; empty where it has no parts."""
    parts = list(good_parts(store, batch_id, named, min_quality=min_quality))
    tracklists = pa.concat_tables([TRACKLISTS.empty_table(), *(lists for lists, _ in parts)])
    tracks = pa.concat_tables([TRACKS.empty_table(), *(rows for _, rows in parts)])
    return tracklists.to_pandas(), tracks.to_pandas()


def good_parts(
    store: ResultStore, batch_id: str, named: NamedStems, *, min_quality: float | None = None
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield (tracklists, tracks) of one part after the other, of sets of that quality or a better one."""
    return (_good(*part, min_quality) for part in iter_parts(store, batch_id, named))


def iter_tracklists(
    store: ResultStore, batch_id: str, named: NamedStems, *, min_quality: float | None = None
) -> Iterator[Tracklist]:
    """Yield every set, part by part; at most one part's rows are in memory, and 256 sets as objects."""
    for tracklists, tracks in good_parts(store, batch_id, named, min_quality=min_quality):
        yield from from_tables(tracklists, tracks)


def iter_parts(store: ResultStore, batch_id: str, named: NamedStems) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield (tracklists, tracks) of one part after the other, no item twice; `PartMoved` where one is lost."""
    read: dict[str, pa.ChunkedArray] = {}
    """Stem → the items that were read of it."""
    ahead, before = sorted(named(), reverse=True), None
    n_tries = 0
    while ahead:
        stem = ahead[-1]
        try:
            tracklists, tracks = read_tables(store, batch_id, stem)
        except PartMoved:
            names = set(named())
            n_tries = n_tries + 1 if stem in names else 0
            if n_tries >= TRIES:
                raise
            time.sleep(PAUSE_S * n_tries)
            ahead = sorted(names - read.keys(), reverse=True)
            before = pa.chunked_array(
                [chunk for items in read.values() for chunk in items.chunks], pa.int64()
            )
            continue
        ahead.pop()
        n_tries = 0
        read[stem] = tracklists.column("item_id")
        yield (
            (tracklists, tracks)
            if before is None
            else (_without(before, tracklists), _without(before, tracks))
        )


def _good(tracklists: pa.Table, tracks: pa.Table, min_quality: float | None) -> tuple[pa.Table, pa.Table]:
    """Return the sets of a part that have a quality, with their tracks."""
    if min_quality is None:
        return tracklists, tracks
    good = tracklists.filter(pc.greater_equal(tracklists.column("quality"), min_quality))
    return good, tracks.filter(pc.is_in(set_number(tracks), value_set=set_number(good)))


def set_number(table: pa.Table) -> pa.ChunkedArray:
    """Return one number for an item and a set's place in it."""
    return pc.add(
        pc.multiply(table.column("item_id"), SETS_PER_ITEM), table.column("set_index").cast(pa.int64())
    )


def _without(items: pa.ChunkedArray, table: pa.Table) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table.column("item_id"), value_set=items)))
