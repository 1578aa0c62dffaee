"""The sets that came of one item, as far as they are still the newest versions."""

from __future__ import annotations

import sqlite3
from typing import Final

_SETS: Final = (
    "SELECT s.site, s.source_id, s.title FROM sets s JOIN batches b ON b.number = s.batch"
    " WHERE b.batch_id = ? AND s.item_id = ? ORDER BY s.set_index LIMIT 100"
)


def sets_of_item(db: sqlite3.Connection, batch_id: str, item_id: int) -> list[tuple[str, str, str]]:
    """Return site, id and title of each."""
    return db.execute(_SETS, (batch_id, item_id)).fetchall()
