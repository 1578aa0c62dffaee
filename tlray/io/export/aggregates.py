"""Tables of sums as files, each as Parquet and as CSV, written piece by piece."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.export.csv_table import cell, defused


def write_table(pieces: Iterable[pa.Table], schema: pa.Schema, folder: Path, name: str) -> int:
    """Write ``name.parquet`` and ``name.csv`` into a folder; return the number of rows."""
    n_rows = 0
    with (
        pq.ParquetWriter(
            folder / f"{name}.parquet", schema, compression="zstd", write_page_checksum=True
        ) as parquet,
        (folder / f"{name}.csv").open("wb") as csv,
    ):
        csv.write(f"{','.join(schema.names)}\r\n".encode())
        for piece in pieces:
            parquet.write_table(piece)
            rows = zip(*map(_cells, piece.columns), strict=True)
            csv.write("".join(f"{','.join(row)}\r\n" for row in rows).encode())
            n_rows += piece.num_rows
    return n_rows


def _cells(column: pa.ChunkedArray) -> list[str]:
    """Return a column as cells of CSV."""
    values = column.to_pylist()
    if column.type == pa.string():
        return [cell(defused(text)) for text in values]
    return ["" if value is None else str(value) for value in values]
