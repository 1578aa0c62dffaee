"""Pages that list sets add them to their batch, in the transaction of the report, whatever database keeps the journal."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from made_journal import (
    Storage,
    change,
    commit,
    entries,
    kill_lane,
    lease,
    new_batch,
    states,
    submit,
    succeed,
)

from tlray.core.model.discovery import MAX_BARREN, AddedItems, Committed, FoundUrl, PageFound
from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, LaneDeath
from tlray.core.scheduling.lease import PartRecord
from tlray.core.submission.lines import RefusedLine
from tlray.errors import Conflict, HomeInUse
from tlray.io.journal.writer import Journal


def links(*numbers: int, domain: str = "a.test") -> tuple[FoundUrl, ...]:
    return tuple(FoundUrl(f"http://{domain}/{n}", domain, f"f{n}") for n in numbers)


NEXT = FoundUrl("http://a.test/list?2", "a.test", "url:2", True)


def listed(
    item: FrontierItem,
    urls: Sequence[FoundUrl],
    *,
    max_found: int = 100,
    is_only: bool = False,
    from_public: bool = False,
    deaths: Sequence[LaneDeath] = (),
) -> Changeset:
    outcome = Outcome(item.id, OutcomeKind.LISTED, found=tuple(urls), started_at=1.0)
    done = change(item, ItemEvent.FETCHED, outcome=outcome)
    found = PageFound(item, tuple(urls), from_public, max_found, is_only)
    return Changeset("L", [done], found=[found], deaths=list(deaths))


def test_a_page_adds_what_it_lists_in_the_transaction_of_its_report(journal: Journal) -> None:
    batch = submit(journal, lines=2)
    page, _ = lease(journal, batch)
    urls = (*links(2, 7, 8), *links(9, domain="b.test"), NEXT)
    assert commit(journal, listed(page, urls)) == Committed(
        [], [AddedItems(page.id, batch, "4 sets listed, 3 new", 3, 1, {"a.test": 3, "b.test": 1})]
    )
    assert states(journal) == {ItemState.SUCCEEDED: 1, ItemState.LEASED: 1, ItemState.QUEUED: 4}
    assert [item.url for item in journal.load_lane(batch, "a.test", after_id=0, limit=9)] == [
        "http://a.test/7", "http://a.test/8", "http://a.test/list?2",
    ]  # fmt: skip
    row = journal.batch("b1")
    assert (row.n_found, row.n_lists) == (3, 1)
    shown, _ = journal.items_page(batch, limit=9)
    assert [(item.line, item.found_on) for item in shown] == [
        (1, None), (2, None), *[(1, "http://a.test/1")] * 4,
    ]  # fmt: skip
    assert [item.reason for item in journal.items("b1")][:2] == ["4 sets listed, 3 new", None]
    assert journal.last_result(batch) == 0, "the page itself is no result"


def test_what_a_second_page_lists_again_is_known_and_max_found_holds_over_both(journal: Journal) -> None:
    batch = submit(journal, lines=2)
    first, second = lease(journal, batch)
    commit(journal, listed(first, links(5, 6), max_found=3))
    (added,) = commit(journal, listed(second, (*links(6, 7, 8), NEXT), max_found=3)).added
    assert (added.n_sets, added.n_lists) == (1, 0)
    assert added.reason.endswith("1 left out; it goes on, and is not followed: max-found 3 is reached")
    assert journal.batch("b1").n_found == 3


def test_a_list_without_new_sets_is_followed_so_far_and_no_further(journal: Journal) -> None:
    batch = submit(journal, lines=1)
    for n in range(MAX_BARREN + 5):
        pages = lease(journal, batch)
        if not pages:
            break
        link = FoundUrl(f"http://a.test/list?{n}", "a.test", f"url:{n}", True)
        (added,) = commit(journal, listed(pages[0], (*links(1), link))).added
    assert n == MAX_BARREN
    assert added.reason.endswith("it goes on, and is not followed: 20 pages in a row have no new set")
    assert journal.batch("b1").n_lists == MAX_BARREN - 1


def test_sets_that_are_only_found_are_skipped_and_listed(journal: Journal) -> None:
    kept = submit(journal, "b0", entries(1, first=5))
    succeed(journal, lease(journal, kept))
    batch = submit(journal, "b1", lines=1)
    (page,) = lease(journal, batch)
    commit(journal, listed(page, (*links(5, 6), NEXT), is_only=True))
    assert states(journal, "b1") == {ItemState.SUCCEEDED: 1, ItemState.SKIPPED: 2, ItemState.QUEUED: 1}
    assert list(journal.found_sets(batch)) == [
        ("http://a.test/5", 1, "http://a.test/1", True), ("http://a.test/6", 1, "http://a.test/1", False),
    ]  # fmt: skip


def test_what_a_public_page_lists_may_not_lead_inside(journal: Journal) -> None:
    batch = submit(journal, lines=1)
    (page,) = lease(journal, batch)
    commit(journal, listed(page, links(5), from_public=True))
    assert [item.from_public for item in journal.load_lane(batch, "a.test", after_id=0, limit=9)] == [True]


def test_a_lane_that_ends_with_the_report_takes_what_it_brought_along(journal: Journal) -> None:
    batch = submit(journal, lines=2)
    page, _ = lease(journal, batch)
    death = LaneDeath(batch, "a.test", "parked: blocked")
    committed = commit(journal, listed(page, links(5, 6), deaths=[death]))
    assert committed.killed == [(2, 0)]
    assert states(journal) == {ItemState.SUCCEEDED: 1, ItemState.LEASED: 1, ItemState.DEAD: 2}


def test_a_report_of_an_earlier_life_adds_nothing(storage: Storage, journal: Journal) -> None:
    journal.begin_incarnation(is_restart=False)
    batch = submit(journal, lines=1)
    (page,) = lease(journal, batch)
    with storage.open() as again:
        again.begin_incarnation(is_restart=True)
        with pytest.raises(HomeInUse):
            commit(journal, listed(page, links(5)))
        assert states(again) == {ItemState.QUEUED: 1}
        assert again.batch("b1").n_found == 0


def test_the_books_of_a_batch_with_found_sets_agree(journal: Journal) -> None:
    journal.open_batch(new_batch("b1"))
    journal.add_lines("b1", entries(1), [RefusedLine(2, "x", "no scheme")])
    journal.commit_batch("b1")
    batch = journal.batch("b1").id
    (page,) = lease(journal, batch)
    commit(journal, listed(page, (*links(5), NEXT)))
    kill_lane(journal, LaneDeath(batch, "a.test", "gone"))
    with journal.audit_copy("b1") as copy:
        books = copy.books()
        assert (books.total, books.n_found, books.n_found_items, books.n_lines) == (3, 2, 2, 2)
        assert books.n_items_made == 3
        assert list(copy.disagreements()) == [], "a page that lists sets needs no row"


def test_a_batch_that_only_found_sets_is_dropped_without_a_trace(journal: Journal) -> None:
    batch = submit(journal, lines=2)
    page, other = lease(journal, batch)
    lost = change(other, ItemEvent.EXHAUST, outcome=Outcome(other.id, OutcomeKind.GONE), reason="gone")
    changeset = listed(page, links(5), is_only=True)
    commit(journal, Changeset("L", [*changeset.changes, lost], found=changeset.found))
    journal.discard_batch("b1")
    assert journal.find_batch("b1") is None
    with journal.snapshot():
        assert [list(journal.rows(table)) for table in ("items", "attempts")] == [[], []]
    assert submit(journal, "b1", lines=2), "its id and its pages are free"


def test_a_batch_with_results_is_not_dropped(journal: Journal) -> None:
    batch = submit(journal, lines=1)
    part = PartRecord("b1", "p", 1, 1, 10, has_rows=True, has_pages=False)
    [item] = lease(journal, batch)
    done = change(item, ItemEvent.FETCHED, stem="p", outcome=Outcome(item.id, OutcomeKind.FETCHED))
    commit(journal, Changeset("L", [done], (part,)))
    with pytest.raises(Conflict, match="batch b1 has results"):
        journal.discard_batch("b1")
    assert states(journal) == {ItemState.SUCCEEDED: 1}
