"""In which order items succeeded, and what is kept of a batch that is finished."""

from __future__ import annotations

from made_journal import Storage, entries, lease, submit, succeed

from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import DoneRow
from tlray.io.journal.writer import Journal


def test_a_reader_of_results_goes_on_from_any_of_them(storage: Storage, journal: Journal) -> None:
    batch = submit(journal, lines=5)
    one, two, three, _, five = lease(journal, batch)
    assert journal.last_result(batch) == 0
    succeed(journal, [three, one])
    succeed(journal, [five])
    first = journal.results_after(batch, after=0, limit=2)
    assert first == [DoneRow(1, 3, "p"), DoneRow(2, 1, "p")]
    assert journal.results_after(batch, after=first[-1].done_seq, limit=2) == [DoneRow(3, 5, "p")]
    with storage.open() as again:
        succeed(again, [two])
        assert again.results_after(batch, after=3, limit=9) == [DoneRow(4, 2, "p")], "it never begins anew"
        assert again.last_result(batch) == 4


def test_nobody_counts_the_items_of_a_finished_batch_again(storage: Storage, journal: Journal) -> None:
    batch = submit(journal)
    counts = {ItemState.SUCCEEDED: 2, ItemState.DEAD: 1}
    journal.finish_batch(
        batch, state=BatchState.COMPLETED, finished_at=1.8e9, elapsed_s=7.0, counts=counts, version=99
    )
    with storage.reader() as reader:
        row = reader.batch("b1")
        assert (row.state, row.counts, row.version, row.elapsed_s) == (BatchState.COMPLETED, counts, 99, 7.0)
        assert reader.totals(row) == counts
        assert reader.batch_summaries() == [(row, counts)]


def test_an_open_batch_is_counted(journal: Journal) -> None:
    submit(journal)
    assert journal.totals(journal.batch("b1")) == {ItemState.QUEUED: 3}


def test_a_batchs_pages_are_its_own_items(journal: Journal) -> None:
    submit(journal)
    second = submit(journal, "b2", entries(2, mark="g"))
    page, next_ = journal.items_page(second, limit=9)
    assert ([item.line for item in page], next_) == ([1, 2], None)


def test_the_newest_result_is_that_of_any_batch(journal: Journal) -> None:
    assert journal.newest_result() == 0
    first, second = submit(journal, "b1"), submit(journal, "b2", lines=entries(3, mark="g"))
    succeed(journal, lease(journal, second, limit=1))
    succeed(journal, lease(journal, first, limit=1))
    assert journal.newest_result() == journal.last_result(first) == 2
    assert JournalReader.newest_result(journal) == 2, "an implementation may leave it to the protocol"
