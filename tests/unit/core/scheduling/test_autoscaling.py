"""How many scrape tasks there should be: the work decides, the nodes bound it, and it changes in order."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.scheduling.autoscaling import (
    EXCESS_S,
    READING_HOLDS_S,
    Autoscaler,
    Demand,
    ExpectedLoad,
    NodeLoad,
    expected_load,
    needed_workers,
)

MUCH = Demand(math.inf, 1_000_000)
FEW = Demand(1.0, 1_000_000)


def force(*, of: int, max_workers: int = 10, **readings: tuple[float, float]) -> Autoscaler:
    """A workforce of which ``of`` tasks stand on each node: node → (cores that others use of 4, memory free)."""
    made = Autoscaler(min_workers=1, max_workers=max_workers)
    for node, (others, memory_free) in readings.items():
        for number in range(of):
            made.record_report(f"{node}{number}", cpu_s=0.0, n_pages=0, reading=None, now=0.0)
        for number in range(of):
            reading = NodeLoad(node, 4, others, memory_free)
            made.record_report(f"{node}{number}", cpu_s=0.0, n_pages=0, reading=reading, now=10.0)
    return made


@pytest.mark.parametrize(
    ("rate", "slots", "latency_s", "comes_to"),
    [
        (1.0, 2, 0.0, ExpectedLoad(1.0, 0.5)),  # nothing seen yet: half a second is thought
        (1.0, 2, 0.2, ExpectedLoad(1.0, 0.2)),
        (1.0, 2, 10.0, ExpectedLoad(0.4, 2)),  # two slots, ten seconds each: one page in five, and some slack
        (50.0, 16, 0.1, ExpectedLoad(50.0, 5.0)),
        (
            math.inf,
            32,
            0.0,
            ExpectedLoad(math.inf, 32),
        ),  # no ceiling, and nothing known: as many as there may be
        (math.inf, 32, 2.0, ExpectedLoad(32.0, 32)),  # no ceiling, but a slow site
        (math.inf, 32, 0.01, ExpectedLoad(6_400.0, 32)),
    ],
)
def test_a_domain_comes_to_what_its_manners_and_its_latency_allow(
    rate: float, slots: int, latency_s: float, comes_to: ExpectedLoad
) -> None:
    assert expected_load(rate=rate, slots=slots, latency_s=latency_s) == comes_to


@given(
    rate=st.floats(0.01, 1e6) | st.just(math.inf),
    slots=st.integers(1, 256),
    latency_s=st.just(0.0) | st.floats(0.001, 600),
)
def test_no_domain_comes_to_more_than_its_rate_and_its_slots(
    rate: float, slots: int, latency_s: float
) -> None:
    comes_to = expected_load(rate=rate, slots=slots, latency_s=latency_s)
    assert 0 < comes_to.pages_per_s <= rate
    assert 0 < comes_to.n_in_flight <= slots


demands = st.builds(
    Demand,
    st.floats(0, 1e6) | st.just(math.inf),
    st.integers(0, 10**6),
    st.floats(0, 1e5),
    st.booleans(),
)


@given(demand=demands, low=st.integers(1, 10), more=st.integers(0, 9), bearable=st.integers(-2, 20))
def test_tasks_stay_within_all_bounds_and_one_always_works(
    demand: Demand, low: int, more: int, bearable: int
) -> None:
    n = needed_workers(
        demand, cpu_s_per_page=0.005, min_workers=low, max_workers=low + more, bearable=bearable
    )
    if demand.n_ready == 0:
        assert n == 0
    else:
        assert 1 <= n <= low + more
        assert n <= max(1, bearable)
        assert n >= min(low, max(1, bearable))


@pytest.mark.parametrize(
    ("demand", "n"),
    [
        (FEW, 1),  # a million items at 1/s
        (
            Demand(1_000.0, 10**6, n_in_flight=200),
            5,
        ),  # a thousand domains at 1/s, 0.2 s each: 5 cores of parsing
        (Demand(1_000.0, 10**6, n_in_flight=2_000), 8),  # ... 2 s each: 8 loops
        (MUCH, 10),
    ],
)
def test_tasks_are_started_for_the_work_there_is(demand: Demand, n: int) -> None:
    made = Autoscaler(min_workers=1, max_workers=10)
    assert made.change(demand, n_tasks=0, now=0.0) == n
    assert made.change(demand, n_tasks=n, now=0.1) == 0


def test_no_task_is_started_that_would_be_given_nothing() -> None:
    held = Demand(1_000.0, 10**6, has_more=False)
    assert Autoscaler(min_workers=3, max_workers=10).change(held, n_tasks=1, now=0.0) == 0


def test_the_cpu_of_a_page_is_measured_from_reports_that_have_some() -> None:
    made = Autoscaler(min_workers=1, max_workers=10)
    for second in range(60):
        made.record_report("a", cpu_s=1.0, n_pages=50, reading=None, now=float(second))
        made.record_report("b", cpu_s=1.0, n_pages=2, reading=None, now=float(second))  # mostly its own start
    assert made.cpu_s_per_page == pytest.approx(0.02, rel=0.01)
    assert made.change(Demand(100.0, 10**6), n_tasks=0, now=60.0) == 2


def test_tasks_that_are_too_many_end_one_by_one_and_not_at_once() -> None:
    made = Autoscaler(min_workers=1, max_workers=10)
    n_tasks, ended_at = 4, []
    for tenth in range(400):
        now = tenth / 10
        change = made.change(FEW, n_tasks=n_tasks, now=now)
        assert change in (0, -1)
        if change:
            n_tasks += change
            ended_at.append(now)
    assert n_tasks == 1
    assert ended_at == [EXCESS_S, 2 * EXCESS_S, 3 * EXCESS_S]


def test_a_lull_ends_no_task() -> None:
    made = Autoscaler(min_workers=1, max_workers=4)
    for tenth in range(400):
        is_lull = tenth % 40 < 30
        assert made.change(FEW if is_lull else MUCH, n_tasks=4, now=tenth / 10) == 0


@pytest.mark.parametrize(
    ("readings", "bearable"),
    [
        ({}, math.inf),  # nothing is known
        ({"a": (0.0, 0.5)}, 4),  # its cores
        ({"a": (3.5, 0.5)}, 4),  # busy, not full
        ({"a": (3.6, 0.5)}, 2),  # others use nine tenths: what is there, and no more
        ({"a": (0.0, 0.09)}, 2),  # little memory
        ({"a": (0.0, 0.06)}, 1),  # it runs out: one fewer
        ({"a": (4.0, 0.5), "b": (0.0, 0.5)}, 6),  # one node is full, the other is free
        ({"a": (0.0, 0.06), "b": (4.0, 0.5)}, 3),
    ],
)
def test_the_nodes_bound_the_tasks(readings: dict[str, tuple[float, float]], bearable: float) -> None:
    made = force(of=2, **readings)
    assert made.capacity(2 * len(readings), 10.0) == bearable
    assert made.capacity(2 * len(readings) + 1, 10.0) == bearable + 1, (
        "one that is just starting is there already"
    )


def test_where_nodes_are_full_no_task_is_added_and_none_is_ended() -> None:
    made = force(of=2, a=(4.0, 0.5))
    assert [made.change(MUCH, n_tasks=2, now=10.0 + t) for t in range(20)] == [0] * 20
    assert made.change(MUCH, n_tasks=2, has_room=True, now=30.0) == 8, (
        "a node of which nothing is known may be free"
    )


def test_where_memory_runs_out_tasks_end_but_for_the_last() -> None:
    made = force(of=3, a=(0.0, 0.05))
    tasks = ["a0", "a1", "a2"]
    for second in range(10, 60):
        change = made.change(MUCH, n_tasks=len(tasks), has_room=True, now=float(second))
        assert change in (0, -1)
        if change:
            gone = made.choose_to_end(tasks)
            made.gone(gone)
            tasks.remove(gone)
        for task in tasks:
            reading = NodeLoad("a", 4, 0.0, 0.05)
            made.record_report(task, cpu_s=0.0, n_pages=0, reading=reading, now=float(second))
    assert len(tasks) == 1


def test_a_reading_that_is_old_says_nothing() -> None:
    made = force(of=2, a=(4.0, 0.05))
    assert made.nodes(10.0 + READING_HOLDS_S) == ["a"]
    assert made.nodes(10.1 + READING_HOLDS_S) == []
    assert made.capacity(2, 10.1 + READING_HOLDS_S) == math.inf


def test_the_cpu_of_our_own_tasks_is_no_load_of_others() -> None:
    made = Autoscaler(min_workers=1, max_workers=10)
    for second in range(30):
        busy = NodeLoad("a", 4, busy_cores=4.0, memory_free=0.5)
        for task in "123":
            made.record_report(task, cpu_s=1.0, n_pages=100, reading=busy, now=float(second))
    assert made.capacity(3, 30.0) == 4, "three of four cores are ours"
    for task in "123":
        made.gone(task)
    made.record_report("4", cpu_s=0.0, n_pages=0, reading=NodeLoad("a", 4, 4.0, 0.5), now=31.0)
    assert made.capacity(1, 31.0) == 1, "now others have them"


def test_the_task_that_ends_has_not_begun_or_stands_where_memory_is_least() -> None:
    made = force(of=1, a=(0.0, 0.5), b=(0.0, 0.06), c=(0.0, 0.4))
    made.record_report("unplaced", cpu_s=0.0, n_pages=0, reading=None, now=10.0)
    assert made.choose_to_end(["a0", "b0", "c0", "unplaced"]) == "b0"
    assert made.choose_to_end(["a0", "b0", "waits for a CPU"]) == "waits for a CPU"
    assert made.choose_to_end(["a0", "unplaced"]) == "a0"
