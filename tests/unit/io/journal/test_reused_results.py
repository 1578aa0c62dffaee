"""Which results of other batches stand for which items."""

from __future__ import annotations

import made_journal
import pytest
from made_journal import Storage, change, commit, connection_of, lease

from tlray.core.model.discovery import FoundUrl, PageFound
from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import BatchState, ItemEvent
from tlray.core.model.outcome import Outcome, OutcomeKind, ReusableResult
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.scheduling.changeset import Changeset
from tlray.core.scheduling.lease import PartRecord
from tlray.core.submission.lines import Entry
from tlray.io.journal.rows import BatchOptions
from tlray.io.journal.sql import result_reuse
from tlray.io.journal.writer import Journal


def submit(
    journal: Journal, batch_id: str, numbers: range, *, networks: tuple[str, ...] | None = None
) -> int:
    """Submit a batch of the pages with these numbers; return its number."""
    lines = [Entry(k + 1, f"http://a.test/{k}", "a.test", f"f{k}") for k in numbers]
    return made_journal.submit(journal, batch_id, lines, options=BatchOptions(networks=networks))


def succeed(journal: Journal, batch_id: str, stem: str, *outcomes: tuple[FrontierItem, Outcome]) -> None:
    part = PartRecord(batch_id, stem, len(outcomes), len(outcomes), 10, has_rows=True, has_pages=False)
    changeset = Changeset("L", parts=(part,))
    for item, outcome in outcomes:
        event = ItemEvent.ANSWERED if outcome.reused else ItemEvent.FETCHED
        changeset.changes.append(change(item, event, outcome=outcome, stem=stem))
    commit(journal, changeset, wall=1_000.0)


def fetch(
    journal: Journal, batch: int, batch_id: str, *, at: float, peer: str | None = None
) -> list[FrontierItem]:
    items = lease(journal, batch)
    outcomes = [(item, Outcome(item.id, OutcomeKind.FETCHED, started_at=at, peer=peer)) for item in items]
    succeed(journal, batch_id, f"p{batch}", *outcomes)
    return items


# -- the journal -------------------------------------------------------------------------------------


def test_a_batch_is_answered_by_what_another_has_fetched_lately(journal: Journal) -> None:
    first = submit(journal, "b1", range(3))
    [_, one, two] = fetch(journal, first, "b1", at=500.0)
    second = submit(journal, "b2", range(1, 5))
    kept, last_id = journal.reusable_results(second, 400.0, after_id=0)
    assert last_id is None
    assert [(item.url, result) for item, result in kept] == [
        ("http://a.test/1", ReusableResult("b1", "p1", one.id, 500.0)),
        ("http://a.test/2", ReusableResult("b1", "p1", two.id, 500.0)),
    ]
    assert journal.reusable_results(second, 501.0, after_id=0) == ([], None), "too old"


@pytest.mark.parametrize(
    ("peer", "networks", "is_answered"),
    [
        ("93.184.216.34", (), True),
        ("93.184.216.34", None, True),
        ("10.0.0.7", None, True),  # a command line
        ("10.0.0.7", (), False),  # a service that fetches nothing inside
        ("10.0.0.7", ("10.0.0.0/8",), True),
        ("10.0.0.7", ("192.168.0.0/16",), False),
        ("::ffff:10.0.0.7", (), False),
        ("fe80::1%eth0", (), False),
        (None, (), False),  # from before it was noted
        (None, None, True),
    ],
)
def test_nobody_is_answered_from_where_they_may_not_fetch(
    journal: Journal, peer: str | None, networks: tuple[str, ...] | None, is_answered: bool
) -> None:
    first = submit(journal, "b1", range(1))
    fetch(journal, first, "b1", at=500.0, peer=peer)
    second = submit(journal, "b2", range(1), networks=networks)
    kept, _ = journal.reusable_results(second, 0.0, after_id=0)
    assert bool(kept) is is_answered
    [item] = lease(journal, second)
    found = journal.mark_leased([item.id], [(item.id, 0.0)])
    assert bool(found) is is_answered
    if found:  # whoever is answered answers in turn, by the same address
        succeed(journal, "b2", "p2", (item, Outcome(item.id, OutcomeKind.ANSWERED, reused=found[item.id])))
        third = submit(journal, "b3", range(1), networks=())
        assert bool(journal.reusable_results(third, 0.0, after_id=0)[0]) is (peer == "93.184.216.34")


