"""What a person sets for a domain stands before what batches say, and under what robots.txt asks for."""

from __future__ import annotations

import math

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import DomainOverride
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.snapshot import snapshot

FREE = DomainPolicy(rate=math.inf, concurrency=32, burst=5.0)


def test_a_rate_stands_in_the_place_of_the_batches_and_is_kept_to_without_bursts() -> None:
    state = DomainState("a.org", DomainPolicy(rate=2.0, burst=5.0, is_auto=True))
    assert state.ceiling.rate == 2.0
    state.override = DomainOverride(rate=7.0, concurrency=3)
    assert (state.ceiling.rate, state.ceiling.burst, state.ceiling.concurrency) == (7.0, 1.0, 3)
    assert not state.ceiling.is_auto
    assert state.effective.rate == 7.0, "what was computed before does not stay"


def test_the_site_has_the_last_word() -> None:
    state = DomainState("a.org", FREE, DomainOverride(rate=7.0), crawl_delay_s=4.0)
    assert state.ceiling.rate == 0.25


def test_nothing_of_a_paused_domain_is_leased_and_its_robots_txt_can_wait() -> None:
    state = DomainState("a.org", FREE, robots_text="", robots_until=math.inf)
    assert state.allowance("L", 0.0) > 0
    state.override = DomainOverride(is_paused=True)
    assert state.rests(0.0)
    assert state.allowance("L", 0.0) == 0
    assert not state.is_cooling(0.0), "a person's pause is no reason to lose patience"


def opened(engine: Engine, batch: int, n: int) -> Batch:
    """Open a batch with ``n`` items at one domain, all of them in memory."""
    book = Batch(
        batch,
        f"b{batch}",
        "",
        Priority.NORMAL,
        BatchState.RUNNING,
        {ItemState.QUEUED: n},
        open_by_domain={"a.org": n},
    )
    engine.open(book, {"a.org": n}, now=0.0)
    for lane in engine.frontier.wanting():
        items = [FrontierItem(i, batch, "a.org", f"http://a.org/{i}", f"f{i}") for i in range(1, n + 1)]
        engine.loaded(lane, items, last_id=n, is_last=True)
    engine.domains["a.org"].apply_robots("", None, now=0.0)
    return book


def test_a_paused_domain_wants_no_tasks_and_goes_on_where_it_was() -> None:
    engine = Engine()
    opened(engine, 1, 3)
    engine.registry.set_override("a.org", DomainOverride(is_paused=True))
    assert not engine.demand(0.0).has_more
    assert not engine.grant("L", 9, now=0.0)
    assert engine.remaining_s(1, now=0.0) is None, "nobody can say"
    engine.check_invariants()
    engine.registry.set_override("a.org", DomainOverride())
    assert engine.demand(0.0).has_more
    assert len(engine.grant("L", 9, now=0.0).items) >= 1


def test_a_task_that_holds_a_domain_is_told_its_terms_again() -> None:
    engine = Engine()
    opened(engine, 1, 3)
    engine.domains["a.org"].policy = FREE
    assert [terms.policy.rate for terms in engine.grant("L", 1, now=0.0).domains] == [math.inf]
    engine.registry.set_override("a.org", DomainOverride(rate=3.0))
    assert [terms.policy.rate for terms in engine.grant("L", 1, now=0.0).domains] == [3.0]


def test_what_is_set_holds_for_domains_that_come_later() -> None:
    engine = Engine()
    engine.registry.set_override("a.org", DomainOverride(rate=0.5))
    opened(engine, 1, 1)
    assert engine.domains["a.org"].effective.rate == 0.5


def test_a_paused_domain_says_so_in_the_progress() -> None:
    engine = Engine()
    book = opened(engine, 1, 3)
    engine.registry.set_override("a.org", DomainOverride(is_paused=True))
    told = snapshot(book, engine.domains, now=0.0, wall=0.0)
    assert told["domains"]["a.org"]["state"] == "paused"


def test_what_is_set_for_a_host_holds_at_each_of_its_ports_and_what_is_set_for_a_port_there_alone() -> None:
    engine = Engine()
    ports = ("a.org:8001", "a.org:8002")
    for batch, name in enumerate(ports, 1):
        counts, open_here = {ItemState.QUEUED: 1}, {name: 1}
        book = Batch(
            batch, f"b{batch}", "", Priority.NORMAL, BatchState.RUNNING, counts, open_by_domain=open_here
        )
        engine.open(book, {name: 1}, now=0.0)
    assert engine.registry.set_override("a.org", DomainOverride(rate=0.5, concurrency=4)) == set(ports)
    assert engine.registry.set_override("a.org:8002", DomainOverride(rate=0.25)) == {"a.org:8002"}
    found = {name: engine.domains[name].effective for name in ports}
    assert [(found[name].rate, found[name].concurrency) for name in ports] == [(0.5, 4), (0.25, 4)]
    engine.registry.set_override("a.org", DomainOverride(is_paused=True))
    assert [engine.domains[name].rests(0.0) for name in ports] == [True, True]
    engine.registry.set_override("a.org", DomainOverride())
    engine.registry.set_override("a.org:8001", DomainOverride(is_paused=True))
    assert [engine.domains[name].rests(0.0) for name in ports] == [True, False]
    assert engine.registry.override_of("a.org:9") == DomainOverride()
