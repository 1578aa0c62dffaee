"""A part whose pages are read again: one new part with the rows of today's parsers and the same archive, staged.

Nothing is deleted here. The coordinator commits the new part in the place of the old one, then replaces the files, as after a
merge. A page in which today's parsers find no set keeps its rows, and a dead letter its reason.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, groupby, islice
from typing import NamedTuple

import pyarrow as pa

from tlray.core.catalogue.changes import compare
from tlray.core.catalogue.version import Row, Version
from tlray.io.journal.rows import PagePlace, PartRow, Revised
from tlray.io.reparse.reread import Origin, current_parsers, reread
from tlray.io.results.compaction import write_table
from tlray.io.results.part_tables import read_tables
from tlray.io.results.part_writer import StagedPart
from tlray.io.results.rows import SETS_AT_ONCE, ItemKey, from_tables, to_tables
from tlray.io.results.store import PartFile, ResultStore
from tlray.io.results.warc import ArchivedPage, iter_records, read_record
from tlray.model import Tracklist

Tables = tuple[pa.Table, pa.Table]
_AGAIN = re.compile(r"r[0-9a-f]{8}$")
RECOVERED = "recovered"
"""The kind of the change of a dead letter that has a set now."""


@dataclass(frozen=True, slots=True)
class PartWork:
    """A part to read again, and the pages of its items that do not lie beside their rows."""

    part: PartRow
    dead: Sequence[PagePlace] = ()
    """Pages in its archive that have no rows."""
    reused: Sequence[PagePlace] = ()
    """Pages in archives of other batches."""

    @property
    def has_pages(self) -> bool:
        """True if there is any page to read."""
        return bool(self.dead or self.reused) or (self.part.has_rows and self.part.has_pages)


@dataclass(slots=True)
class Reparsed:
    """The result for one part."""

    part: StagedPart | None = None
    """The new part; None if no row has changed."""
    n_pages: int = 0
    """Pages that were read."""
    n_skipped: int = 0
    """Items whose page is in no archive, or that today's parsers have read."""
    n_dead: int = 0
    """Dead letters whose page has no set now either."""
    changed: list[tuple[str, dict[str, int]]] = field(default_factory=list)
    """URL of each item that has changed, and how often each kind of change occurs."""
    kept: list[tuple[str, str]] = field(default_factory=list)
    """URL of each item that keeps its rows because its page has no set now, and the reason."""
    items: list[int] = field(default_factory=list)
    """Those with rows that have changed."""
    recovered: list[tuple[int, float]] = field(default_factory=list)
    """Dead letters that have rows now, and when each was fetched; epoch seconds."""

    def add(self, other: Reparsed) -> None:
        """Take in the result for another portion of the part."""
        self.n_pages += other.n_pages
        self.n_skipped += other.n_skipped
        self.n_dead += other.n_dead
        self.changed += other.changed
        self.kept += other.kept
        self.items += other.items
        self.recovered += other.recovered

    @property
    def revised(self) -> Revised:
        """The same, as the journal takes it."""
        return Revised(tuple(self.items), tuple(self.recovered))


class Portion(NamedTuple):
    """What was read of a part by one of several tasks."""

    result: Reparsed
    tables: dict[int, Tables]
    """The rows of each group of items, by its number in the part."""


class _Reading(NamedTuple):
    """One item of a part."""

    key: ItemKey
    old: list[Tracklist]
    """Its sets so far; none of a dead letter."""
    page: ArchivedPage | None
    """Its page; None where no archive has it."""
    origin: Origin


def next_stem(stem: str) -> str:
    """Return a new stem for the part that replaces another; a task that nobody waits for any more stages no part twice."""
    return f"{_AGAIN.sub('', stem)}r{secrets.token_hex(4)}"


def reparse_part(store: ResultStore, work: PartWork, *, changed_only: bool) -> Reparsed:
    """Read the pages of a part again, and stage its successor if rows have changed. ``changed_only``: not the pages that the
    parsers of today have read. `PartMoved` where a page of another batch is elsewhere by now."""
    return stage_portions(store, work.part, [read_portion(store, work, changed_only=changed_only)])


