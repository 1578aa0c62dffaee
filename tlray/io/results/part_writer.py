"""How do results get to disk? The contents of a part, staged: two Parquet files and a WARC file, whichever it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.io.disk.durable import disk_errors, make_folder, sync_folder, write_file
from tlray.io.disk.home import Home
from tlray.io.results.part_files import Piece, discard, staged_file, staging
from tlray.io.results.rows import ItemKey, to_tables
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
    """What was staged, as the manifest should name it."""

    stem: str
    n_sets: int
    n_tracks: int
    n_bytes: int
    files: tuple[Piece, ...]
    """The pieces it has: no Parquet without sets, no archive without pages."""


def stage(
    home: Home, batch_id: str, stem: str, rows: Sequence[tuple[ItemKey, Tracklist]], warc: bytes
) -> StagedPart:
    """Write a part where nobody sees it, and make it durable; leaves nothing behind where that fails."""
    contents: dict[Piece, bytes | memoryview] = {Piece.ARCHIVE: warc} if warc else {}
    n_tracks = 0
    if rows:
        tracklists, tracks = to_tables(rows)
        n_tracks = tracks.num_rows
        contents[Piece.TRACKS] = _parquet(tracks)
        contents[Piece.TRACKLISTS] = _parquet(tracklists)
    with disk_errors(home.path):
        make_folder(staging(home, batch_id), below=home.path)
        try:
            for piece, content in contents.items():
                write_file(staged_file(home, batch_id, stem, piece), content)
            sync_folder(staging(home, batch_id))
        except BaseException:
            discard(home, batch_id, stem)
            raise
    return StagedPart(stem, len(rows), n_tracks, sum(map(len, contents.values())), tuple(contents))


def _parquet(table: pa.Table) -> memoryview:
    """Return a table as a Parquet file in memory, which is then written and synced like any other."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **_WRITE_OPTIONS)
    return memoryview(sink.getvalue())
