"""The newest version of every set, merged: a row a performance (`tlray.core.linking.merge`).

Sets that are linked wait in a temporary file for the last one of their group, so that memory stays flat.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, NamedTuple

import pyarrow as pa

from tlray.core.linking.merge import merge
from tlray.core.model.merged import MergedTracklist
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.database import opened, place_of
from tlray.io.catalogue.merged import Tables
from tlray.io.catalogue.newest import iter_tables, read_set
from tlray.io.catalogue.newest import load as load_newest
from tlray.io.catalogue.performances import all_groups
from tlray.io.catalogue.search import EVERY, Place, Query
from tlray.io.disk.durable import disk_errors
from tlray.io.disk.home import Home
from tlray.io.results.merged_tables import MERGED_TRACKLISTS, MERGED_TRACKS, to_merged_tables
from tlray.io.results.open_store import open_store
from tlray.io.results.reader import SETS_PER_ITEM, good_parts, manifest_of
from tlray.io.results.rows import SETS_AT_ONCE, ItemKey, from_tables
from tlray.model import Tracklist

if TYPE_CHECKING:
    import pandas as pd


class _Source(NamedTuple):
    """One set of a performance."""

    name: str
    key: ItemKey
    tracklist: Tracklist


def read_merged(home: Home, places: list[Place]) -> tuple[MergedTracklist, Place]:
    """Return the performance of some sets, and the place of its first source."""
    merged = merge([(place.name, read_set(home, place)) for place in places])
    return merged, next(place for place in places if place.name == merged.merged_from[0])


def iter_merged(
    home: Home, *, min_quality: float | None = None, owner: str | None = None
) -> Iterator[MergedTracklist]:
    """Yield every performance once, when the last of its sources is read; of a user's sets, or of all newest ones."""
    for _, merged in _performances(home, min_quality, owner):
        yield merged


def tables_of(
    home: Home, batch_id: str | None, *, min_quality: float | None = None, merged: bool = False
) -> Iterator[Tables]:
    """Yield (tracklists, tracks) of a batch, or of all newest versions, in pieces; ``merged``: each performance once."""
    if batch_id is not None:
        return good_parts(open_store(home), batch_id, manifest_of(home, batch_id), min_quality=min_quality)
    return (
        _merged_tables(home, min_quality)
        if merged
        else iter_tables(home, query=Query(min_quality=min_quality))
    )


def _merged_tables(home: Home, min_quality: float | None) -> Iterator[Tables]:
    found = _performances(home, min_quality)
    while some := list(islice(found, SETS_AT_ONCE)):
        yield to_merged_tables(some)


def load(home: Home, query: Query = EVERY, *, merged: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (tracklists, tracks) of the newest version of every set that is found; ``merged``: with a row a performance."""
    if not merged:
        return load_newest(home, query)
    query.require_performances()
    tables = [
        (MERGED_TRACKLISTS.empty_table(), MERGED_TRACKS.empty_table()),
        *_merged_tables(home, query.min_quality),
    ]
    tracklists, tracks = (pa.concat_tables(kind) for kind in zip(*tables, strict=True))
    return tracklists.to_pandas(), tracks.to_pandas()


def _performances(
    home: Home, min_quality: float | None, owner: str | None = None
) -> Iterator[tuple[ItemKey, MergedTracklist]]:
    catch_up(home)
    names, group_of = _known(home, owner)
    folder = place_of(home).parent
    with TemporaryFile(dir=folder) as file:
        waiting = _Waiting(file, folder)
        for number, source in _sources(home, owner):
            named = source._replace(name=names.get(number, source.name))
            group = group_of.get(number)
            sources = [named] if group is None else waiting.add(group, named)
            yield from _made(sources, min_quality)
        for sources in waiting.rest():  # one of the others has changed just now
            yield from _made(sources, min_quality)


def _made(sources: list[_Source], min_quality: float | None) -> Iterator[tuple[ItemKey, MergedTracklist]]:
    if sources:
        merged = merge([(source.name, source.tracklist) for source in sources])
        if min_quality is None or (merged.quality or 0.0) >= min_quality:
            yield next(source.key for source in sources if source.name == merged.merged_from[0]), merged


def _known(home: Home, owner: str | None = None) -> tuple[dict[int, str], dict[int, list[int]]]:
    """Return the names of sets that are not named by their id alone, and the groups, by the numbers that parts have."""
    number = f"item_id * {SETS_PER_ITEM} + set_index"
    seen = "(?1 IS NULL AND is_newest OR owner = ?1)"
    with opened(home) as db:
        db.execute("BEGIN")
        names = dict(
            db.execute(
                f"SELECT {number}, site || ':' || source_id FROM sets WHERE {seen} AND set_index > 0",
                (owner,),
            ).fetchall()
        )
        groups = all_groups(db, owner)
        group_of = {
            n: groups[set_id]
            for n, set_id in db.execute(f"SELECT {number}, id FROM sets WHERE {seen}", (owner,))
            if set_id in groups
        }
        db.execute("ROLLBACK")
    return names, group_of


def _sources(home: Home, owner: str | None) -> Iterator[tuple[int, _Source]]:
    """Yield the newest version of every set, with its number."""
    for tracklists, tracks in iter_tables(home, owner=owner):
        keys = (
            tracklists.column(name).to_pylist()
            for name in ("batch_id", "item_id", "fingerprint", "set_index")
        )
        for key, found in zip(zip(*keys, strict=True), from_tables(tracklists, tracks), strict=True):
            item = ItemKey(*key)
            yield (
                item.item_id * SETS_PER_ITEM + (item.set_index or 0),
                _Source(f"{found.site}:{found.source_id or item.fingerprint}", item, found),
            )


class _Waiting:
    """Sets of performances whose other sets were not read yet."""

    def __init__(self, file: IO[bytes], folder: Path) -> None:
        self._file, self._folder = file, folder
        self._end = 0
        self._places: dict[int, list[tuple[int, int]]] = {}
        """The first set of a group → where the file has those that wait, in the order of their groups."""

    def add(self, group: list[int], source: _Source) -> list[_Source]:
        """Add a set; return all of its group where it was the last one."""
        places = self._places.setdefault(group[0], [])
        if len(places) + 1 == len(group):
            return [*self._read(self._places.pop(group[0])), source]
        packed = zlib.compress(pickle.dumps(source), 1)
        with disk_errors(self._folder):
            self._file.seek(self._end)
            self._file.write(packed)
        places.append((self._end, len(packed)))
        self._end += len(packed)
        return []

    def rest(self) -> Iterator[list[_Source]]:
        """Yield those that still wait, group by group."""
        for places in self._places.values():
            yield self._read(places)

    def _read(self, places: list[tuple[int, int]]) -> list[_Source]:
        found = []
        for begin, size in places:
            with disk_errors(self._folder):
                self._file.seek(begin)
            found.append(pickle.loads(zlib.decompress(self._file.read(size))))  # noqa: S301 - our own file
        return found
