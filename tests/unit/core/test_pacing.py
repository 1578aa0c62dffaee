"""Inside a task: a fetch begins when it may, and not before."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlray.core.gate import BLOCK_S, Ask, Gate, Grant
from tlray.core.lease import DomainTerms, LeasedItem, RobotsErrand
from tlray.core.pacing import GIVE_BACK_AFTER_S, HOLD_S, MIN_ASK_S, Pacing
from tlray.core.policy import DomainPolicy


def item(i: int, domain: str = "a.test") -> LeasedItem:
    return LeasedItem(i, "b1", domain, f"http://{domain}/{i}", f"f{i}", 1)


def pacing_of(*items: LeasedItem, rate: float = 10.0, burst: float = 1.0) -> Pacing:
    pacing = Pacing()
    for domain in {one.domain for one in items}:
        pacing.learn(DomainTerms(domain, DomainPolicy(rate, burst), "", 0), now=0.0)
    pacing.add(items)
    return pacing


def grant(*starts: float, n_slots: int = 1, retry_after_s: float = BLOCK_S, rate: float = 10.0) -> Grant:
    return Grant("a.test", starts, n_slots, retry_after_s, rate=rate)


def test_nothing_begins_without_a_permit() -> None:
    pacing = pacing_of(item(1))
    assert pacing.begin(0.0) is None
    assert pacing.asks(0.0) == {0: [Ask("a.test", 1, 0, 0)]}
    assert pacing.asks(0.0) == {}  # not twice before the answer
    assert pacing.wake_at(0.0) is None


def test_a_fetch_begins_at_the_moment_of_its_permit_and_not_before() -> None:
    pacing = pacing_of(item(1))
    pacing.asks(0.0)
    pacing.answered([grant(0.3)], now=0.0)
    assert pacing.begin(0.29) is None
    assert pacing.wake_at(0.1) == 0.3
    assert pacing.begin(0.3) == item(1)
    assert pacing.n_pending == 0


def test_a_permit_without_a_free_slot_is_spent() -> None:
    pacing = pacing_of(item(1), item(2))
    pacing.answered([grant(0.0, 0.1)], now=0.0)
    assert pacing.begin(0.0) == item(1)
    assert pacing.begin(0.1) is None
    pacing.ended("a.test", now=0.15)
    assert pacing.begin(0.2) is None
    assert pacing.asks(9.0) == {0: [Ask("a.test", 1, 0, 0)]}  # none is in hand any more


def test_a_permit_that_is_too_old_is_spent() -> None:
    pacing = pacing_of(item(1))
    pacing.answered([grant(0.0)], now=0.0)
    assert pacing.begin(BLOCK_S + 0.01) is None
    assert pacing.n_pending == 1


def test_a_late_permit_does_not_bunch_with_the_next_one() -> None:
    pacing = pacing_of(item(1), item(2))
    pacing.answered([grant(0.0, 0.1, n_slots=2)], now=0.0)
    assert pacing.begin(0.09) == item(1)  # late
    assert pacing.begin(0.1) is None
    assert pacing.wake_at(0.1) == pytest.approx(0.19)
    assert pacing.begin(0.19) == item(2)


def test_without_a_ceiling_a_permit_waits_for_its_slot() -> None:
    pacing = pacing_of(item(1), item(2), item(3), rate=math.inf)
    pacing.answered([grant(0.0, 0.0, 0.0, rate=math.inf)], now=0.0)
    assert pacing.begin(0.0) == item(1)
    assert pacing.begin(0.0) is None
    pacing.ended("a.test", now=5.0)  # much later, and as good as new
    assert pacing.begin(5.0) == item(2)
    pacing.answered([grant(n_slots=2, rate=math.inf)], now=6.0)  # or another slot comes
    assert pacing.begin(6.0) == item(3)


def test_a_limiter_hears_of_what_is_in_flight_although_nothing_waits() -> None:
    pacing = pacing_of(item(1))
    pacing.asks(0.0)
    pacing.answered([grant(0.0, retry_after_s=99.0)], now=0.0)
    pacing.begin(0.0)
    assert pacing.asks(1.0) == {0: [Ask("a.test", 0, 1, 0)]}
    pacing.answered([grant(retry_after_s=99.0)], now=1.0)
    assert pacing.asks(0.9 + HOLD_S) == {}
    assert pacing.asks(1.0 + HOLD_S) == {0: [Ask("a.test", 0, 1, 0)]}
    pacing.answered([grant(retry_after_s=99.0)], now=3.0)
    pacing.add([item(2)])  # new work does not wait for the next time to say so
    assert pacing.asks(3.0) == {0: [Ask("a.test", 1, 1, 0)]}


def test_an_answer_of_at_once_is_still_a_moment_away() -> None:
    pacing = pacing_of(item(1))
    pacing.asks(0.0)
    pacing.answered([grant(retry_after_s=0.0)], now=0.0)
    assert pacing.wake_at(0.0) == MIN_ASK_S


def test_a_domain_whose_turn_is_far_off_is_told_of() -> None:
    far = grant(retry_after_s=GIVE_BACK_AFTER_S + 1)
    assert pacing_of(item(1)).answered([far], now=0.0) == [far]
    assert pacing_of(item(1)).answered([grant(retry_after_s=1.0)], now=0.0) == []


def test_a_limiter_that_knows_no_such_domain_is_told_of_and_asked_again() -> None:
    pacing = pacing_of(item(1))
    pacing.asks(0.0)
    unknown = Grant("a.test", is_unknown=True)
    assert pacing.answered([unknown], now=0.0) == [unknown]
    assert pacing.asks(BLOCK_S / 2) == {}
    assert pacing.asks(BLOCK_S) != {}


def test_a_limiter_that_does_not_answer_is_asked_again() -> None:
    pacing = pacing_of(item(1))
    pacing.asks(0.0)
    pacing.unanswered(["a.test"], now=1.0)
    assert pacing.asks(1.0) == {}
    assert pacing.asks(1.0 + BLOCK_S) != {}


def test_what_has_not_begun_may_be_taken_back() -> None:
    pacing = pacing_of(item(1), item(2), item(3, "b.test"))
    assert pacing.take_back(lambda e: isinstance(e, LeasedItem) and e.item_id == 2) == [item(2)]
    assert pacing.take_back(lambda e: e.domain == "z.test") == []
    assert pacing.n_pending == 2


def test_another_rate_holds_from_the_moment_it_is_heard_of() -> None:
    pacing = pacing_of(item(1), item(2))
    errand = RobotsErrand("a.test", "a.test", "http://a.test/robots.txt", DomainPolicy(1.0), 0)
    pacing.learn(errand, now=0.0)
    pacing.answered([grant(0.0, 0.1, n_slots=2, rate=1.0)], now=0.0)
    assert pacing.begin(0.0) == item(1)
    assert pacing.begin(0.1) is None
    assert pacing.begin(0.99) is None
    assert pacing.begin(1.0) == item(2)


@settings(max_examples=60, deadline=None)
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
            for asks in task.asks(now).values():
                task.answered([gate.ask(name, ask, now=now) for ask in asks], now=now)
            while task.begin(now) is not None:
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
