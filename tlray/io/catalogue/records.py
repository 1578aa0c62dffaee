"""The sets of some results, read from their parts with only the columns that the catalogue needs."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa

from tlray.errors import CannotFinish
from tlray.io.catalogue.content import Content
from tlray.io.journal.reader import JournalReader
from tlray.io.results.part_tables import read_tables
from tlray.io.results.rows import runs_of
from tlray.io.results.store import PartMoved, ResultStore

logger = logging.getLogger(__name__)
TRIES: Final = 5
"""How often a part is looked for that was just merged, moved or published …"""
PAUSE_S: Final = 0.05
"""… and how long is waited after the first time; each time longer."""
_OF_SET: Final = (
    "item_id", "set_index", "fingerprint", "url", "site", "source_id", "title", "date", "djs", "sources", "quality",
    "quality_issues", "track_count", "identified_count", "cued_count", "parser", "fetched_at",
)  # fmt: skip
_OF_ROW: Final = ("artist", "title", "identity", "cue_s", "cue_precision", "labels", "track_id")
"""In the order of `tlray.core.catalogue.version.Row`."""
_MOVED: Final = "it is not in its part"
COLUMNS: Final = frozenset((*_OF_SET, *_OF_ROW))


class Result(NamedTuple):
    """One item that succeeded."""

    seq: int
    batch: int
    batch_id: str
    owner: str
    item_id: int
    part: str | None
    is_revision: bool = False
    """True if the page was read again from the archive."""


class Record(NamedTuple):
    """One set of a result."""

    site: str
    source_id: str
    set_index: int
    url: str
    quality: float | None
    issues: list[str]
    track_count: int
    identified_count: int
    cued_count: int
    parser: str
    fetched_at: float | None
    content: Content


def read_records(
    journal: JournalReader, store: ResultStore, results: Sequence[Result]
) -> dict[int, list[Record] | str]:
    """Return the sets of each result by its number, in their order; where they cannot be read, why."""
    found: dict[int, list[Record] | str] = {}
    for n_tried in range(TRIES):
        missing = [result for result in results if found.get(result.seq, _MOVED) == _MOVED]
        if n_tried and missing:
            time.sleep(PAUSE_S * n_tried)
            missing = [
                result._replace(part=journal.part_of(result.item_id)) for result in missing
            ]  # parts are merged
        by_part: defaultdict[tuple[str, str], list[Result]] = defaultdict(list)
        for result in missing:
            by_part[result.batch_id, result.part or ""].append(result)
        for (batch_id, stem), of_part in by_part.items():
            found |= _read_part(store, batch_id, stem, of_part)
    return found


def _read_part(
    store: ResultStore, batch_id: str, stem: str, results: Sequence[Result]
) -> dict[int, list[Record] | str]:
    if not stem:
        return dict.fromkeys((result.seq for result in results), _MOVED)
    try:
        items = {result.item_id for result in results}
        tracklists, tracks = read_tables(store, batch_id, stem, item_ids=items, columns=COLUMNS)
    except PartMoved:
        return dict.fromkeys((result.seq for result in results), _MOVED)
    except CannotFinish as error:
        if type(error) is not CannotFinish:  # the storage is away, not the part
            raise
        logger.warning("part not in the catalogue why=%s", error)
        return dict.fromkeys((result.seq for result in results), str(error))
    records: defaultdict[int, list[Record]] = defaultdict(list)
    for item_id, record in _records(tracklists, tracks):
        records[item_id].append(record)
    return {result.seq: records.get(result.item_id) or _MOVED for result in results}


def _records(tracklists: pa.Table, tracks: pa.Table) -> Iterator[tuple[int, Record]]:
    runs = runs_of(tracks)
    columns = [tracks.column(name).to_pylist() for name in _OF_ROW]
    seen: set[tuple[int, str, str]] = set()
    rows = zip(*(_column(tracklists, name) for name in _OF_SET), strict=True)
    for item, index, fingerprint, url, site, source_id, title, date, djs, sources, *values in rows:
        own = runs.get((item, index), ())
        if isinstance(own, range):
            of_rows = [column[own.start : own.stop] for column in columns]
        else:
            of_rows = [[column[n] for n in own] for column in columns]
        key = source_id or fingerprint
        if (item, site, key) in seen:  # a page with several sets of one id
            key = f"{key}#{index + 1}"
        seen.add((item, site, key))
        content = [title, None if date is None else date.isoformat(), djs, sources, site, *of_rows]
        yield item, Record._make((site, key, index, url, *values, content))


def _column(table: pa.Table, name: str) -> list[Any]:
    column = table.column(name)
    if name == "fetched_at":
        return [None if us is None else us / 1e6 for us in column.cast(pa.int64()).to_pylist()]
    found: list[Any] = column.to_pylist()
    return found
