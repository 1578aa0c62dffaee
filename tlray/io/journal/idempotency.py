"""Which requests made which batches? So that one that is sent again makes no second batch, and another one under the same
key is seen to be another."""

from __future__ import annotations

import sqlite3

from tlray.core.submission.lines import RefusedLine

MAX_LINES_TOLD = 1_000


def claim_key(db: sqlite3.Connection, request_key: str, digest: str) -> bool:
    """Note what was sent under a key; False where something else was sent under it before, and made a batch."""
    row = db.execute("SELECT digest FROM requests WHERE request_key = ?", (request_key,)).fetchone()
    made = db.execute("SELECT 1 FROM batches WHERE request_key = ?", (request_key,)).fetchone()
    if row is not None and made is not None:
        return bool(row[0] == digest)
    db.execute("INSERT OR REPLACE INTO requests VALUES (?, ?)", (request_key, digest))
    return True


def lines_told(db: sqlite3.Connection, batch: int) -> tuple[list[RefusedLine], list[RefusedLine]]:
    """Return the first rejected and the first duplicate lines of a batch's list."""
    found = []
    for kind in ("IS NULL", "IS NOT NULL"):
        rows = db.execute(
            "SELECT line, text, reason, first_line FROM refused_lines"  # noqa: S608 - one of two words above
            f" WHERE batch = ? AND first_line {kind} ORDER BY line LIMIT ?",
            (batch, MAX_LINES_TOLD),
        )
        found.append([RefusedLine(*row) for row in rows])
    return found[0], found[1]
