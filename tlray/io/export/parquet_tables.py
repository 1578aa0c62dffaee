"""Sets as Parquet tables: a folder of two tables, or one file with a row a set.

Folder: ``tracklists.parquet`` and ``tracks.parquet``, columns as in `schema.py` without what only tlray's own
journal needs; ``set_number`` (1.., in the order of the export) joins them.
File: the fields of `Tracklist`, ``tracks`` a list of structs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from io import RawIOBase
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from tlray.io.results.rows import ItemKey, to_tables
from tlray.io.results.schema import TRACKLISTS, TRACKS, for_pandas
from tlray.model import Tracklist

SETS_AT_ONCE = 512
"""Sets a row group, and in memory: some 20,000 tracks, 40 MB."""

_OWN = {"batch_id", "item_id", "set_index", "fingerprint"}
_OF_SET = {"url", "site", "source_id", "set_title", "set_date", "set_djs"}
_SETS = [f for f in TRACKLISTS if f.name not in _OWN]
_ROWS = [f for f in TRACKS if f.name not in _OWN]
_NESTED = [f for f in _ROWS if f.name not in _OF_SET]
_NUMBER = pa.field("set_number", pa.int64(), nullable=False)

FOLDER_TRACKLISTS = for_pandas(pa.schema([_NUMBER, *_SETS]))
FOLDER_TRACKS = for_pandas(pa.schema([_NUMBER, *_ROWS]))
FILE = for_pandas(pa.schema([*_SETS, pa.field("tracks", pa.list_(pa.struct(_NESTED)), nullable=False)]))


def write_folder(sets: Iterable[Tracklist], folder: Path) -> list[Path]:
    """Write both tables into ``folder``, which exists; returns their paths."""
    paths = [folder / "tracklists.parquet", folder / "tracks.parquet"]
    with _writer(paths[0], FOLDER_TRACKLISTS) as set_writer, _writer(paths[1], FOLDER_TRACKS) as track_writer:
        for tracklists, tracks in _tables(sets):
            set_writer.write_table(_numbered(tracklists, FOLDER_TRACKLISTS))
            track_writer.write_table(_numbered(tracks, FOLDER_TRACKS))
    return paths


def file_chunks(sets: Iterable[Tracklist]) -> Iterator[bytes]:
    """Yield one file with a row a set, a chunk or more for each row group."""
    sink = _Chunks()
    with _writer(sink, FILE) as writer:
        for tracklists, tracks in _tables(sets):
            writer.write_table(_nested(tracklists, tracks))
            yield from sink.take()
    yield from sink.take()


class _Chunks(RawIOBase):
    """A file that keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._chunks.append(bytes(data))
        return len(data)

    def take(self) -> list[bytes]:
        taken, self._chunks = self._chunks, []
        return taken


def _tables(sets: Iterable[Tracklist]) -> Iterator[tuple[pa.Table, pa.Table]]:
    numbered = ((ItemKey("", number, ""), tracklist) for number, tracklist in enumerate(sets, 1))
    while some := list(islice(numbered, SETS_AT_ONCE)):
        yield to_tables(some)


def _numbered(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [table.column("item_id" if f.name == "set_number" else f.name) for f in schema]
    return pa.table(columns, schema=schema)


def _nested(tracklists: pa.Table, tracks: pa.Table) -> pa.Table:
    counts = Counter(tracks.column("item_id").to_pylist())
    ends = accumulate((counts[number] for number in tracklists.column("item_id").to_pylist()), initial=0)
    structs = pa.StructArray.from_arrays(
        [tracks.column(f.name).combine_chunks() for f in _NESTED], fields=_NESTED
    )
    lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), structs, type=FILE.field("tracks").type)
    return pa.table([*(tracklists.column(f.name) for f in _SETS), lists], schema=FILE)


def _writer(where: Path | _Chunks, schema: pa.Schema) -> pa.parquet.ParquetWriter:
    return pa.parquet.ParquetWriter(where, schema, compression="zstd")
