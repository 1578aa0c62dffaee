"""Tables of sums as files, each as Parquet and as CSV, written piece by piece."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.export.csv_table import Cell, defused, lines


def write_table(pieces: Iterable[pa.Table], schema: pa.Schema, folder: Path, name: str) -> int:
    """Write ``name.parquet`` and ``name.csv`` into a folder; return the number of rows."""
    n_rows = 0
    with (
        pq.ParquetWriter(
            folder / f"{name}.parquet", schema, compression="zstd", write_page_checksum=True
        ) as parquet,
        (folder / f"{name}.csv").open("wb") as csv,
    ):
        csv.write(lines([tuple(schema.names)]))
        for piece in pieces:
            parquet.write_table(piece)
            rows = zip(*(column.to_pylist() for column in piece.columns), strict=True)
            csv.write(lines(tuple(map(_cell, row)) for row in rows))
            n_rows += piece.num_rows
    return n_rows


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return defused(value)
    return value.isoformat() if isinstance(value, date) else value
