"""Inside a task: a fetch begins when it may, and not before."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tlray.core.pacing.pacer import GIVE_BACK_AFTER_S, HOLD_S, MIN_REQUEST_S, Pacer
from tlray.core.pacing.send_pacing import SendPacing
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.limiter_gate import BLOCK_S, Gate, PermitGrant, PermitRequest
from tlray.core.scheduling.lease import DomainConfig, LeasedItem, RobotsRequest


def item(i: int, domain: str = "a.test") -> LeasedItem:
    return LeasedItem(i, "b1", domain, f"http://{domain}/{i}", f"f{i}", 1)


def pacing_of(*items: LeasedItem, rate: float = 10.0, burst: float = 1.0) -> Pacer:
    pacing = Pacer()
    for domain in {one.domain for one in items}:
        pacing.set_policy(DomainConfig(domain, DomainPolicy(rate, burst), "", 0), now=0.0)
    pacing.add(items)
    return pacing


def grant(
    *starts: float, n_slots: int = 1, retry_after_s: float = BLOCK_S, rate: float = 10.0
) -> PermitGrant:
    return PermitGrant("a.test", starts, n_slots, retry_after_s, rate=rate)


def asked(pacing: Pacer, now: float) -> dict[int, list[PermitRequest]]:
    """What is asked, but for the times that only the limiter's care for other tasks needs."""
    asks = pacing.due_requests(now)
    return {n: [replace(ask, wait_s=0.0, answer_s=0.0) for ask in some] for n, some in asks.items()}


def test_nothing_begins_without_a_permit() -> None:
    pacing = pacing_of(item(1))
    assert pacing.begin(0.0) is None
    assert asked(pacing, 0.0) == {0: [PermitRequest("a.test", 1, 0, 0)]}
    assert pacing.due_requests(0.0) == {}  # not twice before the answer
    assert pacing.wake_at(0.0) is None


def test_items_that_come_while_an_answer_is_awaited_ask_with_it_and_not_before() -> None:
    pacing = pacing_of(item(1))
    pacing.due_requests(0.0)
    assert pacing.withdraw(lambda _: True) == [item(1)]
    pacing.add([item(2)])
    assert pacing.due_requests(0.3) == {}
    pacing.apply_grants([grant(0.0, 0.1)], now=0.3)
    assert pacing.begin(0.3) == item(2)


def test_a_fetch_begins_at_the_moment_of_its_permit_and_not_before() -> None:
    pacing = pacing_of(item(1))
    pacing.due_requests(0.0)
    pacing.apply_grants([grant(0.3)], now=0.0)
    assert pacing.begin(0.29) is None
    assert pacing.wake_at(0.1) == 0.3
    assert pacing.begin(0.3) == item(1)
    assert pacing.n_pending == 0


def test_a_permit_without_a_free_slot_is_spent() -> None:
    pacing = pacing_of(item(1), item(2))
    pacing.apply_grants([grant(0.0, 0.1)], now=0.0)
    assert pacing.begin(0.0) == item(1)
    assert pacing.begin(0.1) is None
    pacing.ended("a.test", now=0.15)
    assert pacing.begin(0.2) is None
    assert asked(pacing, 9.0) == {0: [PermitRequest("a.test", 1, 0, 0)]}  # none is in hand any more


def test_a_permit_whose_answer_took_longer_than_the_limiter_knows_is_spent() -> None:
    pacing = pacing_of(item(1))
    pacing.due_requests(0.0)
    pacing.apply_grants([grant(0.0, retry_after_s=0.2)], now=0.6)
    assert pacing.begin(0.6) is None, "another task may have been given the next one meanwhile"
    assert pacing.due_requests(0.8)[0][0].answer_s == 0.6
    pacing.apply_grants([grant(0.0)], now=1.4)
    assert pacing.begin(1.4) == item(1), "the limiter knows by now how long answers take"


def test_of_a_domain_whose_fetches_are_far_apart_a_late_answer_costs_no_permit() -> None:
    pacing = pacing_of(item(1), rate=0.1)
    pacing.due_requests(0.0)
    pacing.apply_grants([grant(0.0, rate=0.1)], now=5.0)
    assert pacing.begin(5.0) == item(1)


