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

from tlray.core.model.merged import peeked
from tlray.io.results.merged_tables import MERGED_TRACKLISTS, MERGED_TRACKS, to_merged_tables
from tlray.io.results.rows import ItemKey, to_tables
from tlray.io.results.schema import TRACKLISTS, TRACKS, for_pandas
from tlray.model import Tracklist

SETS_AT_ONCE = 512
"""Sets a row group, and in memory: some 20,000 tracks, 40 MB."""

_OWN = {"batch_id", "item_id", "set_index", "fingerprint"}
_OF_SET = {"url", "site", "source_id", "set_title", "set_date", "set_djs"}
_NUMBER = pa.field("set_number", pa.int64(), nullable=False)
Tables = tuple[pa.Table, pa.Table]


class _Schemas:
    """The columns of an export."""

    def __init__(self, tracklists: pa.Schema, tracks: pa.Schema) -> None:
        self.sets = [f for f in tracklists if f.name not in _OWN]
        rows = [f for f in tracks if f.name not in _OWN]
        self.nested = [f for f in rows if f.name not in _OF_SET]
        self.folder_tracklists = for_pandas(pa.schema([_NUMBER, *self.sets]))
        self.folder_tracks = for_pandas(pa.schema([_NUMBER, *rows]))
        self.file = for_pandas(
            pa.schema([*self.sets, pa.field("tracks", pa.list_(pa.struct(self.nested)), nullable=False)])
        )


_PLAIN, _MERGED = _Schemas(TRACKLISTS, TRACKS), _Schemas(MERGED_TRACKLISTS, MERGED_TRACKS)
FOLDER_TRACKLISTS, FOLDER_TRACKS, FILE = _PLAIN.folder_tracklists, _PLAIN.folder_tracks, _PLAIN.file


def write_folder(sets: Iterable[Tracklist], folder: Path) -> list[Path]:
    """Write both tables into ``folder``, which exists; returns their paths."""
    paths = [folder / "tracklists.parquet", folder / "tracks.parquet"]
    schemas, tables = _tables(sets)
    with (
        _writer(paths[0], schemas.folder_tracklists) as set_writer,
        _writer(paths[1], schemas.folder_tracks) as track_writer,
    ):
        for tracklists, tracks in tables:
            set_writer.write_table(_numbered(tracklists, schemas.folder_tracklists))
            track_writer.write_table(_numbered(tracks, schemas.folder_tracks))
    return paths


def file_chunks(sets: Iterable[Tracklist]) -> Iterator[bytes]:
    """Yield one file with a row a set, a chunk or more for each row group."""
    sink = _Chunks()
    schemas, tables = _tables(sets)
    with _writer(sink, schemas.file) as writer:
        for tracklists, tracks in tables:
            writer.write_table(_nested(tracklists, tracks, schemas))
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


def _tables(sets: Iterable[Tracklist]) -> tuple[_Schemas, Iterator[Tables]]:
    is_merged, sets = peeked(sets)
    numbered = ((ItemKey("", number, ""), tracklist) for number, tracklist in enumerate(sets, 1))
    groups = iter(lambda: list(islice(numbered, SETS_AT_ONCE)), [])
    if is_merged:
        return _MERGED, (to_merged_tables(some) for some in groups)
    return _PLAIN, (to_tables(some) for some in groups)


def _numbered(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [table.column("item_id" if f.name == "set_number" else f.name) for f in schema]
    return pa.table(columns, schema=schema)


def _nested(tracklists: pa.Table, tracks: pa.Table, schemas: _Schemas) -> pa.Table:
    counts = Counter(tracks.column("item_id").to_pylist())
    ends = accumulate((counts[number] for number in tracklists.column("item_id").to_pylist()), initial=0)
    structs = pa.StructArray.from_arrays(
        [tracks.column(f.name).combine_chunks() for f in schemas.nested], fields=schemas.nested
    )
    schema = schemas.file
    lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), structs, type=schema.field("tracks").type)
    return pa.table([*(tracklists.column(f.name) for f in schemas.sets), lists], schema=schema)


def _writer(where: Path | _Chunks, schema: pa.Schema) -> pa.parquet.ParquetWriter:
    return pa.parquet.ParquetWriter(where, schema, compression="zstd")
