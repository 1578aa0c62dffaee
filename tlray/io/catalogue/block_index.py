"""The index of blocks: which sets have which block (`tlray.core.linking.performance`).

Blocks are hashes: each has its place in another page of a large table, and a page would be written for every row. So new rows go
into a small table. Rows that it has no room for move on into a larger one in the order of their blocks, each time from where the
last move ended, so that a page takes many neighbours at once: a log-structured merge, a range of keys at a time. A window moves
as many rows as it adds, in its transaction: none takes longer than others.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from tlray.io.catalogue.database import meta, set_meta

LEVELS: Final = ("blocks_new", "blocks_recent", "blocks")
"""The tables, each larger than the one before; a block of a set is in one of them."""
ROOM: Final = {"blocks_new": 50_000, "blocks_recent": 600_000}
"""Rows that stay in a table. A window of 1,000 sets adds 10,000."""
_FIRST, _LAST = -1, 2**62
"""Below and above all blocks."""
_SHARED: Final = "SELECT value FROM json_each(?1) WHERE " + " OR ".join(
    f"EXISTS (SELECT 1 FROM {level} WHERE block = value AND set_id != ?2)" for level in LEVELS
)
_VISIBLE: Final = " UNION ALL ".join(
    f"SELECT b.set_id FROM {level} b CROSS JOIN facets f ON f.id = b.set_id"
    " WHERE b.block = ?1 AND (f.is_newest OR f.owner = ?2)"
    for level in LEVELS
)


def add(db: sqlite3.Connection, set_id: int, blocks: Iterable[int]) -> None:
    """Store blocks of a set that it has not."""
    db.executemany(f"INSERT INTO {LEVELS[0]} VALUES (?, ?)", [(block, set_id) for block in sorted(blocks)])


def drop(db: sqlite3.Connection, set_id: int, blocks: Iterable[int]) -> None:
    """Delete blocks of a set."""
    rows = [(block, set_id) for block in sorted(blocks)]
    for level in LEVELS:
        db.executemany(f"DELETE FROM {level} WHERE block = ? AND set_id = ?", rows)


def shared(db: sqlite3.Connection, set_id: int, blocks: list[int]) -> list[int]:
    """Return those blocks that another set has."""
    return [block for (block,) in db.execute(_SHARED, (json.dumps(blocks), set_id)).fetchall()]


def sets_in(db: sqlite3.Connection, block: int, owner: str, *, limit: int) -> list[int]:
    """Return sets with a block: those of a user, and the newest of all users."""
    return [n for (n,) in db.execute(f"{_VISIBLE} LIMIT ?3", (block, owner, limit)).fetchall()]


def settle(db: sqlite3.Connection) -> None:
    """Move what the smaller tables have no room for; in the transaction that has added to them."""
    for level, larger in pairwise(LEVELS):
        (n_rows,) = db.execute(f"SELECT count(*) FROM {level}").fetchone()
        _move(db, level, larger, n_rows - ROOM[level])


def _move(db: sqlite3.Connection, level: str, larger: str, n_rows: int) -> None:
    """Move so many rows, and the rest of the last one's block, from where the last move ended."""
    end = int(meta(db, level) or _FIRST)
    while n_rows > 0:
        begin = end
        row = db.execute(
            f"SELECT block FROM {level} WHERE block > ? ORDER BY block LIMIT 1 OFFSET ?", (begin, n_rows - 1)
        ).fetchone()
        end = _LAST if row is None else row[0]
        of_range = f"FROM {level} WHERE block > ? AND block <= ?"
        db.execute(f"INSERT INTO {larger} SELECT * {of_range} ORDER BY block, set_id", (begin, end))
        n_rows -= db.execute(f"DELETE {of_range}", (begin, end)).rowcount
        end = _FIRST if row is None else end
        set_meta(db, level, str(end))