def test_a_permit_that_is_too_old_is_spent() -> None:
    pacing = pacing_of(item(1))
    pacing.apply_grants([grant(0.0)], now=0.0)
    assert pacing.begin(BLOCK_S + 0.01) is None
    assert pacing.n_pending == 1


def test_a_late_permit_does_not_bunch_with_the_next_one() -> None:
    pacing = pacing_of(item(1), item(2))
    pacing.apply_grants([grant(0.0, 0.1, n_slots=2)], now=0.0)
    assert pacing.begin(0.09) == item(1)  # late
    assert pacing.begin(0.1) is None
    pacing.sent("a.test", now=0.1)
    assert pacing.begin(0.17) is None
    assert pacing.begin(0.176) == item(2)  # a quarter of a spacing may be made good


def test_what_the_rates_of_its_domains_allow_is_useful_to_have_in_hand() -> None:
    pacing = pacing_of(item(1), item(2, "b.test"), rate=2.5)
    pacing.set_policy(DomainConfig("c.test", DomainPolicy(math.inf), "", 0), now=0.0)
    assert pacing.n_useful(2.0) == 2 * (5 + 1)


def test_a_wire_says_how_it_stands() -> None:
    assert repr(SendPacing(2.0, 1, now=0.0)) == "<Wire 2/s burst 1, 0 unsent>"


def test_a_late_permit_waits_until_what_began_before_is_on_the_wire() -> None:
    pacing = pacing_of(item(1), item(2))
    pacing.apply_grants([grant(0.0, 0.1, n_slots=2)], now=0.0)
    assert pacing.begin(0.0) == item(1)
    assert pacing.begin(0.3) is None  # the loop was held up; the first one is written only now
    assert pacing.sent("a.test", now=0.301)
    assert pacing.begin(0.301) is None
    assert pacing.begin(0.377) == item(2)


def test_a_late_permit_of_a_shared_domain_is_spent_also_after_it_was_put_off() -> None:
    pacing = pacing_of(item(1), item(2), item(3))
    pacing.apply_grants([PermitGrant("a.test", (0.0, 0.05), 9, rate=10.0, late_s=0.02)], now=0.0)
    assert pacing.begin(0.01) == item(1)
    pacing.sent("a.test", now=0.01)
    assert pacing.begin(0.05) is None  # too near to the first one
    assert pacing.begin(0.12) is None
    assert asked(pacing, 9.0) == {0: [PermitRequest("a.test", 2, 1, 0)]}  # none is in hand any more


def test_what_is_not_on_the_wire_yet_may_be_there_at_any_moment_and_the_next_one_keeps_its_distance() -> None:
    pacing = pacing_of(item(1), item(2))
    pacing.apply_grants([grant(0.0, 0.1, n_slots=2)], now=0.0)
    assert pacing.begin(0.0) == item(1)
    assert pacing.begin(0.1) is None, "its connection takes its time"
    pacing.sent("a.test", now=0.13)
    assert pacing.begin(0.2) is None
    assert pacing.begin(0.23) == item(2)


def test_waking_a_little_late_each_time_costs_nothing() -> None:
    pacing = pacing_of(*(item(i) for i in range(100)), rate=20.0)
    moments = [i / 20 for i in range(100)]
    pacing.apply_grants([grant(*moments, n_slots=100, rate=20.0)], now=0.0)
    now, begun = 0.0, 0
    while begun < 100:
        now = (pacing.wake_at(now) or now) + 0.002
        while pacing.begin(now):
            pacing.sent("a.test", now=now + 0.001)
            begun += 1
    assert now <= moments[-1] + 0.01


def test_a_crawl_delay_is_kept_to_the_millisecond() -> None:
    pacing = pacing_of(item(1), item(2), rate=1 / 8)
    pacing.apply_grants([grant(0.3, 8.3, n_slots=2, rate=1 / 8)], now=0.0)
    assert pacing.begin(0.35) == item(1)
    pacing.sent("a.test", now=0.36)
    assert pacing.begin(8.35) is None
    assert pacing.begin(8.36) == item(2)


