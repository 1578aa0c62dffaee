"""The newest version of every set, read from the parts: as pandas frames or as `Tracklist`\\ s."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.database import opened
from tlray.io.catalogue.search import Place
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.io.results.done_sets import read_done
from tlray.io.results.open_store import open_store
from tlray.io.results.reader import PAUSE_S, SETS_PER_ITEM, TRIES, iter_parts, manifest_of, set_number
from tlray.io.results.rows import from_tables
from tlray.io.results.schema import TRACKLISTS, TRACKS
from tlray.io.results.store import PartMoved
from tlray.model import Tracklist

if TYPE_CHECKING:
    import pandas as pd


Numbers = npt.NDArray[np.int64]


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


def read_set(home: Home, place: Place) -> Tracklist:
    """Return the newest version of a set, from its part; `PartMoved` where that is lost."""
    for n_tried in range(TRIES):
        with open_reader(home.path) as journal:
            batch = journal.batch(place.batch_id)
            done = journal.results_after(batch.id, after=place.seq - 1, limit=1)
        try:
            return read_done(open_store(home), place.batch_id, done)[0][place.set_index]
        except PartMoved:  # it is being merged or published just now
            if n_tried == TRIES - 1:
                raise
            time.sleep(PAUSE_S * (n_tried + 1))
    raise AssertionError("unreachable")


def _parts(home: Home, min_quality: float | None) -> Iterator[tuple[pa.Table, pa.Table]]:
    store = open_store(home)
    for batch_id, wanted in _wanted(home, min_quality):
        for tracklists, tracks in iter_parts(store, batch_id, manifest_of(home, batch_id)):
            sets = _those_of(tracklists, wanted)
            if sets.num_rows == tracklists.num_rows:
                yield sets, tracks
            elif sets.num_rows:
                yield sets, _those_of(tracks, wanted)


def _wanted(home: Home, min_quality: float | None) -> list[tuple[str, Numbers]]:
    """Return each batch that has newest versions, with the numbers of these, sorted."""
    catch_up(home)
    with opened(home) as db:
        batches = db.execute("SELECT number, batch_id FROM batches ORDER BY number").fetchall()
        found = [
            (batch_id, np.fromiter((number for (number,) in rows), np.int64))
            for batch, batch_id in batches
            for rows in [
                db.execute(
                    f"SELECT item_id * {SETS_PER_ITEM} + set_index FROM sets"
                    " WHERE batch = ?1 AND is_newest AND (?2 IS NULL OR quality >= ?2)",
                    (batch, min_quality),
                )
            ]
        ]
    return [(batch_id, np.sort(numbers)) for batch_id, numbers in found if len(numbers)]


def _those_of(table: pa.Table, wanted: Numbers) -> pa.Table:
    numbers = set_number(table).to_numpy()
    places = np.minimum(np.searchsorted(wanted, numbers), len(wanted) - 1)
    claims = wanted[places] == numbers
    return table if claims.all() else table.filter(pa.array(claims))
