"""The newest version of every set, read from the parts: as pandas frames or as `Tracklist`\\ s.

``owner`` is the user whose batches are read; None stands for all users, of whose versions the newest counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tlray.io.catalogue import merged
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.database import opened
from tlray.io.catalogue.merged import Generation, Tables
from tlray.io.catalogue.search import EVERY, Place, Query, narrowing
from tlray.io.catalogue.version_list import StoredVersion
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.io.journal.rows import DoneRow
from tlray.io.results.done_sets import read_done
from tlray.io.results.open_store import open_store
from tlray.io.results.reader import (
    PAUSE_S,
    SETS_PER_ITEM,
    TRIES,
    iter_parts,
    manifest_of,
    set_number,
)
from tlray.io.results.rows import from_tables
from tlray.io.results.schema import TRACKLISTS, TRACKS
from tlray.io.results.store import PartMoved
from tlray.model import Tracklist

if TYPE_CHECKING:
    import pandas as pd


_LAST = 2**62
Numbers = npt.NDArray[np.int64]


def load(home: Home, query: Query = EVERY) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (tracklists, tracks) of the newest version of every set that a search finds."""
    parts = list(iter_tables(home, query=query))
    tracklists = pa.concat_tables([TRACKLISTS.empty_table(), *(lists for lists, _ in parts)])
    tracks = pa.concat_tables([TRACKS.empty_table(), *(rows for _, rows in parts)])
    del parts
    return tracklists.to_pandas(), tracks.to_pandas()


def iter_newest(home: Home, *, owner: str | None = None, query: Query = EVERY) -> Iterator[Tracklist]:
    """Yield the newest version of every set that a search finds, batch by batch and part by part."""
    for part in iter_tables(home, owner=owner, query=query):
        yield from from_tables(*part)
        del part  # before the next one is read


def read_set(home: Home, place: Place | StoredVersion) -> Tracklist:
    """Return a version of a set, from its part; `PartMoved` where that is lost."""
    for n_tried in range(TRIES):
        with open_reader(home.path) as journal:
            part = journal.part_of(place.item_id)
        try:
            sets = read_done(open_store(home), place.batch_id, [DoneRow(0, place.item_id, part)])[0]
        except PartMoved:  # it is being merged or published just now
            if n_tried == TRIES - 1:
                raise
            time.sleep(PAUSE_S * (n_tried + 1))
        else:
            if place.set_index < len(sets):
                return sets[place.set_index]
            raise PartMoved(part or "", place.batch_id)  # its page was read again, and has fewer sets now
    raise AssertionError("unreachable")


def merge_all(home: Home) -> Generation:
    """Write the newest version of every set into a few large files (`tlray.io.catalogue.merged`)."""
    position = catch_up(home).position
    return merged.write(home, iter_tables(home, until=position), position)


def iter_tables(
    home: Home, *, owner: str | None = None, until: int = _LAST, query: Query = EVERY
) -> Iterator[Tables]:
    """Yield (tracklists, tracks) of the newest versions up to a result, part by part."""
    if until == _LAST:
        catch_up(home)
    generation = merged.current(home) if owner is None else merged.NONE  # the files have those of all users
    old, new = _wanted(home, query, owner, generation.position, until)
    try:
        if len(old):
            for part in merged.read(home, generation):
                yield from _chosen(part, old)
                del part
    except merged.FilesGone:  # before the first: the files were deleted, or replaced just now
        _, new = _wanted(home, query, owner, merged.NONE.position, until)
    store = open_store(home)
    for batch_id, numbers in new:
        for part in iter_parts(store, batch_id, manifest_of(home, batch_id)):
            yield from _chosen(part, numbers)


def _chosen(part: Tables, wanted: Numbers) -> Iterator[Tables]:
    """Yield those sets of a part that are wanted, if there are any."""
    tracklists, tracks = part
    sets = _those_of(tracklists, wanted)
    if sets.num_rows == tracklists.num_rows:
        yield sets, tracks
    elif sets.num_rows:
        yield sets, _those_of(tracks, wanted)


def _wanted(
    home: Home, query: Query, owner: str | None, position: int, until: int
) -> tuple[Numbers, list[tuple[str, Numbers]]]:
    """Return the numbers of the newest versions up to a position, and those after it by batch, all sorted."""
    narrowed, values = narrowing(query, owner)
    claims = ["(:owner IS NULL AND is_newest OR owner = :owner)", "seq > :after", "seq <= :until", narrowed]
    where = " AND ".join(filter(None, claims))
    sql = f"SELECT item_id * {SETS_PER_ITEM} + set_index FROM sets WHERE {where}"
    values |= {"owner": owner}
    with opened(home) as db:
        db.execute("BEGIN")  # a set that changes meanwhile is in one of the two
        old = _numbers(db, sql, values | {"after": -1, "until": position})
        values |= {"after": position, "until": until}
        found = [
            (batch_id, _numbers(db, f"{sql} AND batch = :batch", values | {"batch": batch}))
            for batch, batch_id in db.execute(
                "SELECT number, batch_id FROM batches WHERE ?1 IS NULL OR owner = ?1 ORDER BY number",
                (owner,),
            ).fetchall()
        ]
        db.execute("ROLLBACK")
    return old, [(batch_id, numbers) for batch_id, numbers in found if len(numbers)]


def _numbers(db: Connection, sql: str, values: dict[str, Any]) -> Numbers:
    found: Numbers = np.sort(np.fromiter((number for (number,) in db.execute(sql, values)), np.int64))
    return found


def _those_of(table: pa.Table, wanted: Numbers) -> pa.Table:
    numbers = set_number(table).to_numpy()
    places = np.minimum(np.searchsorted(wanted, numbers), len(wanted) - 1)
    claims = wanted[places] == numbers
    return table if claims.all() else table.filter(pa.array(claims))
