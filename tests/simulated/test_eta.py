"""When will a batch be done? The formula on small cases, and the truth of it in the simulated world."""

from __future__ import annotations

import math
import random

import pytest
from simulated.eta import table
from simulated.site import Site
from simulated.world import Chances, World

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchEvent, BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import DomainOverride
from tlray.core.politeness.throughput import Throughput
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.eta import remaining_s
from tlray.core.scheduling.snapshot import snapshot


def batch(n: int, priority: Priority = Priority.NORMAL, number: int = 1, domain: str = "a.test") -> Batch:
    counts = {ItemState.QUEUED: n}
    return Batch(number, f"b{number}", "", priority, BatchState.RUNNING, counts, open_by_domain={domain: n})


def seen(rate: float, per_s: float, *, latency_s: float | None = None, n_final: int = 0) -> DomainState:
    """A domain that was at work for a while."""
    state = DomainState("a.test", DomainPolicy(rate, concurrency=10))
    for i in range(200):
        state.throughput.n_final += n_final
        some = [Outcome(i, OutcomeKind.FETCHED, latency_s=latency_s), Outcome(0, OutcomeKind.NOT_BEGUN)]
        state.count(some, now=i / per_s)
    return state


@pytest.mark.parametrize(
    ("rival", "ahead"),
    [
        (batch(40, Priority.IMMEDIATE, 2), 50),  # all of what comes first
        (batch(40, Priority.NORMAL, 2), 20),  # they take turns
        (batch(4, Priority.NORMAL, 2), 14),
        (batch(40, Priority.LOW, 2), 10),
        (batch(40, Priority.IMMEDIATE, 2, "b.test"), 10),
    ],
)
def test_what_other_batches_have_before_it_counts(rival: Batch, ahead: int) -> None:
    own, domains = batch(10), {"a.test": DomainState("a.test", DomainPolicy(1.0))}
    assert remaining_s(own, domains, now=0.0, others_at=lambda _: [own, rival]) == ahead
    rival.state = BatchState.PAUSED
    assert remaining_s(own, domains, now=0.0, others_at=lambda _: [own, rival]) == 10


def test_a_domain_that_is_slower_than_it_may_be_is_taken_as_it_is() -> None:
    left_s = remaining_s(batch(100), {"a.test": seen(10.0, 1.0, n_final=1)}, now=200.0)
    assert left_s == pytest.approx(100, rel=0.03)


def test_retries_and_rests_count() -> None:
    pace = Throughput()
    for i in range(1, 101):
        pace.n_final += i % 2
        pace.count([Outcome(i, OutcomeKind.TIMEOUT)], now=10.0 * i, rate=1.0, cool_until=10.0 * i - 5)
    assert pace.fetches_per_item == pytest.approx(2.0, abs=0.15)
    assert pace.rest_s_per_item == pytest.approx(10.0, rel=0.05)
    assert pace.per_s(1.0) == pytest.approx(0.2, abs=0.03)


def test_without_a_ceiling_the_domains_share_what_was_seen_within_their_slots() -> None:
    domains = {"a.test": seen(math.inf, 10.0, n_final=1)}
    assert remaining_s(batch(100), domains, now=20.0) == pytest.approx(10, rel=0.05)
    assert DomainState("b.test", DomainPolicy(math.inf)).throughput.per_s(math.inf) is None
    fresh = {"a.test": DomainState("a.test", DomainPolicy(math.inf))}
    assert remaining_s(batch(100), fresh, now=20.0) is None
    fresh["a.test"].cool_down(50.0, "throttled")
    assert remaining_s(batch(100), fresh, now=20.0) == 30.0


def test_the_last_backoff_is_waited_for() -> None:
    engine = Engine()
    own = batch(2)
    own.politeness = type(own.politeness)(rates={"a.test": (1.0, 1.0)})
    own.counts = {ItemState.WAITING: 2}
    engine.open(own, {"a.test": 0}, now=0.0)
    for n, due in enumerate((90.0, 60.0)):
        engine.wait(FrontierItem(n, 1, "a.test", "", ""), due)
    engine.frontier.wait(FrontierItem(9, 7, "a.test", "", ""), 500.0)
    assert engine.remaining_s(1, now=10.0) == 80.0
    told = snapshot(own, engine.domains, now=10.0, wall=1_000.0, ahead=engine.outlook(1, now=10.0))
    assert told["estimated_completion"] == 1_080.0


def test_while_kept_results_may_answer_it_nobody_knows() -> None:
    own, domains = batch(40), {"a.test": DomainState("a.test", DomainPolicy(0.5))}
    own.is_matching = True
    assert remaining_s(own, domains, now=0.0) is None
    own.is_matching = False
    own.n_reusing = 3  # a task copies their rows
    assert remaining_s(own, domains, now=0.0) is None
    own.n_reusing = 0
    assert remaining_s(own, domains, now=0.0) == 80


def test_what_was_done_in_a_blink_says_nothing() -> None:
    own, domains = batch(200), {"a.test": DomainState("a.test", DomainPolicy(math.inf))}
    own.move(ItemState.QUEUED, ItemState.LEASED, "a.test", now=0.0, n=20)
    own.move(ItemState.LEASED, ItemState.SUCCEEDED, "a.test", now=1.0, n=4)
    assert remaining_s(own, domains, now=1.2) is None
    assert remaining_s(own, domains, now=2.0) == 49


