"""How is it written down that a batch is finished? With its counts and the version of its last snapshot, so that nobody ever
has to count its items again; and with the notices of its end."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from tlray.core.lifecycle import BatchState, ItemState
from tlray.io.journal_outbox import note_ended


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
