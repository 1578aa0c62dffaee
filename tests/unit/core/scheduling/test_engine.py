"""The engine and its judge in small: one lease, one report, what follows. In large: test_engine_simulated.py."""

from __future__ import annotations

import random

import pytest

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.domain import MAX_ROBOTS_FAILURES, MAX_ROBOTS_HOPS, MAX_ROBOTS_LOST
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.robots import REFETCH_AFTER_S, RobotsAnswer
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import Changeset, ItemChange, LaneDeath
from tlray.core.scheduling.crash_suspect import NO_ITEM, CrashSuspect
from tlray.core.scheduling.decide import MAX_HOPS, decide, decide_lost, give_back
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.granting import ROBOTS_PER_LEASE
from tlray.core.scheduling.lease import PartRecord, Report
from tlray.errors import InvariantBroken

K, E, S = OutcomeKind, ItemEvent, ItemState


def opened(domains: dict[str, int], *, has_robots: bool = True) -> tuple[Engine, Batch]:
    """Make an engine with one batch, all of it in memory."""
    engine, n = Engine(lease_s=30.0), sum(domains.values())
    book = Batch(
        1, "b1", "", Priority.NORMAL, BatchState.RUNNING, {S.QUEUED: n}, open_by_domain=dict(domains)
    )
    engine.open(book, domains, now=0.0)
    first = 1
    for lane in engine.frontier.wanting():
        ids = range(first, first + domains[lane.domain])
        items = [FrontierItem(i, 1, lane.domain, f"http://{lane.domain}/{i}", f"f{i}") for i in ids]
        engine.loaded(lane, items, last_id=first + len(items), is_last=True)
        first += len(items)
        if has_robots:
            engine.domains[lane.domain].apply_robots("", None, now=0.0)
    return engine, book


def leased(engine: Engine, n: int = 1, lease_id: str = "L") -> list[FrontierItem]:
    assert engine.grant(lease_id, n, now=0.0)
    return list(engine.leases[lease_id].items.values())


def judged(engine: Engine, *outcomes: Outcome, parts: tuple[PartRecord, ...] = ()) -> Changeset:
    return decide(engine, Report("L", 1, outcomes, parts), now=0.0, rng=random.Random(1))


def only(changeset: Changeset) -> ItemChange:
    [change] = changeset.changes
    return change


# -- what follows from an outcome ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "after", "reason"),
    [
        (Outcome(1, K.FETCHED), S.SUCCEEDED, None),
        (Outcome(1, K.NOT_BEGUN), S.QUEUED, None),
        (Outcome(1, K.TIMEOUT), S.WAITING, "timeout"),  # a retry
        (Outcome(1, K.UNAVAILABLE, status=503), S.WAITING, "unavailable: 503"),
        (Outcome(1, K.THROTTLED, status=429, reason="slow down"), S.WAITING, "throttled: slow down"),
        (Outcome(1, K.GONE, status=404), S.DEAD, "gone: 404"),
        (Outcome(1, K.ROBOTS), S.SKIPPED, "robots"),
        (Outcome(1, K.REDIRECTED, location="/2"), S.QUEUED, None),
        (Outcome(1, K.REDIRECTED, location="ftp://x/"), S.DEAD, "redirected to no good URL: scheme ftp: is not"),
        (Outcome(1, K.REDIRECTED, location="#same"), S.DEAD, "redirected in a loop"),  # to itself
    ],
)  # fmt: skip
def test_an_outcome_moves_its_item(outcome: Outcome, after: S, reason: str | None) -> None:
    engine, _ = opened({"a.test": 1})
    leased(engine)
    change = only(judged(engine, outcome))
    assert (change.before, change.after) == (S.LEASED, after)
    assert (change.reason or "").startswith(reason or "")
    assert (change.reason is None) == (reason is None)


def test_a_redirect_moves_the_item_to_its_new_domain_and_too_many_end_it() -> None:
    engine, book = opened({"a.test": 1})
    [item] = leased(engine)
    changeset = judged(engine, Outcome(1, K.REDIRECTED, location="http://b.test/x"))
    assert engine.apply(changeset, now=0.0) == []
    assert (item.domain, item.url, item.n_hops) == ("b.test", "http://b.test/x", 1)
    assert book.open_by_domain == {"a.test": 0, "b.test": 1}
    engine.check_invariants()
    item.n_hops = MAX_HOPS
    engine.end("L")
    engine.domains["b.test"].apply_robots("", None, now=0.0)
    leased(engine)
    change = only(judged(engine, Outcome(1, K.REDIRECTED, location="http://c.test/x")))
    assert (change.after, change.reason) == (S.DEAD, "redirected in a loop, last to http://c.test/x")


