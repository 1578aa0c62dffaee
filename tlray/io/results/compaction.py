"""Merging of many small parts into a few large ones.

`compaction_plan.plan` says which; `merge` stages one new part made of others and deletes nothing. The coordinator then

1. commits: the manifest names the new part instead of the old ones, and outcomes' archive offsets are moved,
2. replaces the files (`store.replace_parts`): the old ones are deleted, then the new one is published.

A reader of the published files misses these rows for a moment within 2; in the other order it would see them twice. After a
crash, `store.recover` with the manifest's stems goes on in the same order.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.errors import CannotFinish
from tlray.io.results.part_writer import REPEATED_COLUMNS, StagedPart
from tlray.io.results.schema import TRACKLISTS, TRACKS, completed
from tlray.io.results.store import PartFile, ResultStore, is_whole

ROW_GROUP_ROWS = 32 * 1024
"""Rows that a merged file holds together: about 10 MB of tracks in memory."""

_SCHEMAS = {PartFile.TRACKS: TRACKS, PartFile.TRACKLISTS: TRACKLISTS}


@dataclass(frozen=True, slots=True)
class Merged:
    """A staged part made of others."""

    part: StagedPart
    warc_offsets: dict[str, int]
    """By old stem: how far its archive records have moved. Without an entry, the old part had no archive."""


def merge(store: ResultStore, batch_id: str, stems: Sequence[str], new_stem: str) -> Merged:
    """Stage one part that holds all of ``stems``, in their order; on an error nothing stays."""
    kinds = _kinds_of(store, batch_id, stems)
    old = {kind: [stem for stem in stems if kind in kinds[stem]] for kind in PartFile}
    offsets: dict[str, int] = {}
    n_rows = dict.fromkeys(_SCHEMAS, 0)
    with store.stage(batch_id, new_stem) as staging:
        if old[PartFile.ARCHIVE]:
            offsets = _merge_archives(store, batch_id, old[PartFile.ARCHIVE], staging.open(PartFile.ARCHIVE))
        for kind in _SCHEMAS:
            if old[kind]:
                n_rows[kind] = _merge_tables(store, batch_id, old[kind], kind, staging.open(kind))
    n_sets, n_tracks = n_rows[PartFile.TRACKLISTS], n_rows[PartFile.TRACKS]
    files = tuple(kind for kind in PartFile if old[kind])
    return Merged(StagedPart(new_stem, n_sets, n_tracks, sum(staging.sizes.values()), files), offsets)


def _kinds_of(store: ResultStore, batch_id: str, stems: Sequence[str]) -> dict[str, set[PartFile]]:
    """Return which files each part has. Refuse to merge a part that lacks one: its rows would be lost for good."""
    kinds: dict[str, set[PartFile]] = {stem: set() for stem in stems}
    for file in store.list(batch_id):
        if file.stem in kinds and file.kind is not None:
            kinds[file.stem].add(file.kind)
    for stem, found in kinds.items():
        if not is_whole(found):
            raise CannotFinish(f"part {stem} of batch {batch_id} is lost: not all of its files are there")
    return kinds


def _merge_archives(store: ResultStore, batch_id: str, stems: Sequence[str], out: BinaryIO) -> dict[str, int]:
    """Concatenate WARC files, each a chain of gzip members; return where each of them begins."""
    offsets: dict[str, int] = {}
    for stem in stems:
        offsets[stem] = out.tell()
        with store.open(batch_id, stem, PartFile.ARCHIVE) as file:
            shutil.copyfileobj(file, out, 1024 * 1024)
    return offsets


def write_table(table: pa.Table, out: BinaryIO) -> None:
    """Write a table as merged parts are written."""
    with _writer(table.schema, out) as writer:
        writer.write_table(table, row_group_size=ROW_GROUP_ROWS)


def _writer(schema: pa.Schema, out: BinaryIO) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        out, schema, compression="zstd", compression_level=3, use_dictionary=REPEATED_COLUMNS, write_page_checksum=True
    )  # fmt: skip


def _merge_tables(
    store: ResultStore, batch_id: str, stems: Sequence[str], kind: PartFile, out: BinaryIO
) -> int:
    """Concatenate Parquet files of one kind; return the number of rows."""
    schema, n_rows = _SCHEMAS[kind], 0
    with _writer(schema, out) as writer:
        for table in _regrouped(
            table for stem in stems for table in _row_groups(store, batch_id, stem, kind)
        ):
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
            n_rows += table.num_rows
    return n_rows


def _regrouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Collect tables until they have as many rows as make a good row group."""
    waiting: list[pa.Table] = []
    n_rows = 0
    for table in tables:
        waiting.append(table)
        n_rows += table.num_rows
        if n_rows >= ROW_GROUP_ROWS:
            yield pa.concat_tables(waiting)
            waiting, n_rows = [], 0
    if waiting:
        yield pa.concat_tables(waiting)


def _row_groups(store: ResultStore, batch_id: str, stem: str, kind: PartFile) -> Iterator[pa.Table]:
    """Read a file row group by row group, by the schema of today: a column that it lacks is null."""
    schema = _SCHEMAS[kind]
    try:
        with store.open(batch_id, stem, kind) as source, pq.ParquetFile(source) as file:
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
