"""Gauges: bounded figures of any engine, however many batches and domains it has."""

from __future__ import annotations

import math

import pytest

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.gauges import (
    FREE_LABELS,
    MAX_LABELS,
    OTHER,
    DomainLabels,
    gauges,
    rest_label,
)

NOW, WALL = 100.0, 1_800_000_000.0


def batch(number: int, counts: dict[ItemState, int], **more: object) -> Batch:
    given = {
        "priority": Priority.NORMAL,
        "state": BatchState.RUNNING,
        "waits_since": WALL - 10 * number,
        **more,
    }
    domains = {"a.test": sum(n for state, n in counts.items() if not state.is_final)}
    return Batch(number, f"b{number}", "", counts=counts, open_by_domain=domains, **given)  # type: ignore[arg-type]


def engine_with(*batches: Batch) -> Engine:
    engine = Engine()
    for one in batches:
        engine.open(one, {"a.test": 1}, now=NOW)
    return engine


def test_an_engine_without_work_shows_every_figure_as_nothing() -> None:
    found = gauges(Engine(), now=NOW, wall=WALL)
    assert set(found.items) == {state.value for state in ItemState}
    assert set(found.queue) == set(found.oldest_s) == {"immediate", "normal", "low"}
    assert not any(
        (*found.items.values(), *found.queue.values(), *found.oldest_s.values(), *found.domains.values())
    )
    assert (found.leases, found.in_flight) == (0, 0)


def test_items_are_counted_by_state_and_the_queue_by_priority() -> None:
    engine = engine_with(
        batch(1, {ItemState.QUEUED: 5, ItemState.WAITING: 2, ItemState.SUCCEEDED: 9}),
        batch(2, {ItemState.QUEUED: 1, ItemState.LEASED: 4}, priority=Priority.IMMEDIATE),
        batch(3, {ItemState.QUEUED: 7}, state=BatchState.PAUSED, priority=Priority.LOW),
        batch(4, {ItemState.SUCCEEDED: 7}, priority=Priority.LOW),
    )
    found = gauges(engine, now=NOW, wall=WALL)
    assert (found.items["queued"], found.items["succeeded"], found.items["leased"]) == (13, 16, 4)
    assert found.queue == {"immediate": 1, "normal": 7, "low": 0}, "what is paused waits for nobody"
    assert found.oldest_s == {"immediate": 20.0, "normal": 10.0, "low": 0.0}


def test_domains_that_rest_are_counted() -> None:
    engine = engine_with(batch(1, {ItemState.QUEUED: 5}))
    none = dict.fromkeys(("cooling", "blocked", "paused", "parked", "slowed"), 0)
    engine.cool_down("a.test", NOW + 5, "throttled: 429")
    assert gauges(engine, now=NOW, wall=WALL).domains == {**none, "cooling": 1}
    engine.cool_down("a.test", NOW + 60, "blocked: captcha")
    assert gauges(engine, now=NOW, wall=WALL).domains == {**none, "cooling": 1, "blocked": 1}
    assert gauges(engine, now=NOW + 61, wall=WALL).domains == none


def test_the_busiest_domains_get_a_label_and_the_others_one_together() -> None:
    labels = DomainLabels()
    for number in range(1_000):
        for _ in range(1 + (number < 5) * 10):
            labels.count(f"d{number}.test")
    counts = labels.take()
    assert len(counts) == FREE_LABELS + 1
    assert {f"d{number}.test": 11 for number in range(5)}.items() <= counts.items()
    assert sum(counts.values()) == 1_050
    assert labels.take() == {}


def test_a_domain_that_becomes_busy_later_gets_a_label_and_the_number_of_labels_is_bounded() -> None:
    labels, seen = DomainLabels(), set()
    for number in range(3 * MAX_LABELS):
        labels.count(f"d{number}.test")
        seen |= set(labels.take())
    assert len(seen) == MAX_LABELS + 1
    for _ in range(5):
        labels.count("d3.test")
    for number in range(200):
        labels.count(f"new{number}.test")
    assert labels.take() == {"d3.test": 5, OTHER: 200}, "a label is kept"


def test_a_domain_that_is_hardly_busy_gets_no_label_beyond_the_first_ones() -> None:
    labels = DomainLabels()
    for number in range(FREE_LABELS):
        labels.count(f"d{number}.test")
    labels.take()
    for number in range(FREE_LABELS * 5):
        labels.count(f"late{number}.test")
    assert set(labels.take()) == {OTHER}


def test_the_ceiling_of_a_domain_is_shown_for_those_with_a_label() -> None:
    engine, labels = engine_with(batch(1, {ItemState.QUEUED: 5})), DomainLabels()
    assert labels.ceilings(engine) == {}
    for name in ("a.test", "gone.test"):
        labels.count(name)
    labels.take()
    assert labels.ceilings(engine) == {"a.test": 1.0, "gone.test": 0.0}
    state = engine.domains["a.test"]
    state.policy = type(state.policy)(rate=math.inf, burst=1.0, concurrency=4)
    assert labels.ceilings(engine)["a.test"] == 0.0


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        ("blocked: captcha", "blocked"),
        ("throttled: 429", "throttled"),
        ("connect: refused", OTHER),
        ("whatever a site says: x", OTHER),
        ("", OTHER),
    ],
)
def test_a_rest_has_one_of_a_few_reasons(reason: str, label: str) -> None:
    assert rest_label(reason) == label
