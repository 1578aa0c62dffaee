"""Pages that are read again from the archive: where they lie, and what becomes of their items."""

from __future__ import annotations

import pytest
from made_journal import Storage, change, commit, entries, lease, states, submit, succeed

from tlray.core.model.file_source import FILE_DOMAIN
from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind, ReusableResult
from tlray.core.scheduling.changeset import Changeset
from tlray.core.submission.lines import Entry
from tlray.errors import Conflict
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import DoneRow, PagePlace, Revised
from tlray.io.journal.writer import Journal

K = OutcomeKind


def die(journal: Journal, item: FrontierItem, *outcomes: tuple[K, int | None, str, int]) -> None:
    """Make a dead letter of an item; each outcome is kind, status, part and where the page begins in it."""
    for kind, status, stem, offset in outcomes:
        outcome = Outcome(item.id, kind, reason="no rows", status=status, started_at=7.5, raw=(offset, 9))
        commit(
            journal,
            Changeset(
                "L", [change(item, ItemEvent.EXHAUST, outcome=outcome, stem=stem, reason=f"{kind}: no rows")]
            ),
        )


def answer(journal: Journal, item: FrontierItem, by: FrontierItem, stem: str) -> None:
    outcome = Outcome(item.id, K.ANSWERED, reused=ReusableResult("b1", "p", by.id, 1.0))
    commit(journal, Changeset("L", [change(item, ItemEvent.ANSWERED, outcome=outcome, stem=stem)]))


def finished(journal: Journal, batch: int) -> None:
    counts = {state: n for state, n in states(journal).items() if n}
    journal.finish_batch(
        batch, state=BatchState.COMPLETED, finished_at=9.0, elapsed_s=1.0, counts=counts, version=70
    )


# -- pages -----------------------------------------------------------------------------------------


def test_pages_of_dead_letters_are_found_where_a_parser_has_read_them(journal: Journal) -> None:
    batch = submit(
        journal, lines=[*entries(7), Entry(8, "file:///a.cue", FILE_DOMAIN, "file:8", "file:///home/a.cue")]
    )
    items = lease(journal, batch)
    (file,) = lease(journal, batch, domain=FILE_DOMAIN)
    die(
        journal,
        items[0],
        (K.UNREADABLE, 200, "p", 50),
        (K.UNREADABLE, 200, "p", 30),
        (K.TIMEOUT, None, "q", 1),
    )
    die(journal, items[1], (K.GONE, 404, "p", 60))
    die(journal, items[2], (K.NOT_A_SET, 200, "p", 20), (K.NOT_A_SET, 200, "q", 10))
    die(journal, items[3], (K.BLOCKED, 403, "p", 70))
    die(journal, items[4], (K.BLOCKED, 200, "p", 80))
    die(journal, file, (K.NOT_A_SET, None, "p", 5))
    succeed(journal, [items[5]])
    assert journal.dead_pages(batch, "p") == [
        PagePlace(file.id, "file:///a.cue", "file:8", "b1", "p", 5, 9),
        PagePlace(items[0].id, "http://a.test/1", "f1", "b1", "p", 30, 9),
        PagePlace(items[4].id, "http://a.test/5", "f5", "b1", "p", 80, 9),
    ]
    assert [place.item_id for place in journal.dead_pages(batch, "q")] == [items[2].id]
    assert journal.dead_pages(batch + 1, "p") == []


def test_a_result_that_is_reused_twice_over_has_its_page_in_the_first_batch(journal: Journal) -> None:
    first = submit(journal, "b1", lines=2)
    one, two = lease(journal, first)
    outcome = Outcome(one.id, K.FETCHED, started_at=1.0, raw=(40, 9))
    commit(journal, Changeset("L", [change(one, ItemEvent.FETCHED, outcome=outcome, stem="p")]))
    succeed(journal, [two])  # its batch keeps no pages
    second, third = (submit(journal, name, lines=2) for name in ("b2", "b3"))
    again, other = lease(journal, second)
    answer(journal, again, one, "q")
    answer(journal, other, two, "q")
    (last, _) = lease(journal, third)
    answer(journal, last, again, "r")
    places = [
        journal.reused_pages(batch, stem) for batch, stem in ((second, "q"), (third, "r"), (second, "r"))
    ]
    assert places == [
        [PagePlace(again.id, "http://a.test/1", "f1", "b1", "p", 40, 9)],
        [PagePlace(last.id, "http://a.test/1", "f1", "b1", "p", 40, 9)],
        [],
    ]


# -- revisions -------------------------------------------------------------------------------------


