"""The newest version of every set, read from the parts: as pandas frames or as `Tracklist`\\ s."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.database import opened
from tlray.io.disk.home import Home
from tlray.io.results.open_store import open_store
from tlray.io.results.reader import iter_parts, manifest_of
from tlray.io.results.rows import from_tables
from tlray.io.results.schema import TRACKLISTS, TRACKS
from tlray.model import Tracklist

if TYPE_CHECKING:
    import pandas as pd

_PER_ITEM = 2**16
"""A page has fewer sets. An item and a set's place in it are one number: item × this + place."""


def load(home: Home, *, min_quality: float | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (tracklists, tracks) of the newest version of every set."""
    parts = list(_parts(home, min_quality))
    tracklists = pa.concat_tables([TRACKLISTS.empty_table(), *(lists for lists, _ in parts)])
    tracks = pa.concat_tables([TRACKS.empty_table(), *(rows for _, rows in parts)])
    del parts
    return tracklists.to_pandas(), tracks.to_pandas()


def iter_newest(home: Home, *, min_quality: float | None = None) -> Iterator[Tracklist]:
    """Yield the newest version of every set, batch by batch and part by part."""
    for tracklists, tracks in _parts(home, min_quality):
        yield from from_tables(tracklists, tracks)


def _parts(home: Home, min_quality: float | None) -> Iterator[tuple[pa.Table, pa.Table]]:
    store = open_store(home)
    for batch_id, wanted in _wanted(home, min_quality):
        for tracklists, tracks in iter_parts(store, batch_id, manifest_of(home, batch_id)):
            sets = _those_of(tracklists, wanted)
            if sets.num_rows == tracklists.num_rows:
                yield sets, tracks
            elif sets.num_rows:
                yield sets, _those_of(tracks, wanted)


def _wanted(home: Home, min_quality: float | None) -> list[tuple[str, pa.Array]]:
    """Return each batch that has newest versions, with the numbers of these."""
    catch_up(home)
    found: dict[str, list[int]] = {}
    with opened(home) as db:
        rows = db.execute(
            f"SELECT b.batch_id, s.item_id * {_PER_ITEM} + s.set_index FROM sets s JOIN batches b ON b.number = s.batch"
            " WHERE s.is_newest AND (?1 IS NULL OR s.quality >= ?1) ORDER BY s.batch, s.item_id",
            (min_quality,),
        )
        for batch_id, number in rows:
            found.setdefault(batch_id, []).append(number)
    return [(batch_id, pa.array(numbers, pa.int64())) for batch_id, numbers in found.items()]


def _those_of(table: pa.Table, wanted: pa.Array) -> pa.Table:
    numbers = pc.add(
        pc.multiply(table.column("item_id"), _PER_ITEM), table.column("set_index").cast(pa.int64())
    )
    claims = pc.is_in(numbers, value_set=wanted)
    return table if pc.all(claims).as_py() else table.filter(claims)