def test_an_outcome_that_is_told_twice_or_is_not_of_the_lease_changes_nothing() -> None:
    engine, _ = opened({"a.test": 1})
    leased(engine)
    changeset = judged(engine, Outcome(1, K.FETCHED), Outcome(1, K.GONE), Outcome(99, K.GONE))
    assert only(changeset).after is S.SUCCEEDED


def test_the_longest_cool_down_of_a_report_counts_and_the_domain_rests() -> None:
    engine, _ = opened({"127.0.0.1": 3})
    leased(engine, 3)
    changeset = judged(
        engine,
        Outcome(1, K.THROTTLED, retry_after_s=5.0),
        Outcome(2, K.THROTTLED, retry_after_s=60.0, status=429),
        Outcome(3, K.NOT_BEGUN, retry_after_s=20.0),
    )
    [cool] = changeset.cool_downs
    assert (cool.domain, cool.until, cool.reason) == ("127.0.0.1", 60.0, "throttled: 429")
    engine.apply(changeset, now=0.0)
    assert not engine.grant("M", 9, now=59.0)
    engine.check_invariants()
    for now in (5.0, 60.0):  # the shorter one changes nothing
        engine.tick(now)
    assert len(engine.grant("M", 9, now=60.0).items) == 3


def test_an_item_that_is_given_back_because_its_turn_is_far_off_gives_the_reason_before() -> None:
    engine, _ = opened({"a.test": 1})
    leased(engine)
    far = Outcome(1, K.NOT_BEGUN, retry_after_s=50.0)
    assert judged(engine, far).turns[0].reason == "its next turn is far off"
    engine.cool_down("a.test", 10.0, "blocked: captcha")
    assert judged(engine, far).turns[0].reason == "blocked: captcha"


def test_a_block_steps_the_domain_and_is_counted_in_the_books() -> None:
    engine, book = opened({"a.test": 2})
    leased(engine, 2)
    changeset = judged(engine, Outcome(1, K.BLOCKED, reason="captcha"))
    assert changeset.cool_downs[0].n_blocks == 1
    engine.apply(changeset, now=0.0)
    assert (book.n_blocked, engine.domains["a.test"].n_blocks) == (1, 1)


def test_what_a_cancelled_batch_still_brings_is_kept_and_the_rest_is_cancelled() -> None:
    engine, book = opened({"127.0.0.1": 2})
    leased(engine, 2)
    book.state = BatchState.CANCELLING
    changeset = judged(engine, Outcome(1, K.FETCHED, n_sets=1), Outcome(2, K.TIMEOUT))
    assert [c.after for c in changeset.changes] == [S.SUCCEEDED, S.CANCELLED]
    assert [c.after for c in decide_lost(engine, "L", "died").changes] == [S.CANCELLED] * 2
    assert [c.after for c in give_back(engine, "L").changes] == [S.CANCELLED] * 2


def test_a_lost_lease_spends_no_attempt_and_the_third_time_the_item_is_to_blame() -> None:
    engine, _ = opened({"a.test": 1})
    [item] = leased(engine)
    change = only(decide_lost(engine, "L", "worker died"))
    assert (change.after, change.n_lost, change.attempt, change.reason) == (S.QUEUED, 1, 1, "worker died")
    item.n_lost = 2
    change = only(decide_lost(engine, "L", "worker died"))
    assert (change.after, change.n_lost, change.reason) == (S.DEAD, 3, "kills its worker (worker died)")
    assert only(give_back(engine, "L")).event is E.GIVE_BACK


