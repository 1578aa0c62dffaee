"""What does the service list? Batches, items and dead letters, a page at a time, each page by a seek and never by a count.

A page may be shorter than asked for, because no question looks at more than `MAX_LOOKED_AT` items; whether it is the last is
said by the place to go on from, which is then None.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from tlray.core.model.lifecycle import ItemState
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import BatchRow, Counts, RefusedLine

MAX_LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True)
class ListedItem:
    """One item, as it is told."""

    item_id: int
    line: int
    url: str
    domain: str
    state: str
    attempt: int
    n_lost: int
    reason: str | None
    due_at: float | None
    fetched_at: float | None
    with_reusable: int | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter of any batch."""

    batch: int
    """The batch's number, by which they are ordered."""
    batch_id: str
    item_id: int
    line: int
    url: str
    domain: str
    attempt: int
    n_lost: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class TriedOnce:
    """One attempt of an item."""

    attempt: int
    at: float | None
    kind: str
    reason: str | None
    status: int | None
    """The site's, of HTTP."""
    latency_s: float | None


def batches_page(
    db: sqlite3.Connection, *, owner: str | None, state: str | None, before: int | None, limit: int
) -> list[BatchRow]:
    """Return batches, the newest first: those of an owner, or all."""
    ids = db.execute(
        "SELECT batch_id FROM batches WHERE (?1 IS NULL OR owner = ?1) AND (?2 IS NULL OR state = ?2)"
        " AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4",
        (owner, state, before, limit),
    ).fetchall()
    return [row for (batch_id,) in ids if (row := JournalReader.batch_row(db, batch_id)) is not None]


def counted(db: sqlite3.Connection, batch_id: str) -> Counts:
    """Return a batch's items by domain and state, which takes a look at each of them."""
    found = JournalReader.batch(db, batch_id)
    return found[1] if found else {}


def n_received(db: sqlite3.Connection, batch: int) -> int:
    """Return how many items a batch has that is still being received."""
    return int(db.execute("SELECT count(*) FROM items WHERE batch = ?", (batch,)).fetchone()[0])


def items_page(
    db: sqlite3.Connection, batch: int, *, state: ItemState | None, after: int, limit: int
) -> tuple[list[ListedItem], int | None]:
    """Return items in the order of the list, and the place to go on from; None at the end."""
    first, last = db.execute("SELECT first_item, last_item FROM batches WHERE id = ?", (batch,)).fetchone()
    if last is None:  # it has none, or is still being received
        return [], None
    after = max(after, first - 1)
    if (
        state is ItemState.DEAD
    ):  # they have an index of their own; the others are looked for in a stretch of ids
        until, source, claim = last, "items i INDEXED BY items_dead_of", "i.state = 'dead'"
    else:
        until, source, claim = (
            min(last, after + MAX_LOOKED_AT),
            "items i NOT INDEXED",
            "(?4 IS NULL OR i.state = ?4)",
        )
    rows = db.execute(
        "SELECT i.id, i.line, i.url, d.name, i.state, i.attempt, i.n_lost, i.reason, i.due_at, i.fetched_at,"  # noqa: S608
        # whose page it was is nobody else's matter
        " (SELECT k.id FROM items k JOIN batches kb ON kb.id = k.batch JOIN batches b ON b.id = i.batch"
        "  WHERE k.id = i.answered_by AND kb.owner = b.owner)"
        f" FROM {source} CROSS JOIN domains d ON d.id = i.domain"
        f" WHERE i.batch = ?1 AND i.id > ?2 AND i.id <= ?3 AND {claim} ORDER BY i.id LIMIT ?5",
        (batch, after, until, state, limit),
    ).fetchall()
    if len(rows) == limit:
        until = rows[-1][0]
    return [ListedItem(*row) for row in rows], None if until >= last else until


def dead_page(
    db: sqlite3.Connection,
    *,
    owner: str | None,
    batch_id: str | None,
    reason: str | None,
    before: tuple[int, int] | None,
    limit: int,
) -> tuple[list[DeadLetter], tuple[int, int] | None]:
    """Return dead letters, those of the newest batch first and of each in the order of its list, and the place to go on from
    (batch, item); None at the end. ``reason``: only those whose reason contains it."""
    batch, item = before or (2**63 - 1, 0)
    looked_at = db.execute(
        "SELECT b.id, b.batch_id, i.id, i.line, i.url, d.name, i.attempt, i.n_lost, i.reason"
        " FROM batches b CROSS JOIN items i INDEXED BY items_dead_of ON i.batch = b.id AND i.state = 'dead'"
        " AND i.id > CASE WHEN b.id = ?2 THEN ?3 ELSE 0 END"
        " CROSS JOIN domains d ON d.id = i.domain"
        " WHERE b.id <= ?2 AND (?1 IS NULL OR b.owner = ?1) AND (?4 IS NULL OR b.batch_id = ?4)"
        " ORDER BY b.id DESC, i.id LIMIT ?5",
        (owner, batch, item, batch_id, MAX_LOOKED_AT),
    )
    found: list[DeadLetter] = []
    n = 0
    for row in looked_at:
        n += 1
        place = row[0], row[2]
        if reason is None or reason in (row[8] or ""):
            found.append(DeadLetter(*row))
            if len(found) == limit:
                return found, place
    return found, place if n == MAX_LOOKED_AT else None


def stories(db: sqlite3.Connection, items: Sequence[int]) -> dict[int, list[TriedOnce]]:
    """Return every attempt of some items, the first one first."""
    found: dict[int, list[TriedOnce]] = {item: [] for item in items}
    for item in items:
        rows = db.execute(
            "SELECT attempt, started_at, kind, reason, status, latency_s FROM attempts WHERE item = ? ORDER BY id",
            (item,),
        )
        found[item] += [TriedOnce(*row) for row in rows]
    return found


def lines_page(
    db: sqlite3.Connection, batch: int, *, after: int, limit: int
) -> tuple[list[RefusedLine], int | None]:
    """Return lines of a list that made no item, in its order, and the place to go on from; None at the end."""
    rows = db.execute(
        "SELECT line, text, reason, first_line FROM refused_lines WHERE batch = ? AND line > ? ORDER BY line LIMIT ?",
        (batch, after, limit),
    ).fetchall()
    return [RefusedLine(*row) for row in rows], rows[-1][0] if len(rows) == limit else None


def n_batches(db: sqlite3.Connection) -> dict[str, int]:
    """Return how many batches of each state there are."""
    return dict(db.execute("SELECT state, count(*) FROM batches GROUP BY state").fetchall())