def n_portions(work: PartWork, at_most: int) -> int:
    """Return into how many portions a part is divided. Each looks for the pages in other archives, of all of its items."""
    return 1 if work.reused else max(1, min(at_most, -(-work.part.n_sets // SETS_AT_ONCE)))


def read_portion(
    store: ResultStore, work: PartWork, *, changed_only: bool, index: int = 0, of: int = 1
) -> Portion:
    """Read one of some portions of a part again: every ``of``-th group of its items, from the group ``index`` on."""
    done = Reparsed()
    tables: dict[int, Tables] = {}
    if changed_only and not work.dead and (n := _n_current(store, work.part)):
        done.n_skipped = 0 if index else n
        return Portion(done, tables)
    readings = _readings(store, work)
    for number in count():
        some = list(islice(readings, SETS_AT_ONCE))
        if not some:
            break
        if number % of == index:
            tables[number] = _read_some(done, some, changed_only=changed_only)
    return Portion(done, tables)


def stage_portions(store: ResultStore, part: PartRow, portions: Sequence[Portion]) -> Reparsed:
    """Join all portions of a part, and stage its successor if rows have changed."""
    done = Reparsed()
    tables: dict[int, Tables] = {}
    for portion in portions:
        done.add(portion.result)
        tables |= portion.tables
    if done.changed:
        done.part = _staged(store, part, [tables[number] for number in sorted(tables)])
    return done


def _n_current(store: ResultStore, part: PartRow) -> int:
    """Return the number of items of a part that today's parsers have read all of; 0 if there is any other."""
    names = ("item_id", "parser")
    tracklists, _ = read_tables(store, part.batch_id, part.stem, columns=names)
    items, parsers = (tracklists.column(name).unique().to_pylist() for name in names)
    return len(items) if current_parsers().issuperset(parsers) else 0


def _readings(store: ResultStore, work: PartWork) -> Iterator[_Reading]:
    """Yield each item of a part with its page, in the order of rows and pages.

    Rows and pages are in the same order, and belong together by the moment of the fetch, to the microsecond. Where the page of a
    dead letter is, the journal knows.
    """
    batch_id, stem = work.part.batch_id, work.part.stem
    dead = {place.offset: place for place in work.dead}
    items, moments = _rows_of(store, work.part)
    elsewhere = _Elsewhere(store, work.reused)
    if work.part.has_pages:
        with store.open(batch_id, stem, PartFile.ARCHIVE) as archive:
            for page in iter_records(archive, name=stem):
                if (place := dead.get(page.offset)) is not None:
                    key = ItemKey(batch_id, place.item_id, place.fingerprint)
                    origin = Origin(place.url, place.fingerprint, page.fetched_at, is_dead=True)
                    yield _Reading(key, [], page, origin)
                elif moments[page.fetched_at]:
                    for key, old in items:
                        moments[old[0].fetched_at] -= 1
                        is_it = old[0].fetched_at == page.fetched_at
                        yield (
                            _Reading(key, old, page, _origin(key, old)) if is_it else elsewhere.read(key, old)
                        )
                        if is_it:
                            break
    for key, old in items:
        yield elsewhere.read(key, old)


def _rows_of(
    store: ResultStore, part: PartRow
) -> tuple[Iterator[tuple[ItemKey, list[Tracklist]]], Counter[object]]:
    """Return the items of a part with their sets, and how many were fetched at each moment."""
    if not part.has_rows:
        return iter(()), Counter()
    tracklists, tracks = read_tables(store, part.batch_id, part.stem)
    ids, fetched_at, fingerprints = (
        tracklists.column(name).to_pylist() for name in ("item_id", "fetched_at", "fingerprint")
    )
    sets = zip(ids, fingerprints, from_tables(tracklists, tracks), strict=True)
    items = (
        (ItemKey(part.batch_id, item, fingerprint), [one for *_, one in of_item])
        for (item, fingerprint), of_item in groupby(sets, key=lambda row: row[:2])
    )
    return items, Counter(dict(zip(ids, fetched_at, strict=True)).values())


def _origin(key: ItemKey, old: list[Tracklist], *, is_reused: bool = False) -> Origin:
    return Origin(old[0].url, key.fingerprint, old[0].fetched_at, is_reused=is_reused)


class _Elsewhere:
    """Pages in the archives of other batches."""

    def __init__(self, store: ResultStore, places: Sequence[PagePlace]) -> None:
        self._store = store
        self._places = {place.item_id: place for place in places}

    def read(self, key: ItemKey, old: list[Tracklist]) -> _Reading:
        """Return an item with its page, if an archive has it."""
        place = self._places.get(key.item_id)
        if place is None:
            return _Reading(key, old, None, _origin(key, old))
        with self._store.open(place.batch_id, place.stem, PartFile.ARCHIVE) as archive:
            page = read_record(archive, place.offset, place.length, name=place.stem)
        return _Reading(key, old, page, _origin(key, old, is_reused=True))


def _read_some(done: Reparsed, some: Sequence[_Reading], *, changed_only: bool) -> Tables:
    """Read some pages; return the rows that their items have from now on, and take in what has changed."""
    rows: list[tuple[ItemKey, Tracklist]] = []
    read: list[tuple[_Reading, ArchivedPage, slice]] = []
    for reading in some:
        sets, page = reading.old, reading.page
        if page is None or (changed_only and _is_current(reading.old)):
            done.n_skipped += 1
        else:
            done.n_pages += 1
            new, reason = reread(page, reading.origin)
            if new and new != reading.old:
                sets = new
                read.append((reading, page, slice(len(rows), len(rows) + len(new))))
            elif not new and reading.old:
                done.kept.append((reading.origin.url, reason or ""))
            elif not new:
                done.n_dead += 1
        rows += [(reading.key, one) for one in sets]
    tables = to_tables(rows)
    stored = list(from_tables(*tables)) if read else []  # as they come back from a part
    for reading, page, place in read:
        new = stored[place]
        if not reading.old:
            done.changed.append((new[0].url, {RECOVERED: 1}))
            done.recovered.append((reading.key.item_id, page.fetched_at.timestamp()))
        elif new != reading.old:
            done.changed.append((reading.origin.url, _kinds(reading.old, new)))
            done.items.append(reading.key.item_id)
    return tables


def _is_current(sets: list[Tracklist]) -> bool:
    return bool(sets) and all(one.parser in current_parsers() for one in sets)


def _kinds(old: list[Tracklist], new: list[Tracklist]) -> dict[str, int]:
    """Count the changes between the sets of a page by kind."""
    kinds: dict[str, int] = {}
    for before, after in zip(old, new, strict=False):
        for change in compare(_version(before), _version(after)):
            kinds[change.kind.value] = kinds.get(change.kind.value, 0) + 1
    if len(old) != len(new):
        kinds["sets"] = abs(len(new) - len(old))
    parsers = [{one.parser for one in sets} for sets in (old, new)]
    return kinds or {"other" if parsers[0] == parsers[1] else "parser": 1}


def _version(found: Tracklist) -> Version:
    rows = [
        Row(t.artist, t.title, t.identity, t.cue_s, t.cue_precision, t.labels, t.track_id)
        for t in found.tracks
    ]
    day = None if found.date is None else found.date.isoformat()
    return Version(found.title, day, found.djs, found.parser, None, rows)


def _staged(store: ResultStore, part: PartRow, tables: list[Tables]) -> StagedPart:
    """Stage a part of these rows, with the archive of another one."""
    new_stem = next_stem(part.stem)
    tracklists, tracks = (pa.concat_tables(some) for some in zip(*tables, strict=True))
    with store.stage(part.batch_id, new_stem) as staging:
        if part.has_pages:
            with store.open(part.batch_id, part.stem, PartFile.ARCHIVE) as archive:
                shutil.copyfileobj(archive, staging.open(PartFile.ARCHIVE), 1024 * 1024)
        write_table(tracks, staging.open(PartFile.TRACKS))
        write_table(tracklists, staging.open(PartFile.TRACKLISTS))
    n_bytes, files = sum(staging.sizes.values()), tuple(staging.sizes)
    return StagedPart(new_stem, tracklists.num_rows, tracks.num_rows, n_bytes, files)
