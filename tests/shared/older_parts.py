"""Parts as older versions wrote them."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

SINCE_NOVEMBER_2026 = {
    "cue_precision", "cue_text", "played_at", "catalogue_number",
    "published", "licence", "attribution", "revision", "media_type",
}  # fmt: skip


def as_before_november_2026(path: Path) -> None:
    """Take away the columns that came with other sources than one site."""
    table = pq.read_table(path)
    pq.write_table(
        table.drop_columns([name for name in table.column_names if name in SINCE_NOVEMBER_2026]), path
    )