def test_without_a_ceiling_a_permit_waits_for_its_slot() -> None:
    pacing = pacing_of(item(1), item(2), item(3), rate=math.inf)
    pacing.apply_grants([grant(0.0, 0.0, 0.0, rate=math.inf)], now=0.0)
    assert pacing.begin(0.0) == item(1)
    assert pacing.begin(0.0) is None
    pacing.ended("a.test", now=5.0)  # much later, and as good as new
    assert pacing.begin(5.0) == item(2)
    pacing.apply_grants([grant(n_slots=2, rate=math.inf)], now=6.0)  # or another slot comes
    assert pacing.begin(6.0) == item(3)


def test_a_limiter_hears_of_what_is_in_flight_although_nothing_waits() -> None:
    pacing = pacing_of(item(1))
    pacing.due_requests(0.0)
    pacing.apply_grants([grant(0.0, retry_after_s=99.0)], now=0.0)
    pacing.begin(0.0)
    assert asked(pacing, HOLD_S) == {0: [PermitRequest("a.test", 0, 1, 0)]}
    pacing.apply_grants([grant(retry_after_s=99.0)], now=HOLD_S)
    assert pacing.due_requests(2 * HOLD_S - 0.1) == {}
    assert asked(pacing, 2 * HOLD_S) == {0: [PermitRequest("a.test", 0, 1, 0)]}
    pacing.apply_grants([grant(retry_after_s=0.1)], now=2 * HOLD_S)
    assert pacing.due_requests(5.0) == {}
    pacing.add([item(2)])  # new work does not wait for the next time to say so
    assert asked(pacing, 5.0) == {0: [PermitRequest("a.test", 1, 1, 0)]}


def test_new_work_asks_once_its_domain_may_have_more_and_not_before() -> None:
    pacing = pacing_of(item(1))
    pacing.due_requests(0.0)
    pacing.apply_grants([grant(0.0, retry_after_s=0.75)], now=0.0)
    assert pacing.begin(0.0) == item(1)
    pacing.sent("a.test", now=0.0)
    pacing.ended("a.test", now=0.2)
    pacing.add([item(2)])
    assert pacing.due_requests(0.7) == {}
    assert asked(pacing, 0.75) == {0: [PermitRequest("a.test", 1, 0, 0)]}


def test_an_answer_of_at_once_is_still_a_moment_away() -> None:
    pacing = pacing_of(item(1))
    pacing.due_requests(0.0)
    pacing.apply_grants([grant(retry_after_s=0.0)], now=0.0)
    assert pacing.wake_at(0.0) == MIN_REQUEST_S


def test_a_domain_whose_turn_is_far_off_is_told_of() -> None:
    far = grant(retry_after_s=GIVE_BACK_AFTER_S + 1)
    assert pacing_of(item(1)).apply_grants([far], now=0.0) == [far]
    assert pacing_of(item(1)).apply_grants([grant(retry_after_s=1.0)], now=0.0) == []


def test_a_limiter_that_knows_no_such_domain_is_told_of_and_asked_again() -> None:
    pacing = pacing_of(item(1))
    pacing.due_requests(0.0)
    unknown = PermitGrant("a.test", is_unknown=True)
    assert pacing.apply_grants([unknown], now=0.0) == [unknown]
    assert pacing.due_requests(BLOCK_S / 2) == {}
    assert pacing.due_requests(BLOCK_S) != {}


def test_a_limiter_that_does_not_answer_is_asked_again() -> None:
    pacing = pacing_of(item(1))
    pacing.due_requests(0.0)
    pacing.request_failed(["a.test"], now=1.0)
    assert pacing.due_requests(1.0) == {}
    assert pacing.due_requests(1.0 + BLOCK_S) != {}


def test_what_has_not_begun_may_be_taken_back() -> None:
    pacing = pacing_of(item(1), item(2), item(3, "b.test"))
    assert pacing.withdraw(lambda e: isinstance(e, LeasedItem) and e.item_id == 2) == [item(2)]
    assert pacing.withdraw(lambda e: e.domain == "z.test") == []
    assert pacing.n_pending == 2


