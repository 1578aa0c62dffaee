"""What is kept is not fetched again, and what two batches want is fetched once."""

from __future__ import annotations

import random

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind, ReusableResult
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import LaneDeath
from tlray.core.scheduling.decide import decide, decide_lost, give_back
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Report
from tlray.core.scheduling.result_reuse import KEPT_PER_GRANT, MAX_UNANSWERED

K, S = OutcomeKind, ItemState
DAY_S = 86_400.0


def kept(item: int) -> ReusableResult:
    return ReusableResult("earlier", "p", 1_000 + item, fetched_at=5.0)


def opened(
    engine: Engine, n: int, *, batch: int = 1, is_matching: bool = False, fresh_for_s: float = DAY_S
) -> Batch:
    """Open a batch of ``n`` pages of one domain; page k of every batch is the same one."""
    book = Batch(
        batch, f"b{batch}", "", Priority.NORMAL, BatchState.RUNNING, {S.QUEUED: n}, open_by_domain={"a.test": n},
        politeness=PolitenessOptions(rates={"a.test": (100.0, 1.0)}), fresh_for_s=fresh_for_s, is_matching=is_matching,
    )  # fmt: skip
    engine.open(book, {"a.test": n}, now=0.0)
    engine.domains["a.test"].apply_robots("", None, now=0.0)
    if not is_matching:
        load(engine)
    return book


def items_of(batch: int, n: int) -> list[FrontierItem]:
    return [FrontierItem(100 * batch + k, batch, "a.test", f"http://a.test/{k}", f"f{k}") for k in range(n)]


def load(engine: Engine) -> None:
    """Give the lanes what the journal has queued: nothing that is leased or final."""
    for lane in engine.frontier.wanting():
        items = items_of(lane.batch, lane.n_stored)
        engine.loaded(lane, items, last_id=1_000_000, is_last=True)


def offer(engine: Engine, book: Batch, items: list[FrontierItem]) -> bool:
    ticket = engine.reuse.ticket(book.id)
    return engine.reuse.offer(book.id, [(item, kept(item.id)) for item in items], ticket)


def report(engine: Engine, lease_id: str, number: int, *outcomes: Outcome) -> list[int]:
    changeset = decide(engine, Report(lease_id, number, outcomes), now=1.0, rng=random.Random(1))
    empty = engine.apply(changeset, now=1.0)
    engine.check_invariants()
    return empty


def answered(item: FrontierItem) -> Outcome:
    return Outcome(item.id, K.ANSWERED, reused=kept(item.id), n_sets=1)


# -- a batch that begins -----------------------------------------------------------------------------


def test_a_batch_that_is_being_answered_leases_nothing_else() -> None:
    engine = Engine()
    opened(engine, 3, is_matching=True)
    assert not engine.frontier.wanting()
    assert not engine.grant("L", 9, now=0.0)
    engine.pause(1, is_paused=False)  # a person's word does not hurry it
    assert not engine.grant("L", 9, now=0.0)


def test_an_answer_spends_no_permit_and_asks_nothing_of_the_domain() -> None:
    engine = Engine()
    book = opened(engine, 3, is_matching=True)
    engine.domains["a.test"].cool_down(9_999.0, "blocked")
    items = items_of(1, 2)
    assert offer(engine, book, items)
    assert engine.demand(0.0).has_more

    work = engine.grant("L", 0, now=0.0)
    assert [leased.reused for leased in work.items] == [kept(item.id) for item in items]
    assert not work.domains
    engine.check_invariants()
    assert engine.domains["a.test"].n_leased == 0
    assert book.counts == {S.QUEUED: 1, S.LEASED: 2}

    assert not report(engine, "L", 1, *map(answered, items))
    assert (book.counts[S.SUCCEEDED], book.n_answered) == (2, 2)
    assert engine.domains["a.test"].throughput.n_final == 0, "no fetch made it final"


def test_what_is_not_answered_is_fetched_when_all_answers_are_in() -> None:
    engine = Engine()
    book = opened(engine, 3, is_matching=True)
    offer(engine, book, items_of(1, 2))
    engine.grant("L", 0, now=0.0)
    engine.matching_done(1)
    assert engine.remaining_s(1, now=0.0) is None, (
        "a task has the rows of two, and who knows if they are there"
    )
    report(engine, "L", 1, *map(answered, items_of(1, 2)))
    assert engine.remaining_s(1, now=0.0) == 1 / engine.domains["a.test"].ceiling.rate
    [lane] = engine.frontier.wanting()
    engine.loaded(lane, items_of(1, 3)[2:], last_id=102, is_last=True)
    [leased] = engine.grant("L", 9, now=0.0).items
    assert (leased.item_id, leased.reused) == (102, None)
    assert report(engine, "L", 2, Outcome(102, K.FETCHED)) == [1]


