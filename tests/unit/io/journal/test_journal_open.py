"""Batches that are not finished: their open items, and their rows beside the journal's writer."""

from __future__ import annotations

import pytest
from made_journal import Storage, entries, lease, new_batch, submit

from tlray.core.model.lifecycle import BatchState
from tlray.errors import NoSuchBatch
from tlray.io.journal.rows import OpenRow
from tlray.io.journal.writer import Journal


def test_items_that_are_not_final_are_counted_by_batch(storage: Storage, journal: Journal) -> None:
    submit(journal, "runs", lines=5, owner="ann")
    journal.open_batch(new_batch("is received", owner="bob"))
    journal.add_lines("is received", entries(3), [])
    cancelled = submit(journal, "cancelled", lines=4)
    journal.cancel_open(cancelled)
    journal.set_batch_state(cancelled, BatchState.CANCELLED)
    lease(journal, submit(journal, "half", lines=4), limit=1)
    with storage.reader() as reader:
        assert reader.count_open_items() == [
            OpenRow("runs", "ann", is_receiving=False, n_open=5),
            OpenRow("is received", "bob", is_receiving=True, n_open=3),
            OpenRow("half", "", is_receiving=False, n_open=4),  # what is leased is not final
        ]
        assert reader.count_batches() == {"running": 2, "receiving": 1, "cancelled": 1}


def test_a_batch_is_read_beside_its_writer(storage: Storage, journal: Journal) -> None:
    submit(journal, owner="ann")
    row = journal.batch("b1")
    assert journal.find_batch("b1") == row
    assert row.owner == "ann"
    assert journal.find_batch("b2") is None
    with storage.reader() as reader:
        assert reader.batch("b1") == row
        with pytest.raises(NoSuchBatch, match="b2"):
            reader.batch("b2")
