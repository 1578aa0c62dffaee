"""Changes as an Arrow table, and as a Parquet file: a row a change, the columns written out and never inferred."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.io.catalogue.catch_up import ask
from tlray.io.catalogue.change_list import NAMES, changes, start_of
from tlray.io.disk.home import Home
from tlray.io.results.schema import COUNT, MOMENT, SECONDS, TEXT, for_pandas

_TYPES: Final[dict[str, Any]] = {
    "index_before": COUNT,
    "index": COUNT,
    "cue_s": SECONDS,
    "changed_at": MOMENT,
}
_NULLABLE: Final = frozenset((*_TYPES, "before", "after"))
CHANGES: Final = for_pandas(
    pa.schema([pa.field(name, _TYPES.get(name, TEXT), nullable=name in _NULLABLE) for name in NAMES])
)


def table(home: Home, *, since: str | None = None, of_set: tuple[str, str] | None = None) -> pa.Table:
    """Return the changes since a moment or a cursor, of one set or of all."""
    after, at = start_of(since)
    _, rows = ask(home, lambda db: list(changes(db, after=after, since=at, of_set=of_set)))
    return table_of(rows)


def table_of(rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Return changes, as they are in JSON, as a table."""
    found = [
        row | {"changed_at": None if row["changed_at"] is None else datetime.fromisoformat(row["changed_at"])}
        for row in rows
    ]
    return pa.Table.from_pylist(found, schema=CHANGES)


def write(found: pa.Table, out: Path | BinaryIO) -> None:
    """Write changes as a Parquet file."""
    pq.write_table(found, out, compression="zstd", write_page_checksum=True)