def test_a_batch_that_kept_results_answer_whole_is_done_without_a_fetch() -> None:
    engine = Engine()
    book = opened(engine, 2, is_matching=True)
    offer(engine, book, items_of(1, 2))
    engine.grant("L", 0, now=0.0)
    assert report(engine, "L", 1, *map(answered, items_of(1, 2))) == [1]


def test_a_task_is_given_no_more_answers_than_it_can_hold() -> None:
    engine = Engine()
    book = opened(engine, KEPT_PER_GRANT + 1, is_matching=True)
    offer(engine, book, items_of(1, KEPT_PER_GRANT + 1))
    assert len(engine.grant("L", 0, now=0.0).items) == KEPT_PER_GRANT
    assert engine.reuse.n_offered == 1


def test_kept_rows_that_are_gone_send_the_item_back_and_at_last_to_its_site() -> None:
    engine = Engine()
    book = opened(engine, 1, is_matching=True)
    [item] = items_of(1, 1)
    offer(engine, book, [item])
    engine.grant("L", 0, now=0.0)
    report(engine, "L", 1, Outcome(item.id, K.NOT_BEGUN, reused=kept(item.id)))
    engine.matching_done(1)
    for n in range(1, MAX_UNANSWERED + 1):
        work = engine.grant("L", 9, now=0.0)
        may = engine.reuse.reuse_candidates(work.items, engine.leases["L"], wall=DAY_S + 7)
        assert may == ([(item.id, 7.0)] if n < MAX_UNANSWERED else [])
        if may:
            report(engine, "L", n + 1, Outcome(item.id, K.NOT_BEGUN, reused=kept(item.id)))
    assert report(engine, "L", 9, Outcome(item.id, K.FETCHED)) == [1]


def test_a_lost_task_gives_its_answers_back() -> None:
    engine = Engine()
    book = opened(engine, 2, is_matching=True)
    offer(engine, book, items_of(1, 2))
    engine.grant("L", 0, now=0.0)
    engine.apply(decide_lost(engine, "L", "worker died"), now=0.0)
    engine.end("L")
    engine.check_invariants()
    assert (book.counts[S.QUEUED], book.n_reusing) == (2, 0)
    engine.matching_done(1)
    assert len(engine.grant("M", 9, now=0.0).items) == 2


def test_what_was_cancelled_or_died_since_the_journal_was_read_is_not_offered() -> None:
    engine = Engine()
    book = opened(engine, 2, is_matching=True)
    ticket = engine.reuse.ticket(1)
    engine.kill_lane(LaneDeath(1, "a.test", "no robots.txt"), now=0.0, n_queued=2, n_waiting=0)
    assert not engine.reuse.offer(1, [(item, kept(item.id)) for item in items_of(1, 2)], ticket)
    assert book.counts[S.DEAD] == 2
    assert not engine.grant("L", 9, now=0.0)


def test_what_was_offered_of_a_lane_or_a_batch_is_forgotten_with_it() -> None:
    engine = Engine()
    first, second = opened(engine, 2, is_matching=True), opened(engine, 2, batch=2, is_matching=True)
    offer(engine, first, items_of(1, 2))
    offer(engine, second, items_of(2, 2))
    engine.reuse.drop(1, "another.test")
    assert engine.reuse.n_offered == 4
    assert engine.cancel_open(1, now=0.0)
    assert engine.reuse.n_offered == 2
    engine.close(1, now=0.0)
    assert [leased.batch_id for leased in engine.grant("L", 9, now=0.0).items] == ["b2", "b2"]


# -- two batches at once -----------------------------------------------------------------------------


def test_a_page_that_two_batches_want_is_leased_once() -> None:
    engine = Engine()
    one, two = opened(engine, 2), opened(engine, 2, batch=2)
    work = engine.grant("L", 9, now=0.0)
    assert len({leased.fingerprint for leased in work.items}) == len(work.items) == 2
    engine.check_invariants()
    assert not engine.grant("M", 9, now=0.0), "their twins wait"

    ids = {leased.item_id for leased in work.items}
    report(engine, "L", 1, *(Outcome(i, K.FETCHED) for i in ids))
    twins = engine.grant("L", 9, now=1.0).items
    assert {leased.item_id for leased in twins} == {100, 101, 200, 201} - ids
    may = engine.reuse.reuse_candidates(twins, engine.leases["L"], wall=DAY_S + 7)
    assert {item for item, _ in may} == {leased.item_id for leased in twins}
    assert one.n_open + two.n_open == 2