def test_a_part_is_named_by_the_items_whose_rows_or_page_it_holds() -> None:
    engine, book = opened({"127.0.0.1": 3})
    leased(engine, 3)
    mine, other = (PartRecord(b, "p1", 2, 30, 99, has_rows=True, has_pages=True) for b in ("b1", "b9"))
    outcomes = Outcome(1, K.FETCHED, n_sets=1), Outcome(2, K.GONE, raw=(0, 9)), Outcome(3, K.GONE)
    changeset = judged(engine, *outcomes, parts=(mine, other))
    assert [c.stem for c in changeset.changes] == ["p1", "p1", None]
    assert engine.apply(changeset, now=0.0) == [1]
    assert (book.n_sets, book.n_tracks) == (2, 30)  # the other batch is closed already


# -- leasing ---------------------------------------------------------------------------------------


def test_nothing_is_leased_before_robots_txt_is_known_but_the_errand_for_it() -> None:
    engine, _ = opened({"a.test": 2}, has_robots=False)
    work = engine.grant("L", 9, now=0.0)
    assert (work.items, [e.url for e in work.robots]) == ((), ["http://a.test/robots.txt"])
    assert not engine.grant("M", 9, now=0.0)  # not twice
    engine.end("L")  # lost with its worker
    assert len(engine.grant("M", 9, now=0.0).robots) == 1


def test_one_lease_gets_a_bounded_number_of_errands() -> None:
    n = ROBOTS_PER_LEASE + 3
    engine, _ = opened({f"{i}.test": 1 for i in range(n)}, has_robots=False)
    assert len(engine.grant("L", 999, now=0.0).robots) == ROBOTS_PER_LEASE
    assert len(engine.grant("M", 999, now=0.0).robots) == 3


def test_tasks_that_share_the_work_share_the_errands() -> None:
    engine, _ = opened({f"{i}.test": 1 for i in range(90)}, has_robots=False)
    assert [len(engine.grant(name, 999, now=0.0, n_leases=3).robots) for name in "LMN"] == [30, 30, 30]
    assert not engine.grant("L", 999, now=0.0, n_leases=3)


def answered(engine: Engine, **values: object) -> list[str]:
    answer = RobotsAnswer("a.test", **{"text": None, **values})  # type: ignore[arg-type]
    return [death.reason for death in engine.apply_robots(Report("L", 1, robots=(answer,)), now=0.0)]


def test_a_robots_txt_that_moved_is_followed_a_few_times_and_then_there_is_none() -> None:
    engine, _ = opened({"a.test": 1}, has_robots=False)
    for i in range(MAX_ROBOTS_HOPS):
        assert engine.grant("L", 9, now=0.0).robots
        assert answered(engine, location=f"http://b.test/{i}") == []
    [fetch_task] = engine.grant("L", 9, now=0.0).robots
    assert (fetch_task.of, fetch_task.domain, fetch_task.url) == (
        "a.test",
        "b.test",
        f"http://b.test/{MAX_ROBOTS_HOPS - 1}",
    )
    answered(engine, location="http://b.test/x")
    assert engine.domains["a.test"].robots_text == ""
    assert len(engine.grant("L", 9, now=0.0).items) == 1


def test_a_robots_txt_that_moved_to_nowhere_is_asked_for_where_it_was() -> None:
    engine, _ = opened({"a.test": 1}, has_robots=False)
    engine.grant("L", 9, now=0.0)
    answered(engine, location="ftp://x/")
    assert engine.grant("L", 9, now=0.0).robots[0].url == "http://a.test/robots.txt"


def test_a_robots_txt_that_cannot_be_had_ends_the_lane_in_the_end() -> None:
    engine, _ = opened({"a.test": 2}, has_robots=False)
    for i in range(MAX_ROBOTS_FAILURES):
        engine.domains["a.test"].rest_until = 0.0
        assert engine.grant("L", 9, now=0.0).robots
        deaths = answered(engine, reason="503")
        assert bool(deaths) == (i == MAX_ROBOTS_FAILURES - 1)
    assert deaths == ["robots.txt cannot be fetched: 503"]


def test_a_robots_txt_goes_stale_after_a_day() -> None:
    engine, _ = opened({"a.test": 9})
    assert engine.grant("L", 1, now=0.0).items
    work = engine.grant("L", 1, now=REFETCH_AFTER_S)
    assert not work.items
    assert len(engine.grant("L", 1, now=REFETCH_AFTER_S).robots or work.robots) == 1


