"""What is remembered of domains, for whoever lists them, and what a person has set for them."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from tlray.core.by_hand import SetByHand

_COLUMNS = (
    "name, robots_at, crawl_delay_s, cool_until, cool_reason, n_blocks, last_fetch_at,"
    " set_rate, set_concurrency, is_paused"
)


@dataclass(frozen=True, slots=True)
class ListedDomain:
    """One domain, as the journal has it. Moments are seconds since the epoch."""

    name: str
    robots_at: float | None
    crawl_delay_s: float | None
    cool_until: float | None
    cool_reason: str | None
    n_blocks: int
    last_fetch_at: float | None
    by_hand: SetByHand


def _listed(row: tuple[Any, ...]) -> ListedDomain:
    values: list[Any] = [*row[:7], SetByHand(row[7], row[8], bool(row[9]))]
    return ListedDomain(*values)


def domains_page(
    db: sqlite3.Connection, *, owner: str | None, after: str, limit: int, name: str | None = None
) -> list[ListedDomain]:
    """Return domains in the order of their names, or the one of that name: those at which an owner has items, or all."""
    theirs = None if owner is None else json.dumps(_numbers_of(db, owner))
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM domains WHERE name > ?1 AND (?2 IS NULL OR name = ?2)"  # noqa: S608 - our own words
        " AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3))) ORDER BY name LIMIT ?4",
        (after, name, theirs, limit),
    )
    return [_listed(row) for row in rows]


def _numbers_of(db: sqlite3.Connection, owner: str) -> list[int]:
    """Return the domains at which an owner has items: one seek for each domain of each batch, however many items it has."""
    found: set[int] = set()
    for (batch,) in db.execute("SELECT id FROM batches WHERE owner = ?", (owner,)).fetchall():
        last = -1
        while True:
            (last,) = db.execute(
                "SELECT min(domain) FROM items INDEXED BY items_lane WHERE batch = ? AND domain > ?",
                (batch, last),
            ).fetchone()
            if last is None:
                break
            found.add(last)
    return sorted(found)


def all_set_by_hand(db: sqlite3.Connection) -> dict[str, SetByHand]:
    """Return what a person has set, by domain."""
    rows = db.execute(
        "SELECT name, set_rate, set_concurrency, is_paused FROM domains"
        " WHERE set_rate IS NOT NULL OR set_concurrency IS NOT NULL OR is_paused"
    )
    return {
        name: SetByHand(rate, concurrency, bool(is_paused)) for name, rate, concurrency, is_paused in rows
    }


def set_by_hand(db: sqlite3.Connection, name: str, changes: dict[str, object]) -> SetByHand:
    """Change what is set for a domain, which need not be known yet; return all that is set now.

    ``changes`` has some of the fields of `SetByHand`.
    """
    db.execute("INSERT OR IGNORE INTO domains (name) VALUES (?)", (name,))
    row = db.execute(
        "SELECT set_rate, set_concurrency, is_paused FROM domains WHERE name = ?", (name,)
    ).fetchone()
    now = {"rate": row[0], "concurrency": row[1], "is_paused": bool(row[2])} | changes
    setting = SetByHand(**now)
    db.execute(
        "UPDATE domains SET set_rate = ?, set_concurrency = ?, is_paused = ? WHERE name = ?",
        (setting.rate, setting.concurrency, setting.is_paused, name),
    )
    return setting
