"""Pause or cancel a batch of a home in which no coordinator works: one transaction on its journal, under the home's lock.

What a coordinator would do in memory and in several steps is one step here, because nothing is in flight: items that a killed
coordinator left leased count as queued, as they do for the next one.
"""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import replace
from functools import partial

from tlray.core.model.lifecycle import (
    OPEN_ITEM_STATES,
    BadTransition,
    BatchEvent,
    BatchState,
    ItemState,
    advance_batch,
)
from tlray.errors import Conflict, NoSuchBatch
from tlray.io.disk.home import Holder, Home, release
from tlray.io.journal.batch_end import VERSIONS_OF_A_LIFE, finish_batch
from tlray.io.journal.reader import JournalReader, totals
from tlray.io.journal.rows import BatchRow, Counts
from tlray.io.journal.sqlite import SqliteJournal
from tlray.io.journal.submission import forget
from tlray.io.results.open_store import open_store
from tlray.io.results.store import recover


def pause_at_rest(home: Home, batch_id: str) -> tuple[BatchRow, Counts]:
    """Pause a batch; return it as it is then. `HomeInUse` where a coordinator came first."""
    return _steer(home, batch_id, BatchEvent.PAUSE)


def cancel_at_rest(home: Home, batch_id: str) -> tuple[BatchRow, Counts]:
    """Cancel a batch, and all that is open of it; return it as it is then. `HomeInUse` where a coordinator came first."""
    return _steer(home, batch_id, BatchEvent.CANCEL)


def _steer(home: Home, batch_id: str, event: BatchEvent) -> tuple[BatchRow, Counts]:
    hold = home.hold(Holder(os.getpid(), "", "", ""))
    try:
        journal = SqliteJournal(home.journal)
        try:
            if event is BatchEvent.CANCEL:
                _put_files_in_order(home, journal, batch_id)  # of a final batch nobody looks at them again
            return journal.run(partial(_write, home=home, batch_id=batch_id, event=event))
        finally:
            journal.close()
    finally:
        release(hold)


def _put_files_in_order(home: Home, journal: SqliteJournal, batch_id: str) -> None:
    """Publish what the manifest names, and remove what it does not."""
    row = journal.load_row(batch_id)
    if row is not None and not row.state.is_final:
        recover(open_store(home), batch_id, [part.stem for part in journal.parts(batch_id)])


def _write(
    db: sqlite3.Connection, *, home: Home, batch_id: str, event: BatchEvent
) -> tuple[BatchRow, Counts]:
    found = JournalReader.batch(db, batch_id)
    if found is None:
        raise NoSuchBatch(batch_id, str(home.path))
    row, counts = found
    target = BatchState.PAUSED if event is BatchEvent.PAUSE else BatchState.CANCELLED
    if row.state is target:
        return found  # again it changes nothing
    if row.state is BatchState.RECEIVING:
        return _drop(db, row, counts, event)
    if row.state.is_final:
        raise Conflict(f"batch {batch_id} is {row.state} already; there is nothing to {event}")
    if row.state is not BatchState.CANCELLING or event is not BatchEvent.CANCEL:
        try:
            advance_batch(row.state, event)
        except BadTransition:
            raise Conflict(f"batch {batch_id} is {row.state}; that does not go with: {event}") from None
    db.execute("UPDATE items SET state = 'queued' WHERE batch = ? AND state = 'leased'", (row.id,))
    if event is BatchEvent.PAUSE:
        db.execute("UPDATE batches SET state = 'paused', is_dormant = 1 WHERE id = ?", (row.id,))
    else:
        _cancel(db, row)
    after = JournalReader.batch(db, batch_id)
    assert after is not None  # noqa: S101 - it was there in this transaction
    return after


def _drop(
    db: sqlite3.Connection, row: BatchRow, counts: Counts, event: BatchEvent
) -> tuple[BatchRow, Counts]:
    """Forget a list that was never taken in whole: its sender is gone."""
    if event is not BatchEvent.CANCEL:
        raise Conflict(f"batch {row.batch_id} is still being received; commit it first")
    forget(db, row.id)
    return replace(row, state=BatchState.CANCELLED), {
        domain: {ItemState.CANCELLED: sum(n.values())} for domain, n in counts.items()
    }


def _cancel(db: sqlite3.Connection, row: BatchRow) -> None:
    marks = ", ".join("?" * len(OPEN_ITEM_STATES))
    db.execute(
        f"UPDATE items SET state = 'cancelled' WHERE batch = ? AND state IN ({marks})",  # noqa: S608 - only marks
        (row.id, *OPEN_ITEM_STATES),
    )
    found = JournalReader.batch(db, row.batch_id)
    assert found is not None  # noqa: S101 - it was there in this transaction
    incarnation = db.execute("SELECT value FROM meta WHERE key = 'incarnation'").fetchone()
    finish_batch(
        db,
        row.id,
        state=BatchState.CANCELLED,
        finished_at=time.time(),
        elapsed_s=row.elapsed_s,
        counts=totals(found[1]),
        version=max(row.version, (int(incarnation[0]) + 1 if incarnation else 1) * VERSIONS_OF_A_LIFE),
    )