def test_a_result_that_was_read_again_keeps_its_number_and_has_one_more(journal: Journal) -> None:
    batch = submit(journal, lines=3)
    one, two, three = lease(journal, batch)
    succeed(journal, [one, two, three])
    assert journal.revised_batches(0) == []
    journal.revise(batch, "p", Revised(changed=(one.id, three.id)))
    assert [row.done_seq for row in journal.results_after(batch, after=0, limit=9)] == [1, 2, 3]
    assert journal.revisions_after(batch, after=0, limit=9) == [
        DoneRow(4, one.id, "p"),
        DoneRow(5, three.id, "p"),
    ]
    assert journal.newest_result() == journal.last_result(batch) == 5
    assert JournalReader.newest_result(journal) == 5
    journal.revise(batch, "p", Revised(changed=(one.id,)))
    assert journal.revisions_after(batch, after=4, limit=9) == [
        DoneRow(5, three.id, "p"),
        DoneRow(6, one.id, "p"),
    ]
    assert journal.revisions_after(batch, after=5, limit=1) == [DoneRow(6, one.id, "p")]
    assert (journal.revised_batches(5), journal.revised_batches(6)) == ([batch], [])
    assert [journal.part_of(item.id) for item in (one, two)] == ["p", "p"]


def test_a_dead_letter_that_can_be_read_has_succeeded(storage: Storage, journal: Journal) -> None:
    batch = submit(journal, lines=3)
    one, two, three = lease(journal, batch)
    succeed(journal, [one])
    for item in (two, three):
        die(journal, item, (K.UNREADABLE, 200, "p", 30))
    finished(journal, batch)
    before = journal.batch("b1").version
    journal.revise(batch, "r", Revised(recovered=((three.id, 7.5),)))
    row = journal.batch("b1")
    assert (row.state, row.counts) == (BatchState.COMPLETED, {ItemState.SUCCEEDED: 2, ItemState.DEAD: 1})
    assert row.version > before
    assert states(journal) == {ItemState.SUCCEEDED: 2, ItemState.DEAD: 1}
    with storage.reader() as reader:
        found = {item.item_id: (item.state, item.part, item.reason) for item in reader.items("b1")}
        assert found[three.id] == (ItemState.SUCCEEDED, "r", None)
        assert found[two.id][2] == "unreadable: no rows"
        assert [attempt.kind for attempt in reader.attempts([three.id])[three.id]] == ["unreadable"], (
            "the story stays"
        )
    assert [place.item_id for place in journal.dead_pages(batch, "p")] == [two.id]
    assert sum(group.n for group in journal.dead_groups()) == 1
    assert journal.results_after(batch, after=1, limit=9) == journal.revisions_after(batch, after=0, limit=9)
    later = submit(journal, "b2", lines=3)
    *_, again = journal.load_lane(later, "a.test", after_id=0, limit=9)
    kept = journal.mark_leased([again.id], [(again.id, 7.0)])
    assert kept == {again.id: ReusableResult("b1", "r", three.id, 7.5)}, "its result may be reused"
    journal.revise(batch, "r", Revised(changed=(one.id, three.id)))
    assert [row.done_seq for row in journal.results_after(batch, after=0, limit=9)] == [1, 4], (
        "it has one number"
    )
    assert [row.done_seq for row in journal.revisions_after(batch, after=0, limit=9)] == [3, 4]


def test_a_dead_letter_that_was_retried_meanwhile_stops_all_of_it(journal: Journal) -> None:
    batch = submit(journal, lines=2)
    one, two = lease(journal, batch)
    die(journal, one, (K.UNREADABLE, 200, "p", 30))
    succeed(journal, [two])
    journal.revive(batch)
    with pytest.raises(Conflict, match="retried while its page was read"):
        journal.revise(batch, "r", Revised(changed=(two.id,), recovered=((one.id, 7.5),)))
    assert journal.revisions_after(batch, after=0, limit=9) == []
    assert states(journal) == {ItemState.QUEUED: 1, ItemState.SUCCEEDED: 1}


def test_an_event_tells_of_a_dead_letter_that_has_succeeded(journal: Journal) -> None:
    journal.want_events(9e9)
    batch = submit(journal, lines=1)
    (one,) = lease(journal, batch)
    die(journal, one, (K.UNREADABLE, 200, "p", 30))
    journal.revise(batch, "r", Revised(recovered=((one.id, 7.5),)))
    assert [event.kind for event in journal.events("x", 9)] == [
        "batch.running",
        "item.dead",
        "item.succeeded",
    ]
