"""A part whose pages are read again: one new part with the rows of today's parsers and the same archive, staged.

Nothing is deleted here. The coordinator commits the new part in the place of the old one, then replaces the files, as after a
merge. A page in which today's parsers find no set keeps its rows.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

import pyarrow as pa

from tlray.core.catalogue.changes import compare
from tlray.core.catalogue.version import Row, Version
from tlray.io.reparse.reread import current_parsers, reread
from tlray.io.results.compaction import write_table
from tlray.io.results.part_tables import read_tables
from tlray.io.results.part_writer import StagedPart
from tlray.io.results.rows import SETS_AT_ONCE, ItemKey, from_tables, to_tables
from tlray.io.results.store import PartFile, ResultStore
from tlray.io.results.warc import ArchivedPage, iter_records
from tlray.model import Tracklist

Item = tuple[ItemKey, list[Tracklist]]
_AGAIN = re.compile(r"r[0-9a-f]{8}$")


@dataclass(slots=True)
class Reparsed:
    """The result for one part."""

    part: StagedPart | None = None
    """The new part; None if no row has changed."""
    n_pages: int = 0
    """Pages that were read."""
    n_skipped: int = 0
    """Items whose page lies in another part, or that today's parsers have read."""
    changed: list[tuple[str, dict[str, int]]] = field(default_factory=list)
    """URL of each item that has changed, and how often each kind of change occurs."""
    kept: list[tuple[str, str]] = field(default_factory=list)
    """URL of each item that keeps its rows because its page has no set now, and the reason."""


def next_stem(stem: str) -> str:
    """Return a new stem for the part that replaces another; a task that nobody waits for any more stages no part twice."""
    return f"{_AGAIN.sub('', stem)}r{secrets.token_hex(4)}"


def reparse_part(store: ResultStore, batch_id: str, stem: str, *, changed_only: bool) -> Reparsed:
    """Read the pages of a part again, and stage its successor if rows have changed. ``changed_only``: not the pages that the
    parsers of today have read."""
    done = Reparsed()
    tables: list[tuple[pa.Table, pa.Table]] = []
    rows: list[tuple[ItemKey, Tracklist]] = []
    for (key, old), page in _paired(store, batch_id, stem):
        if page is None or (changed_only and all(one.parser in current_parsers() for one in old)):
            done.n_skipped += 1
            sets = old
        else:
            done.n_pages += 1
            sets = _chosen(done, key, old, *reread(page, old, key.fingerprint))
        rows += [(key, one) for one in sets]
        if len(rows) >= SETS_AT_ONCE:
            tables.append(to_tables(rows))
            rows = []
    if done.changed:
        tables.append(to_tables(rows))
        done.part = _staged(store, batch_id, stem, tables)
    return done


def _paired(store: ResultStore, batch_id: str, stem: str) -> Iterator[tuple[Item, ArchivedPage | None]]:
    """Yield each item of a part with its page; None where the page is in another part, as of a result that was reused.

    Rows and pages are in the same order, and belong together by the moment of the fetch, to the microsecond. Pages of dead
    letters have no rows.
    """
    tracklists, tracks = read_tables(store, batch_id, stem)
    ahead = set(tracklists.column("fetched_at").to_pylist())
    items = _items(batch_id, tracklists, tracks)
    with store.open(batch_id, stem, PartFile.ARCHIVE) as archive:
        for page in iter_records(archive, name=stem):
            if page.fetched_at not in ahead:
                continue
            for item in items:
                moment = item[1][0].fetched_at
                ahead.discard(moment)
                is_it = moment == page.fetched_at
                yield item, page if is_it else None
                if is_it:
                    break
    yield from ((item, None) for item in items)


def _items(batch_id: str, tracklists: pa.Table, tracks: pa.Table) -> Iterator[Item]:
    """Yield each item of a part with its sets."""
    keys = zip(
        tracklists.column("item_id").to_pylist(), tracklists.column("fingerprint").to_pylist(), strict=True
    )
    sets = zip(keys, from_tables(tracklists, tracks), strict=True)
    for (item, fingerprint), of_item in groupby(sets, key=lambda pair: pair[0]):
        yield ItemKey(batch_id, item, fingerprint), [one for _, one in of_item]


def _chosen(
    done: Reparsed, key: ItemKey, old: list[Tracklist], new: list[Tracklist], reason: str | None
) -> list[Tracklist]:
    """Return the sets that an item has from now on, and take in what has changed."""
    if not new:
        done.kept.append((old[0].url, reason or ""))
        return old
    stored = list(from_tables(*to_tables([(key, one) for one in new])))  # as they come back from a part
    if stored == old:
        return old
    kinds: dict[str, int] = {}
    for before, after in zip(old, stored, strict=False):
        for change in compare(_version(before), _version(after)):
            kinds[change.kind.value] = kinds.get(change.kind.value, 0) + 1
    if len(old) != len(stored):
        kinds["sets"] = abs(len(stored) - len(old))
    done.changed.append((old[0].url, kinds or {"other": 1}))
    return new


def _version(found: Tracklist) -> Version:
    rows = [
        Row(t.artist, t.title, t.identity, t.cue_s, t.cue_precision, t.labels, t.track_id)
        for t in found.tracks
    ]
    day = None if found.date is None else found.date.isoformat()
    return Version(found.title, day, found.djs, found.parser, None, rows)


def _staged(
    store: ResultStore, batch_id: str, stem: str, tables: list[tuple[pa.Table, pa.Table]]
) -> StagedPart:
    new_stem = next_stem(stem)
    tracklists, tracks = (pa.concat_tables(some) for some in zip(*tables, strict=True))
    with store.stage(batch_id, new_stem) as staging:
        with store.open(batch_id, stem, PartFile.ARCHIVE) as archive:
            shutil.copyfileobj(archive, staging.open(PartFile.ARCHIVE), 1024 * 1024)
        write_table(tracks, staging.open(PartFile.TRACKS))
        write_table(tracklists, staging.open(PartFile.TRACKLISTS))
    n_bytes = sum(staging.sizes.values())
    return StagedPart(new_stem, tracklists.num_rows, tracks.num_rows, n_bytes, tuple(PartFile))
