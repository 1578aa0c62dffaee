"""How is it written down that a batch is finished? With its counts and the version of its last snapshot, so that nobody ever
has to count its items again; and with the notices of its end. Which domains it had say its items."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.io.journal.outbox import note_ended

VERSIONS_OF_A_LIFE = 10_000_000_000
"""Progress versions of a coordinator's life begin at its number times this: more than one batch changes in a life; a JSON reader
that has only floats knows 900,000 lives apart."""


def finish_batch(
    db: sqlite3.Connection,
    batch: int,
    *,
    state: BatchState,
    finished_at: float,
    elapsed_s: float,
    counts: Mapping[ItemState, int],
    version: int,
) -> None:
    """Write it down."""
    told = json.dumps({state.value: n for state, n in counts.items()})
    db.execute(
        "UPDATE batches SET state = ?, finished_at = ?, elapsed_s = ?, counts = ?, version = ?, is_dormant = 0"
        " WHERE id = ?",
        (state.value, finished_at, elapsed_s, told, version, batch),
    )
    note_ended(db, batch, state, finished_at)


def domains_of(db: sqlite3.Connection, batch: int, *, limit: int) -> list[str]:
    """Return the domains that a batch's items are of, at most so many, in the order of their numbers.

    Each is a seek in the index of the lanes: a million items take no longer than a hundred.
    """
    found = db.execute(
        "WITH RECURSIVE had (domain) AS (SELECT min(domain) FROM items WHERE batch = ?1 UNION ALL"
        " SELECT (SELECT min(domain) FROM items WHERE batch = ?1 AND domain > had.domain) FROM had"
        " WHERE had.domain IS NOT NULL LIMIT ?2) SELECT d.name FROM had JOIN domains d ON d.id = had.domain ORDER BY d.id",
        (batch, limit),
    )
    return [name for (name,) in found]
