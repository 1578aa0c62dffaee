"""Pause or cancel a batch of a home without a coordinator: one transaction on its journal, under the home's lock.

A coordinator does it in several steps. Here it is one, because nothing is in flight: it begins a life of its own in the journal,
which ends the leases of a killed coordinator as the next coordinator would.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from tlray.core.model.lifecycle import BadTransition, BatchEvent, BatchState, ItemState, advance_batch
from tlray.errors import Conflict
from tlray.io.disk.home import Home
from tlray.io.journal.rows import VERSIONS_PER_LIFE, BatchRow, Counts, totals
from tlray.io.journal.writer import Journal
from tlray.io.offline.opening import offline_journal
from tlray.io.results.open_store import open_store
from tlray.io.results.store import recover, settle


def pause_offline(home: Home, batch_id: str) -> tuple[BatchRow, Counts]:
    """Pause a batch; return it as it is then. `HomeInUse` if a coordinator came first."""
    return _control(home, batch_id, BatchEvent.PAUSE)


def cancel_offline(home: Home, batch_id: str) -> tuple[BatchRow, Counts]:
    """Cancel a batch and its open items; return it as it is then. `HomeInUse` if a coordinator came first."""
    return _control(home, batch_id, BatchEvent.CANCEL)


def _control(home: Home, batch_id: str, event: BatchEvent) -> tuple[BatchRow, Counts]:
    with offline_journal(home) as journal:
        if event is BatchEvent.CANCEL:
            _recover_files(home, journal, batch_id)  # of a final batch nobody looks at them again
        with journal.transaction():
            return _apply(journal, batch_id, event)


def _recover_files(home: Home, journal: Journal, batch_id: str) -> None:
    """Publish the parts that the manifest names, and remove the others: no lease is alive, and none will be."""
    row = journal.find_batch(batch_id)
    if row is not None and not row.state.is_final:
        store = open_store(home)
        named = [part.stem for part in journal.parts(batch_id)]
        recover(store, batch_id, named)
        if store.publishes_late:
            settle(store, batch_id, store.list(batch_id), named, life=sys.maxsize, now=time.time())


def _apply(journal: Journal, batch_id: str, event: BatchEvent) -> tuple[BatchRow, Counts]:
    row = journal.batch(batch_id)
    target = BatchState.PAUSED if event is BatchEvent.PAUSE else BatchState.CANCELLED
    if row.state is target:
        return row, journal.counts(row.id)  # repeated, it changes nothing
    if row.state is BatchState.RECEIVING:
        return _drop(journal, row, event)
    if row.state.is_final:
        raise Conflict(f"batch {batch_id} is {row.state} already; there is nothing to {event}")
    if row.state is not BatchState.CANCELLING or event is not BatchEvent.CANCEL:
        try:
            advance_batch(row.state, event)
        except BadTransition:
            raise Conflict(f"batch {batch_id} is {row.state}; that does not go with: {event}") from None
    life = journal.begin_incarnation(is_restart=True)
    if event is BatchEvent.PAUSE:
        journal.set_batch_state(row.id, BatchState.PAUSED, is_dormant=True, by="")
    else:
        journal.cancel_open(row.id)
        journal.finish_batch(
            row.id,
            state=BatchState.CANCELLED,
            finished_at=time.time(),
            elapsed_s=row.elapsed_s,
            counts=totals(journal.counts(row.id)),
            version=max(row.version, life * VERSIONS_PER_LIFE),
        )
    return journal.batch(batch_id), journal.counts(row.id)


def _drop(journal: Journal, row: BatchRow, event: BatchEvent) -> tuple[BatchRow, Counts]:
    """Drop a list that was never committed: its sender is gone."""
    if event is not BatchEvent.CANCEL:
        raise Conflict(f"batch {row.batch_id} is still being received; commit it first")
    counts = journal.counts(row.id)
    journal.abandon_batch(row.batch_id)
    return replace(row, state=BatchState.CANCELLED), {
        domain: {ItemState.CANCELLED: sum(n.values())} for domain, n in counts.items()
    }
