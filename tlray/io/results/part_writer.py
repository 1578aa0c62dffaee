"""The contents of a part, staged: two Parquet files and a WARC file, or those of them that it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.io.results.rows import ItemKey, to_tables
from tlray.io.results.store import PartFile, ResultStore
from tlray.model import Tracklist

REPEATED_COLUMNS = [
    *("batch_id", "item_id", "set_index", "site", "parser", "kind", "identity", "section"),
    # of the set, on each of its tracks
    *("url", "source_id", "set_title", "set_date", "set_djs.list.element", "genres.list.element"),
]
"""Columns whose values stand on many rows, and so gain by a dictionary; on the others it is wasted time."""

_WRITE_OPTIONS: dict[str, Any] = {
    "compression": "snappy",  # zstd takes a third more time; compaction uses it
    "use_dictionary": REPEATED_COLUMNS,
    "write_statistics": False,
    "write_page_checksum": True,  # `tlray audit` checks them; 2 µs a page
}


@dataclass(frozen=True, slots=True)
class StagedPart:
    """A part that was staged, as the manifest should name it."""

    stem: str
    n_sets: int
    n_tracks: int
    n_bytes: int
    files: tuple[PartFile, ...]
    """No Parquet without sets, no archive without pages."""


def stage(
    store: ResultStore, batch_id: str, stem: str, rows: Sequence[tuple[ItemKey, Tracklist]], warc: bytes
) -> StagedPart:
    """Stage a part: the rows of sets, and an archive of pages."""
    contents: dict[PartFile, bytes | memoryview] = {PartFile.ARCHIVE: warc} if warc else {}
    n_tracks = 0
    if rows:
        tracklists, tracks = to_tables(rows)
        n_tracks = tracks.num_rows
        contents[PartFile.TRACKS] = _parquet(tracks)
        contents[PartFile.TRACKLISTS] = _parquet(tracklists)
    with store.stage(batch_id, stem) as staging:
        for kind, content in contents.items():
            staging.open(kind).write(content)
    return StagedPart(stem, len(rows), n_tracks, sum(staging.sizes.values()), tuple(contents))


def _parquet(table: pa.Table) -> memoryview:
    """Return a table as a Parquet file in memory."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **_WRITE_OPTIONS)
    return memoryview(sink.getvalue())
