"""How much of a home is unfinished, and how a batch stands without a look at all of its items."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState
from tlray.errors import NoSuchBatch
from tlray.io.journal.opening import open_reader
from tlray.io.journal.rows import BatchOptions, Entry, NewBatch, OpenRow
from tlray.io.journal.sqlite.journal import SqliteJournal


def submitted(
    journal: SqliteJournal, batch_id: str, n: int, *, owner: str = "", commits: bool = True
) -> None:
    journal.open_batch(NewBatch(
        batch_id, name="", priority=Priority.NORMAL, options=BatchOptions(), request_key=batch_id, created_at=1.0,
        owner=owner,
    ))  # fmt: skip
    journal.add_lines(batch_id, [Entry(i, f"http://a.test/{i}", "a.test", f"f{i}") for i in range(n)], [])
    if commits:
        journal.commit_batch(batch_id)


def test_items_that_are_not_final_are_counted_by_batch(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "state.db")
    submitted(journal, "runs", 5, owner="ann")
    submitted(journal, "is received", 3, owner="bob", commits=False)
    submitted(journal, "cancelled", 4)
    submitted(journal, "half", 4)
    row = journal.find_batch("cancelled")
    assert row is not None
    journal.cancel_open(row.id)
    journal.set_batch_state(row.id, BatchState.CANCELLED)
    half = journal.find_batch("half")
    assert half is not None
    journal.mark_leased([journal.load_lane(half.id, "a.test", after_id=0, limit=1)[0].id])
    with open_reader(tmp_path) as reader:
        assert reader.count_open_items() == [
            OpenRow("runs", "ann", is_receiving=False, n_open=5),
            OpenRow("is received", "bob", is_receiving=True, n_open=3),
            OpenRow("half", "", is_receiving=False, n_open=4),  # what is leased is not final
        ]
    journal.close()


def test_a_batch_without_its_counts_is_the_same_batch(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "state.db")
    submitted(journal, "b1", 3, owner="ann")
    row = journal.batch("b1")
    assert journal.find_batch("b1") == row
    assert row.owner == "ann"
    assert journal.find_batch("b2") is None
    with open_reader(tmp_path) as reader:
        assert reader.batch("b1") == row
        with pytest.raises(NoSuchBatch, match="b2"):
            reader.batch("b2")
    journal.close()
