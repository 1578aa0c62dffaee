"""In which order did items succeed? The number that each gets then (``done_seq``) grows over the home and never changes,
so that a reader of results can go on from any of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple


class DoneRow(NamedTuple):
    """One item that succeeded, and the part that has its rows."""

    done_seq: int
    item_id: int
    part: str | None


def done_numbers(db: sqlite3.Connection, n: int) -> Iterator[int]:
    """Return the next ``n`` numbers, and note that they are taken."""
    if not n:
        return iter(())
    row = db.execute("SELECT value FROM meta WHERE key = 'done_seq'").fetchone()
    last = int(row[0]) if row else 0
    db.execute("INSERT OR REPLACE INTO meta VALUES ('done_seq', ?)", (str(last + n),))
    return iter(range(last + 1, last + n + 1))


def done_page(db: sqlite3.Connection, batch: int, *, after: int, limit: int) -> list[DoneRow]:
    """Return the items of a batch that succeeded next after a number, in that order."""
    rows = db.execute(
        "SELECT done_seq, id, part FROM items WHERE batch = ? AND done_seq > ? ORDER BY done_seq LIMIT ?",
        (batch, after, limit),
    )
    return [DoneRow(*row) for row in rows]


def last_done(db: sqlite3.Connection, batch: int) -> int:
    """Return the number of the item of a batch that succeeded last; 0 where none has."""
    row = db.execute("SELECT max(done_seq) FROM items WHERE batch = ? AND done_seq > 0", (batch,)).fetchone()
    return int(row[0] or 0)