def test_a_domain_whose_one_probe_was_a_twin_has_another_turn() -> None:
    """Redirects bring one page to two domains. Found by story 354: the second one was never asked for anything again."""
    engine = Engine()
    for batch, domain, pages in ((1, "a.test", [0]), (2, "b.test", [0, 1])):
        book = Batch(
            batch, f"b{batch}", "", Priority.NORMAL, BatchState.RUNNING, {S.QUEUED: len(pages)},
            open_by_domain={domain: len(pages)}, fresh_for_s=DAY_S,
        )  # fmt: skip
        engine.open(book, {domain: len(pages)}, now=0.0)
        engine.domains[domain].apply_robots("", None, now=0.0)
        (lane,) = engine.frontier.wanting()
        items = [FrontierItem(batch * 100 + k, batch, domain, f"http://{domain}/{k}", f"f{k}") for k in pages]
        engine.loaded(lane, items, last_id=1_000, is_last=True)
    engine.domains["b.test"].breaker.open_since = 0.0  # one at a time
    assert [leased.item_id for leased in engine.grant("L", 9, now=0.0).items] == [100]
    assert [leased.item_id for leased in engine.grant("L", 9, now=0.1).items] == [201]
    engine.check_invariants()


def test_a_twin_has_its_turn_whatever_came_of_the_first() -> None:
    for outcome in (K.GONE, K.TIMEOUT, K.NOT_BEGUN):
        engine = Engine()
        opened(engine, 1)
        opened(engine, 1, batch=2)
        [first] = engine.grant("L", 9, now=0.0).items
        report(engine, "L", 1, Outcome(first.item_id, outcome))
        [second] = engine.grant("L", 9, now=1.0).items
        assert (second.batch_id != first.batch_id) or outcome is K.NOT_BEGUN
        engine.check_invariants()


def test_a_batch_that_wants_every_page_fetched_waits_for_no_twin() -> None:
    engine = Engine()
    opened(engine, 1, fresh_for_s=0.0)
    opened(engine, 1, batch=2, fresh_for_s=0.0)
    work = engine.grant("L", 9, now=0.0)
    assert [leased.fingerprint for leased in work.items] == ["f0", "f0"]
    assert not engine.reuse.reuse_candidates(work.items, engine.leases["L"], wall=0.0)
    report(engine, "L", 1, *(Outcome(leased.item_id, K.FETCHED) for leased in work.items))


def test_a_twin_of_a_batch_that_is_cancelled_meanwhile_does_not_come_back() -> None:
    engine = Engine()
    one, two = opened(engine, 1), opened(engine, 1, batch=2)
    [first] = engine.grant("L", 9, now=0.0).items
    other = two if first.batch_id == "b1" else one
    assert engine.cancel_open(other.id, now=0.0)
    engine.check_invariants()
    report(engine, "L", 1, Outcome(first.item_id, K.FETCHED))
    assert not engine.grant("L", 9, now=1.0)


def test_a_twin_whose_lane_died_and_was_revived_meanwhile_is_there_once() -> None:
    engine = Engine()
    one, two = opened(engine, 1), opened(engine, 1, batch=2)
    [first] = engine.grant("L", 9, now=0.0).items
    other = two if first.batch_id == "b1" else one
    engine.kill_lane(LaneDeath(other.id, "a.test", "gone"), now=0.0, n_queued=1, n_waiting=0)
    engine.revive(other.id, {"a.test": 1}, now=0.0)
    report(engine, "L", 1, Outcome(first.item_id, K.FETCHED))
    load(engine)
    assert len(engine.grant("L", 9, now=1.0).items) == 1
    engine.check_invariants()


def test_given_back_in_order_a_twin_pair_is_whole_again() -> None:
    engine = Engine()
    opened(engine, 1)
    opened(engine, 1, batch=2)
    engine.grant("L", 9, now=0.0)
    engine.apply(give_back(engine, "L"), now=0.0)
    engine.end("L")
    engine.check_invariants()
    assert len(engine.grant("M", 9, now=0.0).items) == 1