@pytest.mark.parametrize("seed", range(20))
def test_no_batch_ends_before_the_moment_that_its_ceilings_allow(seed: int) -> None:
    """Pages that are all fetched, each of its own domain's policy; the clocks of all are the simulator's."""
    r = random.Random(seed)
    names = [f"{n}.test" for n in range(r.randint(1, 4))]
    rates = {name: (r.choice([0.125, 0.5, 2.0, 5.0]), r.choice([1.0, 3.0])) for name in names}
    with World(seed, [Site(name, latency_s=r.choice([0.05, 1.0])) for name in names], rates=rates) as world:
        book = world.submit({name: r.randint(1, 40) for name in names})
        promises = []
        while not book.state.is_final:
            world.step()
            least_s = world.engine.outlook(book.id, now=world.loop.now).least_s if book.n_open else None
            if least_s is not None:
                promises.append(world.loop.now + least_s)
        assert promises
        assert max(promises) <= world.loop.now


# -- after a silence -----------------------------------------------------------------------------------

LOCAL, SLOW = "127.0.0.1:1", "a.test"  # no ceiling; one a second


def world_of(name: str) -> World:
    return World(1, [Site(name, latency_s=1.0)], rates={SLOW: (1.0, 1.0)})


def left_s(world: World, book: Batch) -> float | None:
    return world.engine.remaining_s(book.id, now=world.loop.now)


def go_on(world: World, book: Batch, share: float) -> None:
    world.until(lambda: 1 - book.n_open / book.total >= share)


def quiet(world: World, for_s: float) -> None:
    world.run(at_least_until=world.loop.now + for_s)


def true_left_s(world: World, book: Batch) -> float:
    since = world.loop.now
    go_on(world, book, 1.0)
    return world.loop.now - since


@pytest.mark.parametrize("quiet_s", [5.0, 60.0, 3_600.0])
@pytest.mark.parametrize(("name", "sizes"), [(LOCAL, (5, 1_000)), (SLOW, (20, 20)), (SLOW, (1, 1, 1, 20))])
@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_domain_that_had_nothing_to_do_was_not_slow(
    name: str, sizes: tuple[int, ...], quiet_s: float, share: float
) -> None:
    world = world_of(name)
    for n in sizes[:-1]:
        world.submit({name: n})
        quiet(world, quiet_s)
    last = world.submit({name: sizes[-1]})
    if name == SLOW:
        assert left_s(world, last) == pytest.approx(20, rel=0.1)
    go_on(world, last, share)
    told = left_s(world, last)
    assert told == pytest.approx(true_left_s(world, last), rel=0.25)


@pytest.mark.parametrize("override", [False, True])
def test_the_time_in_which_it_was_paused_is_no_slowness(override: bool) -> None:
    world = world_of(SLOW)
    book = world.submit({SLOW: 40})
    go_on(world, book, 0.25)
    if override:
        world.engine.registry.set_override(SLOW, DomainOverride(is_paused=True))
        assert left_s(world, book) is None
    else:
        world.control(book, BatchEvent.PAUSE)
    world.go_on(600)
    assert 1 <= book.n_open <= 30
    if override:
        world.engine.registry.set_override(SLOW, DomainOverride())
    else:
        world.control(book, BatchEvent.RESUME)
    go_on(world, book, 0.5)
    told = left_s(world, book)
    assert told == pytest.approx(true_left_s(world, book), rel=0.1)


def test_the_rest_of_a_domain_counts_though_nothing_else_is_to_be_done_there() -> None:
    pace = Throughput()
    pace.begin(now=0.0, cool_until=-math.inf)
    pace.count([Outcome(1, OutcomeKind.THROTTLED)], now=10.0, rate=1.0, cool_until=-math.inf)
    pace.begin(now=500.0, cool_until=40.0)
    assert pace.rested_s == 30.0
    pace.begin(now=900.0, cool_until=700.0)
    pace.count([Outcome(1, OutcomeKind.FETCHED)], now=901.0, rate=1.0, cool_until=700.0)
    assert (pace.rested_s, pace.per_s(1.0)) == (30.0, 1.0)


def test_a_domain_whose_items_come_from_the_journal_is_at_work_meanwhile() -> None:
    # it reads some hundreds at a time from a slow disk, and is starved in between
    world = World(1, [Site(LOCAL, latency_s=0.5)], chances=Chances(write_s=0.3))
    book = world.submit({LOCAL: 3_000})
    go_on(world, book, 0.5)
    told = left_s(world, book)
    assert told == pytest.approx(true_left_s(world, book), rel=0.1)


def assert_near(found: dict[float, tuple[float, float]], *, slack: float = 1.0) -> None:
    for progress, at_most in ((0.1, 0.10), (0.5, 0.08), (0.9, 0.08)):
        ours, naive = found[progress]
        assert ours <= slack * at_most, (progress, found)
        assert ours < naive / 3


@pytest.mark.costly
def test_estimates_of_three_batches_are_near_the_truth() -> None:
    # three that are over soon: a change that breaks the estimate is seen at once; the claim is held below
    assert_near(table((1, 15, 23)), slack=1.5)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_estimates_are_near_the_truth_over_thirty_batches() -> None:
    assert_near(table(range(30)))