def test_a_lease_lives_on_while_it_is_heard_of() -> None:
    engine, _ = opened({"a.test": 1})
    leased(engine)
    assert engine.renew("gone", now=0.0) is None
    assert engine.next_event() == 30.0
    assert engine.renew("L", now=10.0) is engine.leases["L"]
    assert (engine.expired(39.0), engine.expired(40.0)) == ([], ["L"])
    engine.leases["L"].is_committing = True  # what it brought is on its way into the journal
    assert engine.expired(99.0) == []
    assert engine.next_event() is None


def test_a_lease_that_is_to_end_gets_nothing_more() -> None:
    engine, _ = opened({"127.0.0.1": 500})
    leased(engine)
    engine.leases["L"].is_ending = True
    assert not engine.grant("L", 9, now=0.0)
    assert engine.leases["L"].until == 30.0


def test_an_item_that_may_kill_its_worker_is_all_that_its_lease_gets() -> None:
    engine, _ = opened({"127.0.0.1": 2})
    [item] = leased(engine)
    engine.apply(decide_lost(engine, "L", "died"), now=0.0)
    engine.end("L")
    item.n_lost = 1
    [item] = leased(engine)
    engine.apply(decide_lost(engine, "L", "died"), now=0.0)
    engine.end("L")
    assert item.n_lost == 2
    assert leased(engine, 9) == [item]
    assert engine.leases["L"].is_ending


# -- batches ---------------------------------------------------------------------------------------


def test_items_that_waited_before_a_restart_come_when_they_are_due() -> None:
    engine, book = opened({"a.test": 1})
    book.counts[S.WAITING] = 1
    book.open_by_domain["a.test"] = 2
    book.open_items.add(book.owner, 1)
    engine.wait(FrontierItem(9, 1, "a.test", "http://a.test/9", "f9"), due=5.0)
    engine.check_invariants()
    assert engine.next_event() == 5.0
    engine.tick(5.0)
    assert book.counts == {S.QUEUED: 2, S.WAITING: 0}
    engine.check_invariants()


def test_a_closed_batch_is_forgotten_and_its_robots_txt_too() -> None:
    engine, _ = opened({"a.test": 1})
    engine.close(1, now=0.0)
    assert (engine.batches, engine.domains["a.test"].robots_text) == ({}, None)
    assert not engine.grant("L", 9, now=0.0)
    assert repr(engine).startswith("<Engine 0 batches, 1 domains, 0 leases, <Frontier 0 lanes")


def test_cancelling_counts_what_is_queued_and_what_waits_and_leaves_what_is_leased() -> None:
    engine, book = opened({"127.0.0.1": 4, "127.0.0.2": 1})
    leased(engine, 2)
    engine.apply(judged(engine, Outcome(next(iter(engine.leases["L"].items)), K.TIMEOUT)), now=0.0)
    engine.pause(1, is_paused=True)
    book.state = BatchState.CANCELLING
    assert not engine.cancel_open(1, now=0.0)
    assert book.counts == {S.QUEUED: 0, S.LEASED: 1, S.WAITING: 0, S.CANCELLED: 4}
    engine.check_invariants()
    assert engine.apply(give_back(engine, "L"), now=0.0) == [1]


def test_books_that_do_not_balance_are_noticed() -> None:
    engine, book = opened({"a.test": 2})
    leased(engine)
    engine.check_invariants()
    book.counts[S.QUEUED] += 1
    with pytest.raises(InvariantBroken, match="2 queued in the books, 1 held"):
        engine.check_invariants()


def test_an_item_of_a_batch_that_is_closed_comes_to_nothing_when_it_is_due() -> None:
    engine, _ = opened({"a.test": 1})
    engine.close(1, now=0.0)
    engine.wait(FrontierItem(9, 1, "a.test", "http://a.test/9", "f9"), due=5.0)
    engine.tick(5.0)
    assert engine.frontier.next_due() is None
    assert not engine.grant("L", 9, now=5.0)


def test_a_shorter_cool_down_does_not_end_a_longer_one() -> None:
    engine, _ = opened({"a.test": 1})
    assert not engine.frontier.take(1, lambda _: 0)  # it has been parked
    for until in (60.0, 5.0):
        engine.cool_down("a.test", until, "blocked")
    engine.tick(5.0)
    assert engine.next_event() == 60.0
    assert engine.frontier.takeable_domains() == []
    engine.tick(60.0)
    assert engine.frontier.takeable_domains() == ["a.test"]


