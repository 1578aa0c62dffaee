"""Merging of many small parts into a few large ones.

`merge_plan.plan` says which; `merge` stages one new part out of published ones and takes nothing away. The coordinator
then

1. commits: the manifest names the new part instead of the old ones, and outcomes' archive offsets are moved,
2. puts it in their place (`part_files.take_the_place`): the old ones are removed, then the new one is published.

Within 2 who lists the folder misses these rows for a moment; the other way round they would be there twice. After a
crash, `part_files.recover` with the manifest's stems ends what was begun, in the same order.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.errors import CannotFinish
from tlray.io.disk.durable import disk_errors, make_folder, sync_folder
from tlray.io.disk.home import Home
from tlray.io.results.part_files import Piece, discard, is_whole, published_file, staged_file, staging
from tlray.io.results.part_writer import REPEATED_COLUMNS, StagedPart
from tlray.io.results.schema import TRACKLISTS, TRACKS, completed

ROW_GROUP_ROWS = 32 * 1024
"""Rows that a merged file holds together: about 10 MB of tracks in memory."""

_SCHEMAS = {Piece.TRACKS: TRACKS, Piece.TRACKLISTS: TRACKLISTS}


@dataclass(frozen=True, slots=True)
class Merged:
    """A staged part made of others."""

    part: StagedPart
    warc_offsets: dict[str, int]
    """By old stem: how far its archive records have moved. Not there: the old part had no archive."""


def merge(home: Home, batch_id: str, stems: Sequence[str], new_stem: str) -> Merged:
    """Stage one part that holds all of ``stems``, in their order; leaves nothing behind where that fails."""
    with disk_errors(home.path):
        _check_whole(home, batch_id, stems)
        make_folder(staging(home, batch_id), below=home.path)
        try:
            offsets = _merge_archives(home, batch_id, stems, new_stem)
            n_rows = {piece: _merge_tables(home, batch_id, stems, new_stem, piece) for piece in _SCHEMAS}
            sync_folder(staging(home, batch_id))
        except BaseException:
            discard(home, batch_id, new_stem)
            raise
        files = tuple(piece for piece in Piece if staged_file(home, batch_id, new_stem, piece).exists())
        n_bytes = sum(staged_file(home, batch_id, new_stem, piece).stat().st_size for piece in files)
    n_sets, n_tracks = n_rows[Piece.TRACKLISTS], n_rows[Piece.TRACKS]
    return Merged(StagedPart(new_stem, n_sets, n_tracks, n_bytes, files), offsets)


def _check_whole(home: Home, batch_id: str, stems: Sequence[str]) -> None:
    """Refuse to merge a part of which something is missing: its rows would be lost for good."""
    for stem in stems:
        there = {piece for piece in Piece if published_file(home, batch_id, stem, piece).exists()}
        if not is_whole(there):
            raise CannotFinish(f"part {stem} of batch {batch_id} is lost: its files are not in {home.path}")


def _merge_archives(home: Home, batch_id: str, stems: Sequence[str], new_stem: str) -> dict[str, int]:
    """Concatenate WARC files, each a chain of gzip members; return where each of them begins."""
    old = _pieces(home, batch_id, stems, Piece.ARCHIVE)
    offsets: dict[str, int] = {}
    if not old:
        return offsets
    with staged_file(home, batch_id, new_stem, Piece.ARCHIVE).open("wb") as writer:
        for stem, path in old.items():
            offsets[stem] = writer.tell()
            with path.open("rb") as reader:
                shutil.copyfileobj(reader, writer, 1024 * 1024)
        writer.flush()
        os.fsync(writer.fileno())
    return offsets


def _merge_tables(home: Home, batch_id: str, stems: Sequence[str], new_stem: str, piece: Piece) -> int:
    """Concatenate Parquet files of one piece; return the number of rows."""
    old = _pieces(home, batch_id, stems, piece)
    if not old:
        return 0
    schema, n_rows = _SCHEMAS[piece], 0
    with staged_file(home, batch_id, new_stem, piece).open("wb") as file:
        with pq.ParquetWriter(
            file, schema, compression="zstd", compression_level=3, use_dictionary=REPEATED_COLUMNS,
            write_page_checksum=True,
        ) as writer:  # fmt: skip
            for table in _regrouped(old, schema):
                writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
                n_rows += table.num_rows
        file.flush()
        os.fsync(file.fileno())
    return n_rows


def _regrouped(old: dict[str, Path], schema: pa.Schema) -> Iterator[pa.Table]:
    """Read row groups one at a time, and hand on as many rows as make a good one."""
    waiting: list[pa.Table] = []
    n_rows = 0
    for stem, path in old.items():
        for table in _row_groups(path, stem, schema):
            waiting.append(table)
            n_rows += table.num_rows
            if n_rows >= ROW_GROUP_ROWS:
                yield pa.concat_tables(waiting)
                waiting, n_rows = [], 0
    if waiting:
        yield pa.concat_tables(waiting)


def _row_groups(path: Path, stem: str, schema: pa.Schema) -> Iterator[pa.Table]:
    """Read a file row group by row group, by the schema of today: a column that it lacks is null."""
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                columns = [
                    table.column(field.name).cast(field.type)
                    if field.name in table.column_names
                    else pa.nulls(table.num_rows, field.type)
                    for field in schema
                ]
                yield completed(pa.Table.from_arrays(columns, schema=schema))
    except pa.ArrowException as error:
        raise CannotFinish(f"part {stem} is damaged: {error}") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise CannotFinish(f"part {stem} is damaged: {error}") from error  # Arrow's way to say so


def _pieces(home: Home, batch_id: str, stems: Sequence[str], piece: Piece) -> dict[str, Path]:
    """Return those of the old files that there are."""
    files = {stem: published_file(home, batch_id, stem, piece) for stem in stems}
    return {stem: path for stem, path in files.items() if path.exists()}
