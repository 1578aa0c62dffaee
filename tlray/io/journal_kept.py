"""Which items does another batch's result answer? A page that was fetched lately is not fetched again.

A result counts by its page's own fetch (``fetched_at``), however often it has answered since; so an answer never makes
another one fresher.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from tlray.core.frontier import FrontierItem
from tlray.core.outcome import KeptResult

WINDOW_ITEMS = 5_000
"""Items of a batch that are looked at in one go; about 30 ms of the journal's thread."""

Kept = list[tuple[FrontierItem, KeptResult]]


def has_kept(db: sqlite3.Connection, batch: int, since: float) -> bool:
    """Whether any other batch may have a result of a fetch that began after ``since`` (epoch seconds)."""
    row = db.execute(
        "SELECT 1 FROM batches WHERE id != ? AND n_sets > 0 AND (finished_at IS NULL OR finished_at >= ?) LIMIT 1",
        (batch, since),
    ).fetchone()
    return row is not None


def kept_for_batch(
    db: sqlite3.Connection, batch: int, since: float, *, after_id: int
) -> tuple[Kept, int | None]:
    """Return those of a batch's next queued items that kept results answer, and the last id looked at; None at the end."""
    if not after_id:
        (first_id,) = db.execute("SELECT min(id) FROM items WHERE batch = ?", (batch,)).fetchone()
        after_id = (first_id or 1) - 1
    last_id, n = db.execute(
        "SELECT max(id), count(*) FROM (SELECT id FROM items WHERE +batch = ? AND id > ? ORDER BY id LIMIT ?)",
        (batch, after_id, WINDOW_ITEMS),
    ).fetchone()
    if not n:
        return [], None
    rows = db.execute(
        "SELECT i.id, d.name, coalesce(i.fetch_url, i.url), i.fingerprint, i.attempt, i.n_lost, i.n_hops, i.from_public,"
        " b.batch_id, k.part, k.id, k.fetched_at"
        " FROM items i CROSS JOIN items k ON k.fingerprint = i.fingerprint AND k.state = 'succeeded'"
        " JOIN batches b ON b.id = k.batch JOIN domains d ON d.id = i.domain"
        " WHERE +i.batch = ? AND i.id > ? AND i.id <= ? AND i.state = 'queued'"
        " AND k.batch != i.batch AND k.part IS NOT NULL AND k.fetched_at >= ? ORDER BY i.id, k.fetched_at",
        (batch, after_id, last_id, since),
    )
    found = {
        r[0]: (
            FrontierItem(r[0], batch, r[1], r[2], r[3], r[4], r[5], r[6], bool(r[7])),
            KeptResult(r[8], r[9], r[10], r[11]),
        )
        for r in rows
    }  # of several results the newest is the last
    return list(found.values()), last_id if n == WINDOW_ITEMS else None


def kept_for_items(db: sqlite3.Connection, items: Iterable[tuple[int, float]]) -> dict[int, KeptResult]:
    """Return what answers some items, by their ids; each comes with the moment since which a fetch counts."""
    found = {}
    for item, since in items:
        row = db.execute(
            "SELECT b.batch_id, k.part, k.id, k.fetched_at FROM items i"
            " CROSS JOIN items k ON k.fingerprint = i.fingerprint AND k.state = 'succeeded'"
            " JOIN batches b ON b.id = k.batch WHERE i.id = ? AND k.batch != i.batch"
            " AND k.part IS NOT NULL AND k.fetched_at >= ? ORDER BY k.fetched_at DESC LIMIT 1",
            (item, since),
        ).fetchone()
        if row is not None:
            found[item] = KeptResult(*row)
    return found
