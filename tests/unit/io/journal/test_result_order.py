"""In which order items succeeded, and what is kept of a batch that is finished."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.submission.lines import Entry
from tlray.io.journal.batch_end import finish_batch
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.result_order import DoneRow, done_numbers, done_page
from tlray.io.journal.rows import BatchOptions
from tlray.io.journal.sqlite import SqliteJournal


def submitted(path: Path, batch_id: str, n: int) -> SqliteJournal:
    journal = SqliteJournal(path / "state.db")
    journal.create_batch(
        batch_id,
        name="",
        priority=Priority.NORMAL,
        options=BatchOptions(),
        request_key=batch_id,
        created_at=1.7e9,
    )
    journal.append(
        batch_id, [Entry(i, f"http://a.org/{i}", "a.org", f"{batch_id}{i}") for i in range(1, n + 1)], []
    )
    journal.commit_batch(batch_id)
    return journal


def succeed(db: sqlite3.Connection, *items: int) -> None:
    numbers = done_numbers(db, len(items))
    for item in items:
        db.execute(
            "UPDATE items SET state = 'succeeded', done_seq = ?, part = 'p' WHERE id = ?",
            (next(numbers), item),
        )


def test_a_reader_of_results_goes_on_from_any_of_them(tmp_path: Path) -> None:
    journal = submitted(tmp_path, "B1", 5)
    journal.run(lambda db: succeed(db, 3, 1))
    journal.run(lambda db: succeed(db, 5))
    first = journal.run(partial(done_page, batch=1, after=0, limit=2))
    assert first == [DoneRow(1, 3, "p"), DoneRow(2, 1, "p")]
    assert journal.run(partial(done_page, batch=1, after=first[-1].done_seq, limit=2)) == [DoneRow(3, 5, "p")]
    journal.close()
    journal = SqliteJournal(tmp_path / "state.db")
    journal.run(lambda db: succeed(db, 2))
    assert journal.run(partial(done_page, batch=1, after=3, limit=9)) == [DoneRow(4, 2, "p")], (
        "it never begins anew"
    )


def test_nobody_counts_the_items_of_a_finished_batch_again(tmp_path: Path) -> None:
    journal = submitted(tmp_path, "B1", 3)
    counts = {ItemState.SUCCEEDED: 2, ItemState.DEAD: 1}
    end = partial(
        finish_batch,
        batch=1,
        state=BatchState.COMPLETED,
        finished_at=1.8e9,
        elapsed_s=7.0,
        counts=counts,
        version=99,
    )
    journal.run(end)
    with JournalReader.of(tmp_path) as reader:
        row = reader.row("B1")
        assert (row.state, row.counts, row.version, row.elapsed_s) == (BatchState.COMPLETED, counts, 99, 7.0)
        assert reader.totals(row) == counts
        assert reader.list_batches() == [(row, counts)]


def test_an_open_batch_is_counted(tmp_path: Path) -> None:
    submitted(tmp_path, "B1", 3).close()
    with JournalReader.of(tmp_path) as reader:
        assert reader.totals(reader.row("B1")) == {ItemState.QUEUED: 3}


def test_a_batch_knows_between_which_ids_its_items_lie(tmp_path: Path) -> None:
    submitted(tmp_path, "B1", 3).close()
    journal = submitted(tmp_path, "B2", 2)
    rows = journal.run(
        lambda db: db.execute("SELECT first_item, last_item FROM batches ORDER BY id").fetchall()
    )
    assert rows == [(1, 3), (4, 5)]
