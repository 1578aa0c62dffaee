"""Domains that nobody has anything to do with are forgotten, and no sooner than the site's promises allow; work of others costs
nothing."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import pytest
from simulated.crowd import Crowd

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.override import DomainOverride
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.decide import decide
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.eta import Outlook
from tlray.core.scheduling.eviction import HISTORY_S, SETTLED_S
from tlray.core.scheduling.lease import Report
from tlray.core.scheduling.snapshot import snapshot


def opened(
    engine: Engine, batch: int, names: list[str], n_each: int = 1, *, now: float = 0.0, rate: float = 1.0
) -> Batch:
    """Open a batch, all of it in memory; no robots.txt is known."""
    n = n_each * len(names)
    book = Batch(
        batch, f"b{batch}", "", Priority.NORMAL, BatchState.RUNNING, {ItemState.QUEUED: n},
        PolitenessOptions(rates=dict.fromkeys(names, (rate, 1.0))), open_by_domain=dict.fromkeys(names, n_each),
    )  # fmt: skip
    engine.open(book, dict.fromkeys(names, n_each), now=now)
    load(engine)
    return book


def load(engine: Engine) -> None:
    while lanes := engine.frontier.wanting():
        for lane in lanes:
            made = (f"{lane.batch}.{lane.domain}.{i}" for i in range(lane.n_stored))
            items = [
                FrontierItem(hash(name), lane.batch, lane.domain, f"http://{lane.domain}/{name}", name)
                for name in made
            ]
            engine.loaded(lane, items, last_id=1, is_last=True)


def held(engine: Engine) -> dict[str, Any]:
    """Return everything in an engine that still names a domain."""
    frontier, registry = engine.frontier, engine.registry
    places: dict[str, Any] = {
        "domains": engine.domains, "domain_index": engine.domain_index._at, "strangers": engine.unrecalled,
        "robots": list(engine.robots_queue), "idle": engine.eviction._idle_since, "due": engine.eviction._due,
        "errands": engine.eviction._robots_requests, "lanes": frontier._lanes, "batches": frontier._by_batch,
        "hungry": frontier._hungry, "parked": frontier._parked, "by_domain": frontier._by_domain,
        "waiting": frontier._waiting.n_of, "restless": registry._changed, "closed": frontier._closed,
        "news": engine.give_up._news, "timers": engine.timers, "at_work": engine._granting._census._at_work,
        "named": engine.by_batch_id,
    }  # fmt: skip
    return {place: found for place, found in places.items() if found}


@pytest.mark.parametrize("faults", [0.0, 0.1])
def test_an_hour_after_a_batch_of_5000_domains_the_engine_holds_nothing_of_them(faults: float) -> None:
    crowd = Crowd(5_000, 5_000, faults=faults)
    crowd.run()
    engine, now = crowd.engine, crowd.now
    engine.close(1, now=now)
    assert len(engine.domains) == 5_000
    while engine.next_event() is not None:
        now = max(now, engine.next_event() or now)
        engine.tick(now)
        engine.give_up.deaths(now)
        engine.registry.changed(now=now, is_current=lambda _: True)
        engine.forget_idle(now)
    assert held(engine) == {}
    assert now < crowd.now + HISTORY_S + 60


def test_a_domain_is_remembered_for_its_politeness_window() -> None:
    engine = Engine()
    opened(engine, 1, ["a.test"], rate=0.01)
    engine.cancel_open(1, now=5.0)
    engine.close(1, now=5.0)
    assert engine.next_event() == 5.0 + SETTLED_S
    assert not engine.forget_idle(104.9 + SETTLED_S)
    assert engine.next_event() == pytest.approx(105.0 + SETTLED_S)
    assert repr(engine.eviction) == "<Forgetting 1 idle domains>"
    assert engine.forget_idle(105.0 + SETTLED_S) == {"a.test"}
    assert held(engine) == {}


def test_a_domain_that_rests_is_remembered_until_then() -> None:
    engine = Engine()
    opened(engine, 1, ["a.test"])
    engine.cool_down("a.test", 7_200.0, "blocked")
    engine.cancel_open(1, now=5.0)
    engine.close(1, now=5.0)
    for now in (100.0, 7_199.0):
        assert not engine.forget_idle(now)
    opened(engine, 2, ["a.test"], now=7_199.0)
    assert engine.domains["a.test"].cool_reason == "blocked"
    engine.cancel_open(2, now=7_199.0)
    engine.close(2, now=7_199.0)
    assert engine.forget_idle(7_220.0) == {"a.test"}


def test_what_a_site_has_shown_and_the_journal_does_not_keep_is_remembered_for_an_hour() -> None:
    engine = Engine()
    opened(engine, 1, ["a.test", "b.test"])
    engine.domains["a.test"].n_throttles = 2
    engine.domains["b.test"].adaptive.rate = 0.3
    engine.cancel_open(1, now=0.0)
    engine.close(1, now=0.0)
    assert not engine.forget_idle(HISTORY_S - 1)
    assert engine.forget_idle(HISTORY_S) == {"a.test", "b.test"}


def test_a_domain_that_comes_back_stays_and_its_next_idle_time_counts_from_its_next_end() -> None:
    engine = Engine()
    opened(engine, 1, ["a.test"])
    engine.cancel_open(1, now=0.0)
    engine.close(1, now=0.0)
    state = engine.domains["a.test"]
    opened(engine, 2, ["a.test"], now=5.0)
    assert not engine.forget_idle(60.0)
    assert engine.domains["a.test"] is state
    engine.check_invariants()
    assert repr(engine.domain_index) == "<Presence at 1 domains>"
    for now in (60.0, 65.0):  # told twice
        engine.cancel_open(2, now=now)
        engine.close(2, now=now)
        opened(engine, 2, ["a.test"], now=now)
    engine.cancel_open(2, now=65.0)
    engine.close(2, now=65.0)
    assert not engine.forget_idle(75.5)
    assert engine.forget_idle(76.0) == {"a.test"}


def test_a_domain_whose_robots_txt_is_on_its_way_is_not_forgotten() -> None:
    engine = Engine()
    opened(engine, 1, ["a.test"])
    assert engine.grant("L", 9, now=0.0).robots
    engine.cancel_open(1, now=0.0)
    engine.close(1, now=0.0)
    for now in (20.0, 50.0):
        assert not engine.forget_idle(now)
    engine.renew("L", now=50.0)
    engine.apply_robots(Report("L", 1, robots=(RobotsAnswer("a.test", ""),)), now=50.0)
    assert not engine.forget_idle(61.0)  # it was fetched since: its window begins now
    assert not engine.forget_idle(71.0)
    assert engine.forget_idle(72.0) == {"a.test"}


def test_a_domain_that_another_ones_robots_txt_is_fetched_from_is_not_forgotten() -> None:
    engine = Engine()
    opened(engine, 1, ["a.test"])
    engine.grant("L", 9, now=0.0)
    moved = RobotsAnswer("a.test", None, location="http://b.test/robots.txt")
    engine.apply_robots(Report("L", 1, robots=(moved,)), now=0.0)
    assert engine.grant("L", 9, now=0.0).robots[0].domain == "b.test"
    assert "b.test" in engine.unrecalled
    engine.registry.recalled(["b.test", "c.test"])
    for now in (20.0, 40.0):
        assert not engine.forget_idle(now)
        engine.check_invariants()
    engine.apply_robots(Report("L", 2, robots=(RobotsAnswer("a.test", ""),)), now=41.0)
    assert not engine.forget_idle(52.0)
    assert engine.forget_idle(64.0) == {"b.test"}
    assert "a.test" in engine.domains


def test_a_robots_txt_that_waits_for_its_batch_or_its_domain_is_fetched_as_soon_as_it_may_be() -> None:
    engine = Engine()
    book = opened(engine, 1, ["a.test"])
    book.state = BatchState.PAUSED
    engine.pause(1, is_paused=True)
    assert not engine.grant("L", 9, now=0.0)
    assert engine.robots_queue.n_awake == 0
    book.state = BatchState.RUNNING
    engine.pause(1, is_paused=False)
    engine.registry.set_override("a.test", DomainOverride(is_paused=True))
    assert not engine.grant("L", 9, now=0.0)
    engine.registry.set_override("a.test", DomainOverride())
    assert engine.grant("L", 9, now=0.0).robots
    engine.robots_queue["a.test"] = None  # wanted once more, while it is on its way
    assert not engine.demand(1.0).has_more
    assert "a.test" not in engine.robots_queue


def test_a_domain_that_is_paused_in_the_midst_of_its_work_is_not_at_work() -> None:
    engine = Engine()
    opened(engine, 1, ["a.test"])
    engine.domains["a.test"].apply_robots("", None, now=0.0)
    engine.demand(0.0)
    assert engine._granting._census._at_work == {"a.test"}
    engine.registry.set_override("a.test", DomainOverride(is_paused=True))
    engine.demand(1.0)
    assert engine._granting._census._at_work == set()


def test_a_rest_that_ends_after_its_domain_was_forgotten_ends_nothing() -> None:
    engine = Engine()
    opened(engine, 1, ["a.test"])
    engine.cool_down("a.test", 500.0, "its next turn is far off")
    engine.domains["a.test"].rest_until = 0.0
    engine.cancel_open(1, now=0.0)
    engine.close(1, now=0.0)
    assert engine.forget_idle(20.0)
    engine.tick(500.0)
    assert held(engine) == {}


def n_calls(action: Callable[[], object]) -> int:
    """Count the function calls that something makes: what it costs, whatever else the machine does."""
    n = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal n
        n += event == "call"

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return n


class _Users:
    """A small batch at work, with two tasks; alone, or beside one of many domains."""

    def __init__(self, n_others: int, *, has_robots: bool) -> None:
        self.engine, self.now, self.number = Engine(), 1_000.0, 0
        self.rng = random.Random(1)
        mine = [f"m{i}.test" for i in range(20)]
        others = [f"d{i}.test" for i in range(n_others)]
        opened(self.engine, 1, mine, 50, now=self.now)
        if others:
            opened(self.engine, 2, others, 2, now=self.now)
        for name in (*mine, *(others if has_robots else ())):
            self.engine.domains[name].apply_robots("", None, now=self.now)

    def report(self, lease_id: str) -> None:
        engine, self.number = self.engine, self.number + 1
        if (lease := engine.leases.get(lease_id)) is not None:
            outcomes = tuple(
                Outcome(i, OutcomeKind.FETCHED, n_sets=1, latency_s=0.1) for i in list(lease.items)[:20]
            )
            robots = tuple(RobotsAnswer(name, "") for name in list(lease.robots)[:20])
            report = Report(lease_id, self.number, outcomes, robots=robots)
            engine.apply(decide(engine, report, now=self.now, rng=self.rng), now=self.now)
            engine.apply_robots(report, now=self.now)
        load(engine)
        engine.grant(lease_id, 20, now=self.now, n_leases=2)

    def round(self) -> None:
        self.now += 0.3
        self.report("L1")
        self.report("L2")
        engine = self.engine
        engine.tick(self.now)
        engine.give_up.deaths(self.now)
        engine.registry.changed(now=self.now, is_current=lambda _: True)
        engine.demand(self.now)
        engine.next_event()
        engine.expired(self.now)
        engine.remaining_s(1, now=self.now)
        snapshot(engine.batches[1], engine.domains, now=self.now, wall=0.0, ahead=Outlook(1.0))
        engine.pause(1, is_paused=True)
        engine.pause(1, is_paused=False)

    def end_of_a_batch(self) -> None:
        opened(self.engine, 3, ["m1.test", "d1.test"], now=self.now)
        self.engine.cancel_open(3, now=self.now)
        self.engine.close(3, now=self.now)

    def cost(self) -> int:
        for _ in range(3):
            self.round()
        return max(n_calls(self.round) for _ in range(6)) + n_calls(self.end_of_a_batch)


@pytest.mark.costly
@pytest.mark.parametrize("has_robots", [True, False])
def test_what_a_report_and_a_status_cost_does_not_grow_with_the_domains_of_other_batches(
    has_robots: bool,
) -> None:
    alone = _Users(0, has_robots=True).cost()
    few, many = (_Users(n, has_robots=has_robots).cost() for n in (2_000, 30_000))
    assert many < 1.5 * few
    assert many < 8 * alone + 20_000