def test_another_rate_holds_from_the_moment_it_is_heard_of() -> None:
    pacing = pacing_of(item(1), item(2))
    fetch_task = RobotsRequest("a.test", "a.test", "http://a.test/robots.txt", DomainPolicy(1.0), 0)
    pacing.set_policy(fetch_task, now=0.0)
    pacing.apply_grants([grant(0.0, 0.1, n_slots=2, rate=1.0)], now=0.0)
    assert pacing.begin(0.0) == item(1)
    pacing.sent("a.test", now=0.0)
    assert pacing.begin(0.1) is None
    assert pacing.begin(0.99) is None
    assert pacing.begin(1.0) == item(2)


@given(
    st.sampled_from([2.0, 10.0, 80.0, math.inf]),
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(1, 30),
    st.lists(st.floats(0.0, 0.4), min_size=1, max_size=20),
    st.sampled_from([0.01, 0.3, 1.7]),
)
def test_a_gate_and_its_tasks_keep_the_promise_and_come_to_an_end(
    rate: float, burst: int, concurrency: int, n: int, lags: list[float], latency_s: float
) -> None:
    """Two tasks and a gate, stepped at uneven moments: lags are a busy loop."""
    policy = DomainPolicy(rate, burst, concurrency)
    gate = Gate(policy, now=0.0, starts_empty=False)
    tasks = {name: pacing_of(*(item(i) for i in range(n)), rate=rate, burst=burst) for name in "AB"}
    ends: list[tuple[float, str]] = []
    begins: list[float] = []
    now, turn = 0.0, 0
    while any(task.n_pending for task in tasks.values()):
        for end in [e for e in ends if e[0] <= now]:
            ends.remove(end)
            tasks[end[1]].ended("a.test", now=now)
        for name, task in tasks.items():
            for asks in task.due_requests(now).values():
                task.apply_grants([gate.ask(name, ask, now=now) for ask in asks], now=now)
            while task.begin(now) is not None:
                task.sent("a.test", now=now)
                begins.append(now)
                ends.append((now + latency_s, name))
                assert len(ends) <= concurrency
        now += 0.01 + lags[turn % len(lags)]
        turn += 1
        assert turn < 10_000, "it does not come to an end"
    assert len(begins) == 2 * n
    if not math.isinf(rate):
        for i in range(len(begins)):
            # two tasks may each be late with a block: what is late in one is not told to the other
            assert i + 1 <= 2 * burst + rate * (begins[i] + BLOCK_S) + 1


@settings(max_examples=2 * settings.default.max_examples)
@given(
    st.sampled_from([1.0, 5.0, 20.0, 40.0]),
    st.integers(1, 3),
    st.lists(st.floats(0.0005, 0.01) | st.floats(0.01, 0.3), min_size=1, max_size=30),
)
def test_what_is_on_the_wire_keeps_the_promise_however_the_loop_is_held_up(
    rate: float, burst: int, lags: list[float]
) -> None:
    """A begun request is written a turn of the loop later, and any turn may take long."""
    policy = DomainPolicy(rate, burst, concurrency=99)
    gate = Gate(policy, now=0.0, starts_empty=False)
    pacing = pacing_of(*(item(i) for i in range(60)), rate=rate, burst=burst)
    now, turn, unsent, wire = 0.0, 0, 0, []
    while pacing.n_pending or unsent:
        for _ in range(unsent):
            pacing.sent("a.test", now=now)
            wire.append(now)
        unsent = 0
        while pacing.begin(now) is not None:
            unsent += 1
        for asks in pacing.due_requests(now).values():
            pacing.apply_grants([gate.ask("A", ask, now=now) for ask in asks], now=now)
        wake_s = max(0.0, (pacing.wake_at(now) or now) - now)
        now += lags[turn % len(lags)] + (0.0 if unsent else min(0.5, wake_s))
        turn += 1
        assert turn < 20_000, "it does not come to an end"
    for window_s in (1.0, 2.0, 5.0):
        for i, start in enumerate(wire):
            n = sum(1 for at in wire[i:] if at < start + window_s)
            assert n <= burst + rate * window_s, (n, window_s, start)
