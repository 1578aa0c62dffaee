"""Who goes first, and who is never passed over for ever: in the frontier, at a grant, in a task, in the whole."""

from __future__ import annotations

import math

import pytest
from simulated import Site, World

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import ItemState
from tlray.core.pacing.pacer import AGEING, Pacer
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.limiter_gate import BLOCK_S, UNLIMITED_BLOCK, Gate, PermitGrant, PermitRequest
from tlray.core.scheduling.aging import Aging
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.frontier import Frontier
from tlray.core.scheduling.lease import DomainConfig, LeasedItem, RobotsRequest

IMMEDIATE, NORMAL, LOW = Priority


def n_done(book: Batch) -> int:
    return book.counts.get(ItemState.SUCCEEDED, 0)


def first_begin(world: World, book: Batch) -> float:
    return min(world.begun_at[row.id] for row in world.rows(book.id) if row.id in world.begun_at)


# -- in the whole


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("rate", "n_domains"), [(2.0, 1), (20.0, 1), (1.0, 12), (None, 1)])
def test_an_immediate_batch_overtakes_a_low_one_within_two_seconds(
    rate: float | None, n_domains: int, seed: int
) -> None:
    names = ["127.0.0.1:1"] if rate is None else [f"{i}.test" for i in range(n_domains)]
    world = World(seed, [Site(name) for name in names])
    low = world.submit(dict.fromkeys(names, 4_000 // n_domains), priority=LOW, rate=rate)
    world.until(lambda: n_done(low) >= 40 + 7 * seed)
    at = world.loop.now
    urgent = world.submit({names[0]: 4}, priority=IMMEDIATE, rate=rate)
    world.until(lambda: n_done(urgent) > 0)
    assert first_begin(world, urgent) - at <= 2.0


def test_a_low_batch_goes_on_beside_an_endless_immediate_one_on_the_same_domain() -> None:
    world = World(3, [Site("a.test")])
    urgent = world.submit({"a.test": 4_000}, priority=IMMEDIATE, rate=10.0)
    low = world.submit({"a.test": 10}, priority=LOW, rate=10.0)
    world.until(lambda: low.state.is_final)
    assert n_done(urgent) < 1_000


# -- in the frontier


def test_a_domain_is_parked_for_a_priority_and_those_below_it() -> None:
    frontier = Frontier()
    for batch, priority in enumerate(Priority, start=1):
        for n in range(3):
            frontier.push(FrontierItem(10 * batch + n, batch, "a", "", ""), priority)

    def take(priority: Priority, allowed: int) -> list[int]:
        return [i.id for i in frontier.take(9, lambda _: allowed, first=priority, up_to=priority)]

    assert take(NORMAL, 0) == []
    assert take(LOW, 9) == []
    assert take(IMMEDIATE, 1) == [10]
    frontier.push(FrontierItem(40, 4, "a", "", ""), LOW)
    frontier.push(FrontierItem(13, 1, "a", "", ""), IMMEDIATE)
    assert take(LOW, 9) == []
    assert take(IMMEDIATE, 9) == []  # the one item that was allowed has been taken: parked for all
    frontier.resume_domain("a")
    assert [take(p, 9) for p in Priority] == [[11, 12, 13], [20, 21, 22], [30, 31, 32, 40]]


def test_what_a_lower_priority_has_leased_leaves_room_for_a_higher_one() -> None:
    state = DomainState("a.test", DomainPolicy(1.0))
    assert state.owed_allowance("A", 0.0, LOW) == 0  # its robots.txt is not known
    state.apply_robots("", None, now=0.0)
    state.lease("A", 5, priority=LOW)
    assert [state.allowance("A", 0.0, p) for p in Priority] == [5, 5, 0]
    assert [state.owed_allowance("A", 0.0, p) for p in Priority] == [1, 1, 0]
    assert state.allowance("B", 0.0, IMMEDIATE) == 0  # a slow domain is in one task's hand


def test_a_priority_that_is_passed_over_is_owed_an_item() -> None:
    turns = Aging()
    assert list(turns.owed()) == []
    turns.count_in_order(IMMEDIATE, 20)
    turns.count_in_order(NORMAL, 12)
    assert list(turns.owed()) == [(LOW, 2), (NORMAL, 1)]
    turns.count_owed(LOW, 2)
    assert list(turns.owed()) == [(NORMAL, 1)]
    turns.count_in_order(IMMEDIATE, 10_000)
    assert list(turns.owed()) == [(LOW, 4), (NORMAL, 4)]  # not more: nothing may have been waiting


# -- in a task


def leased(n: int, priority: Priority = NORMAL, domain: str = "a") -> LeasedItem:
    return LeasedItem(n, "b", domain, "", "", 1, priority=priority)


def pacing(rate: float = math.inf, *domains: str) -> Pacer:
    made = Pacer()
    for name in domains or ("a",):
        made.set_policy(DomainConfig(name, DomainPolicy(rate, 99, 99), "", 0), now=0.0)
    return made


def test_a_task_begins_higher_priorities_first_and_a_lower_one_now_and_then() -> None:
    tasks = pacing()
    tasks.add([leased(n, LOW) for n in range(100, 110)])
    tasks.add([leased(n, IMMEDIATE) for n in range(20)])
    tasks.add([RobotsRequest("a", "a", "", DomainPolicy(1.0), 0)])
    tasks.apply_grants([PermitGrant("a", (0.0,) * 31, 99)], now=0.0)
    begun = [tasks.begin(0.0) for _ in range(31)]
    ids = [fetch_task.item_id for fetch_task in begun if isinstance(fetch_task, LeasedItem)]
    assert ids[: AGEING - 1] == list(range(AGEING - 1))
    assert ids[AGEING - 1] == 100
    assert len(set(ids)) == 30
    assert tasks.n_pending == 0


def test_each_domain_is_asked_for_in_its_time_and_once() -> None:
    tasks = pacing(5.0, "a", "b", "c")
    tasks.add([leased(1, domain="a"), leased(2, domain="b")])
    assert {ask.domain for ask in tasks.due_requests(0.0)[0]} == {"a", "b"}
    assert tasks.due_requests(0.0) == {}
    assert tasks.wake_at(0.0) is None
    tasks.apply_grants([PermitGrant("a", retry_after_s=3.0)], now=0.0)
    tasks.request_failed(["b"], now=0.0)
    assert tasks.wake_at(0.0) == BLOCK_S
    assert [ask.domain for ask in tasks.due_requests(BLOCK_S)[0]] == ["b"]
    assert tasks.withdraw(lambda _: True, domain="a") == [leased(1, domain="a")]
    assert tasks.wake_at(9.0) is None
    assert tasks.due_requests(9.0) == {}
    assert tasks.n_pending == 1


def test_a_domain_in_flight_is_asked_for_at_once_when_items_come() -> None:
    tasks = pacing(5.0)
    tasks.add([leased(1)])
    tasks.due_requests(0.0)
    tasks.apply_grants([PermitGrant("a", (0.0,), 1)], now=0.0)
    assert tasks.begin(0.0) is not None
    assert tasks.wake_at(0.0) == BLOCK_S
    tasks.add([leased(2)])
    assert [ask.n_wanted for ask in tasks.due_requests(0.1)[0]] == [1]


def test_without_a_ceiling_permits_come_in_blocks_whatever_is_in_flight() -> None:
    gate = Gate(DomainPolicy(math.inf, concurrency=2), now=0.0, starts_empty=False)
    grant = gate.ask("A", PermitRequest("a", 700, 2), now=0.0)
    assert (len(grant.starts), grant.n_slots, grant.retry_after_s) == (UNLIMITED_BLOCK, 2, BLOCK_S)
    assert gate.ask("A", PermitRequest("a", 0, 2, 9), now=0.0).starts == ()
    tasks = pacing()
    tasks.add([leased(n) for n in range(3)])
    tasks.due_requests(0.0)
    tasks.apply_grants([PermitGrant("a", (0.0,) * 3, 2)], now=0.0)
    assert [tasks.begin(0.0) is not None for _ in range(3)] == [True, True, False]
    assert tasks.due_requests(0.1) == {}
    tasks.ended("a", now=0.2)
    assert tasks.begin(0.2) is not None
    tasks.add([leased(9)])
    assert (
        tasks.due_requests(0.2)[0][0].n_wanted == 1
    )  # more has come than was permitted: not in half a second, now
