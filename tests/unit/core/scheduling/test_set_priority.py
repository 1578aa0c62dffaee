"""A batch may get another priority while it works."""

from __future__ import annotations

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.invariants import check

DOMAINS = ("a.test", "b.test")


def opened(engine: Engine, number: int, priority: Priority) -> Batch:
    batch = Batch(
        number, f"b{number}", "", priority, BatchState.RUNNING, {ItemState.QUEUED: 6},
        open_by_domain=dict.fromkeys(DOMAINS, 3),
    )  # fmt: skip
    engine.open(batch, dict.fromkeys(DOMAINS, 3), now=0.0)
    for lane in engine.frontier.lanes_of(number):
        first = number * 100 + 10 * DOMAINS.index(lane.domain)
        items = [FrontierItem(first + n, number, lane.domain, "u", f"f{first + n}") for n in range(3)]
        engine.loaded(lane, items, last_id=first + 2, is_last=True)
        engine.domains[lane.domain].apply_robots("", None, now=0.0)
    engine.robots_queue.pop("a.test")
    engine.robots_queue.pop("b.test")
    return batch


def test_it_goes_before_others_from_then_on_and_what_is_leased_is_counted_right() -> None:
    engine = Engine()
    first, second = opened(engine, 1, Priority.NORMAL), opened(engine, 2, Priority.LOW)
    for domain in DOMAINS:
        assert engine.frontier.priority_at(domain) is Priority.NORMAL
    engine.grant("L1", 2, now=0.0)
    version = second.version
    engine.set_priority(2, Priority.IMMEDIATE)
    engine.set_priority(1, Priority.LOW)
    assert second.version > version
    assert [engine.domains[domain].leased_at for domain in DOMAINS] == [[0, 0, 1], [0, 0, 1]]
    assert engine.frontier.priority_at("a.test") is Priority.IMMEDIATE
    check(engine, engine.eviction)
    taken = engine.frontier.take(6, lambda _: 9)
    assert {item.batch for item in taken} == {second.id}
    assert [item.batch for item in engine.frontier.take(6, lambda _: 9)] == [first.id] * 4


def test_a_paused_batch_stays_paused() -> None:
    engine = Engine()
    batch = opened(engine, 1, Priority.NORMAL)
    batch.state = BatchState.PAUSED
    engine.pause(1, is_paused=True)
    engine.set_priority(1, Priority.IMMEDIATE)
    assert engine.frontier.take(6, lambda _: 9) == []
    engine.pause(1, is_paused=False)
    assert len(engine.frontier.take(6, lambda _: 9)) == 6