def test_an_answer_is_as_old_as_the_fetch_behind_it(storage: Storage, journal: Journal) -> None:
    first = submit(journal, "b1", range(1))
    fetch(journal, first, "b1", at=500.0)
    second = submit(journal, "b2", range(1))
    [(item, result)] = journal.reusable_results(second, 0.0, after_id=0)[0]
    assert journal.mark_leased([item.id], [(item.id, 0.0)]) == {item.id: result}
    succeed(journal, "b2", "p2", (item, Outcome(item.id, OutcomeKind.ANSWERED, reused=result)))

    third = submit(journal, "b3", range(1))
    assert journal.reusable_results(third, 500.5, after_id=0) == ([], None)
    [(_, again)] = journal.reusable_results(third, 499.0, after_id=0)[0]
    assert again.fetched_at == 500.0
    with storage.reader() as reader:
        assert reader.batch("b2").n_answered == 1
        [attempt] = reader.attempts([item.id])[item.id]
        assert (attempt.kind, attempt.reason) == ("answered", f"as item {result.item_id} of batch b1 was")


def test_of_several_results_the_newest_answers(journal: Journal) -> None:
    for n, at in ((1, 500.0), (2, 700.0), (3, 600.0)):
        fetch(journal, submit(journal, f"b{n}", range(1)), f"b{n}", at=at)
    last = submit(journal, "b4", range(1))
    [(item, result)] = journal.reusable_results(last, 0.0, after_id=0)[0]
    assert result.batch_id == "b2"
    assert journal.mark_leased([item.id], [(item.id, 0.0)])[item.id].batch_id == "b2"


def test_a_batch_does_not_answer_itself(journal: Journal) -> None:
    batch = submit(journal, "b1", range(2))
    items = lease(journal, batch)
    succeed(journal, "b1", "p", (items[0], Outcome(items[0].id, OutcomeKind.FETCHED, started_at=5.0)))
    assert journal.reusable_results(batch, 0.0, after_id=0) == ([], None)
    assert journal.mark_leased([items[1].id], [(items[1].id, 0.0)]) == {}


def test_a_batch_that_was_over_long_ago_is_not_even_looked_at(journal: Journal) -> None:
    first = submit(journal, "b1", range(2))
    fetch(journal, first, "b1", at=500.0)
    journal.set_batch_state(first, BatchState.COMPLETED, finished_at=510.0)
    second = submit(journal, "b2", range(2))
    assert not result_reuse._may_have_results(connection_of(journal), second, 600.0)
    assert result_reuse._may_have_results(connection_of(journal), second, 505.0)


def test_a_long_list_is_looked_at_in_windows(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_reuse, "WINDOW_ITEMS", 3)
    fetch(journal, submit(journal, "b1", range(10)), "b1", at=500.0)
    second = submit(journal, "b2", range(8))
    found, after_id, n = [], 0, 0
    while after_id is not None:
        kept, after_id = journal.reusable_results(second, 0.0, after_id=after_id)
        found += [item.fingerprint for item, _ in kept]
        n += 1
    assert found == [f"f{k}" for k in range(8)]
    assert n == 3


def test_a_page_that_may_list_sets_is_needed_itself_where_its_batch_finds_sets(journal: Journal) -> None:
    lines = [
        Entry(n, f"http://a.test/{name}", "a.test", name)
        for n, name in enumerate(("url:feed", "url:next", "url:5", "mixesdb:1"), 1)
    ]
    first = made_journal.submit(journal, "b1", lines)
    fetch(journal, first, "b1", at=500.0)
    for batch_id, max_found, reused in (("b2", 0, {1, 2, 3, 4}), ("b3", 9, {3, 4})):
        options = BatchOptions(terms=BatchConfig(max_found=max_found))
        batch = made_journal.submit(journal, batch_id, [lines[0], lines[3]], options=options)
        page, _ = given = lease(journal, batch)
        found = tuple(
            FoundUrl(lines[n].url, "a.test", lines[n].fingerprint, is_list)
            for n, is_list in ((1, True), (2, False))
        )
        back = [change(item, ItemEvent.GIVE_BACK) for item in given]
        commit(journal, Changeset("L", back, found=[PageFound(page, found, False, 9, False)]))
        items = {
            item.id: item.fingerprint for item in journal.load_lane(batch, "a.test", after_id=0, limit=9)
        }
        wanted = {lines[n - 1].fingerprint for n in reused}
        kept, _ = journal.reusable_results(batch, 400.0, after_id=0)
        assert {item.fingerprint for item, _ in kept} == wanted
        at_lease = journal.mark_leased(items, [(item, 400.0) for item in items])
        assert {items[item] for item in at_lease} == wanted