def test_a_robots_txt_that_comes_from_a_lease_that_was_not_asked_for_it_is_taken_all_the_same() -> None:
    engine, _ = opened({"a.test": 1}, has_robots=False)
    engine.grant("L", 9, now=0.0)
    answered(engine, text="")
    answered(engine, text="User-agent: *", crawl_delay_s=8.0)
    assert engine.domains["a.test"].effective.rate == 1 / 8


def test_cancelling_one_batch_leaves_what_is_leased_of_another() -> None:
    engine, first = opened({"127.0.0.1": 1})
    second = Batch(
        2, "b2", "", Priority.NORMAL, BatchState.RUNNING, {S.QUEUED: 1}, open_by_domain={"127.0.0.1": 1}
    )
    engine.open(second, {"127.0.0.1": 1}, now=0.0)
    leased(engine)
    second.state = BatchState.CANCELLING
    assert engine.cancel_open(2, now=0.0)
    assert (first.n_open, second.counts[S.CANCELLED]) == (1, 1)
    engine.check_invariants()


# -- who killed the worker ---------------------------------------------------------------------------


def test_a_loss_counts_against_the_item_that_was_being_read_and_against_no_other() -> None:
    engine, _ = opened({"a.test": 3})
    engine.domains["a.test"].policy = DomainPolicy(rate=100.0)
    leased(engine, 3)
    engine.apply(decide_lost(engine, "L", "worker died", CrashSuspect(item_id=2)), now=0.0)
    engine.end("L")
    engine.check_invariants()
    alone = engine.grant("M", 9, now=0.0).items
    assert [leased_item.item_id for leased_item in alone] == [2], (
        "the suspect is leased alone, after one loss"
    )
    others = list(engine.grant("N", 9, now=0.0).items)
    assert {leased_item.item_id for leased_item in others} == {1, 3}
    assert [engine.leases["N"].items[i].n_lost for i in (1, 3)] == [0, 0]


def test_where_nothing_was_read_a_loss_counts_against_those_that_had_begun() -> None:
    engine, _ = opened({"a.test": 3})
    leased(engine, 3)
    lost = decide_lost(engine, "L", "worker died", CrashSuspect(begun=frozenset({1, 3})))
    assert {c.item.id: c.n_lost for c in lost.changes} == {1: 1, 2: 0, 3: 1}
    assert not any(c.is_suspect for c in lost.changes), "one of many: it is leased with others once more"
    lost = decide_lost(engine, "L", "worker died", NO_ITEM)
    assert [c.n_lost for c in lost.changes] == [0, 0, 0]
    assert [c.after for c in lost.changes] == [S.QUEUED] * 3


def test_a_suspect_that_did_no_harm_alone_is_one_of_many_again() -> None:
    engine, _ = opened({"a.test": 2})
    engine.domains["a.test"].policy = DomainPolicy(rate=100.0)
    leased(engine, 2)
    engine.apply(decide_lost(engine, "L", "worker died", CrashSuspect(item_id=1)), now=0.0)
    engine.end("L")
    leased(engine, 1, "M")
    engine.apply(give_back(engine, "M"), now=0.0)
    engine.end("M")
    assert len(engine.grant("N", 9, now=0.0).items) == 2


def test_a_robots_txt_that_kills_its_readers_ends_its_domain_and_no_item_is_suspected() -> None:
    engine, _ = opened({"a.test": 2, "b.test": 1}, has_robots=False)
    deaths: list[LaneDeath] = []
    for n in range(MAX_ROBOTS_LOST):
        assert not deaths
        fetch_tasks = engine.grant(f"L{n}", 9, now=0.0).robots
        assert {fetch_task.of for fetch_task in fetch_tasks} == {"a.test", "b.test"}
        engine.apply(decide_lost(engine, f"L{n}", "worker died", CrashSuspect(robots_of="a.test")), now=0.0)
        deaths = engine.end(f"L{n}", suspect=CrashSuspect(robots_of="a.test"))
    assert deaths == [LaneDeath(1, "a.test", "its robots.txt kills the worker that reads it")]
    assert engine.end("L9", suspect=CrashSuspect(robots_of="nobody.test")) == []
