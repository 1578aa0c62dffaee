"""The promise to a site: at most burst + rate·t fetches in any window, at most its concurrency in flight."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.handover import UNHEARD_S
from tlray.core.politeness.limiter_gate import (
    BLOCK_S,
    LISTEN_S,
    SHARED_LATE_S,
    SHARED_PART,
    Gate,
    PermitRequest,
)
from tlray.core.politeness.token_bucket import TokenBucket

RATES = st.floats(0.01, 1_000)
STEPS = st.lists(
    st.tuples(st.floats(0, 20), st.integers(1, 10), st.sampled_from([0.0, 0.5]), st.none() | RATES),
    max_size=40,
)


@given(RATES, st.integers(1, 10), STEPS)
def test_no_window_holds_more_than_burst_and_rate_allow(
    rate: float, burst: int, steps: list[tuple[float, int, float, float | None]]
) -> None:
    now, fastest, begins = 0.0, rate, []
    bucket = TokenBucket(rate, burst, now=now)
    for pause_s, n, horizon_s, new_rate in steps:
        now += pause_s
        if new_rate is not None:
            bucket.set_rate(new_rate, now=now)
            fastest = max(fastest, new_rate)
        begins += [now + delay_s for delay_s in bucket.reserve(n, now=now, horizon_s=horizon_s)]
    begins.sort()
    for i, start in enumerate(begins):
        for j in range(i, len(begins)):
            assert j - i + 1 <= burst + fastest * (begins[j] - start + 2e-6) + 1e-6


def test_tokens_may_be_reserved_ahead_within_the_horizon() -> None:
    bucket = TokenBucket(2.0, 1, now=0.0)
    assert bucket.reserve(9, now=0.0, horizon_s=1.0) == (0.0, 0.5, 1.0)
    assert bucket.wait_s(now=1.0) == pytest.approx(0.5)
    assert bucket.reserve(1, now=1.0) == ()
    assert "2/s burst 1" in repr(bucket)


def test_a_bucket_without_a_ceiling_never_waits_and_owes_nothing_for_it() -> None:
    bucket = TokenBucket(math.inf, now=0.0)
    assert bucket.reserve(3, now=0.0) == (0.0, 0.0, 0.0)
    assert bucket.wait_s(now=0.0) == 0.0
    bucket.set_rate(1.0, now=5.0)
    assert bucket.wait_s(now=5.0) == 1.0  # a new ceiling begins with an empty bucket


def test_a_smaller_burst_takes_tokens_away_at_once() -> None:
    bucket = TokenBucket(1.0, 5, now=0.0)
    bucket.set_rate(1.0, now=0.0, burst=1)
    assert len(bucket.reserve(9, now=0.0)) == 1


def test_time_that_goes_back_gains_nothing() -> None:
    bucket = TokenBucket(1.0, 1, now=10.0, tokens=0.0)
    assert bucket.reserve(1, now=5.0) == ()


@pytest.mark.parametrize(("rate", "burst"), [(0.0, 1.0), (-1.0, 1.0), (math.nan, 1.0), (1.0, 0.5)])
def test_a_bucket_that_could_never_give_is_refused(rate: float, burst: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        TokenBucket(rate, burst, now=0.0)


def test_a_rate_of_nothing_is_refused_later_too() -> None:
    with pytest.raises(ValueError, match="above 0"):
        TokenBucket(1.0, now=0.0).set_rate(0.0, now=0.0)


# -- the gate: tasks share a domain's slots


@given(
    st.integers(1, 8),
    st.sampled_from([math.inf, 5.0, 500.0]),
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.integers(0, 12), st.floats(0, 1), st.integers(0, 4)), max_size=60
    ),
)
def test_slots_are_never_above_the_concurrency(
    concurrency: int, rate: float, steps: list[tuple[str, int, float, int]]
) -> None:
    gate = Gate(DomainPolicy(rate, concurrency=concurrency), now=0.0, starts_empty=False)
    in_flight = dict.fromkeys("ABC", 0)
    now = 0.0
    for task, n_wanted, pause_s, n_ended in steps:
        now += pause_s
        in_flight[task] = max(0, in_flight[task] - n_ended)
        for other in in_flight:  # who has something in flight says so within the time
            n = n_wanted if other == task else 0
            grant = gate.ask(other, PermitRequest("a.test", n, in_flight[other]), now=now)
            begun = min(len(grant.starts), max(0, grant.n_slots - in_flight[other]))
            in_flight[other] += begun
        assert sum(in_flight.values()) <= concurrency


def test_a_task_that_came_first_makes_room_for_the_second() -> None:
    gate = Gate(DomainPolicy(math.inf, concurrency=4), now=0.0, starts_empty=False)
    assert gate.ask("A", PermitRequest("d", 9, 0), now=0.0).n_slots == 4
    assert gate.ask("B", PermitRequest("d", 9, 0), now=0.1).n_slots == 0
    assert gate.ask("A", PermitRequest("d", 5, 4), now=0.2).n_slots == 2
    assert gate.ask("A", PermitRequest("d", 5, 2), now=0.3).n_slots == 2
    assert gate.ask("B", PermitRequest("d", 9, 0), now=0.4).n_slots == 2


def test_a_permit_in_hand_keeps_its_slot() -> None:
    gate = Gate(DomainPolicy(1.0, concurrency=1), now=0.0, starts_empty=False)
    assert gate.ask("A", PermitRequest("d", 0, 0, n_in_hand=1), now=0.0).n_slots == 1
    assert gate.ask("A", PermitRequest("d", 1, 0, n_in_hand=1), now=0.0).starts == ()  # no slot for another


def test_slots_of_a_task_that_has_gone_are_given_away() -> None:
    gate = Gate(DomainPolicy(math.inf, concurrency=1), now=0.0, starts_empty=False)
    gate.ask("A", PermitRequest("d", 1, 0), now=0.0)
    assert gate.ask("B", PermitRequest("d", 1, 0), now=1.0).n_slots == 0
    gate.forget("A")
    assert gate.ask("B", PermitRequest("d", 1, 0), now=1.0).n_slots == 1
    assert gate.ask("C", PermitRequest("d", 1, 0), now=9.0).n_slots == 1  # B has not asked for 8 s


def test_a_stopped_gate_says_for_how_long() -> None:
    gate = Gate(DomainPolicy(1.0), now=0.0, starts_empty=False)
    gate.rests_until = 10.0
    grant = gate.ask("A", PermitRequest("d", 1, 0), now=4.0)
    assert (grant.starts, grant.n_slots, grant.retry_after_s) == ((), 0, 6.0)
    assert "1/s" in repr(gate)
    gate.rests_until = -math.inf
    assert gate.ask("A", PermitRequest("d", 1, 0), now=4.0).starts == (0.0,), "a rest that is lifted is over"


def test_a_gate_whose_rest_is_lifted_listens_on() -> None:
    gate = Gate(DomainPolicy(1.0), now=0.0, starts_empty=True)
    gate.rests_until = 10.0
    gate.rests_until = -math.inf
    assert gate.stopped_until == LISTEN_S


def test_a_gate_that_forgot_listens_before_it_gives() -> None:
    gate = Gate(DomainPolicy(math.inf, concurrency=2), now=0.0, starts_empty=True)
    assert gate.ask("A", PermitRequest("d", 0, 2), now=1.0).starts == ()
    assert gate.ask("B", PermitRequest("d", 1, 0), now=LISTEN_S).n_slots == 0


def test_of_a_domain_that_tasks_share_a_part_is_given_and_permits_hold_for_a_moment() -> None:
    gate = Gate(DomainPolicy(100.0, concurrency=99), now=0.0, starts_empty=False)
    alone = gate.ask("A", PermitRequest("d", 99, 0), now=0.0)
    assert (len(alone.starts), alone.late_s) == (51, BLOCK_S)
    now = 10.0
    gate.ask("A", PermitRequest("d", 1, 0), now=now - 1.0)
    shared = gate.ask("B", PermitRequest("d", 99, 0), now=now)
    assert shared.late_s == SHARED_LATE_S
    assert len(shared.starts) == 48, "a part of the rate, and not before A may have begun"
    assert gate.bucket.rate == pytest.approx(100 * SHARED_PART)
    gate.forget("A")
    assert gate.ask("B", PermitRequest("d", 1, 0), now=now + 1).late_s == BLOCK_S
    assert gate.bucket.rate == 100.0


def test_tasks_that_share_a_domain_without_a_ceiling_have_nothing_to_be_late_for() -> None:
    gate = Gate(DomainPolicy(math.inf, concurrency=4), now=0.0, starts_empty=False)
    gate.ask("A", PermitRequest("d", 9, 0), now=0.0)
    assert gate.ask("B", PermitRequest("d", 9, 0), now=0.0).late_s == BLOCK_S


def test_another_policy_never_adds_tokens() -> None:
    gate = Gate(DomainPolicy(1.0, burst=1), now=0.0, starts_empty=False)
    gate.set_policy(DomainPolicy(1.0, burst=5, concurrency=9), now=0.0)
    gate.set_policy(DomainPolicy(1.0, burst=5, concurrency=8), now=0.0)
    assert len(gate.ask("A", PermitRequest("d", 9, 0), now=0.0).starts) == 1


@pytest.mark.parametrize("n_in_hand", [0, 1])
def test_who_takes_a_domain_over_waits_for_what_the_other_may_still_begin(n_in_hand: int) -> None:
    """Found by stories 1922 and 1839: a task whose connections are slow uses its permits seconds late, and nobody heard of it."""
    gate = Gate(DomainPolicy(0.25), now=0.0, starts_empty=False)
    assert gate.ask("A", PermitRequest("d", 1, 0, wait_s=3.0), now=0.0).starts == (0.0,)
    if n_in_hand:
        assert gate.ask("A", PermitRequest("d", 1, 0, n_in_hand, wait_s=2.5), now=1.0).starts == ()
    gate.forget("A")
    began_at = 3.5 if n_in_hand else 3.0
    now, starts = 4.0, ()
    while not starts:
        now += 0.25
        starts = gate.ask("B", PermitRequest("d", 1, 0), now=now).starts
    assert now + starts[0] == pytest.approx(began_at + 4.0 + UNHEARD_S)


def test_who_takes_a_domain_over_waits_for_answers_that_are_under_way() -> None:
    """Found by story 1309: the other one's permit was still on its way to it."""
    gate = Gate(DomainPolicy(5.0), now=0.0, starts_empty=False)
    for answer_s, now in ((0.0, 0.0), (2.0, 9.0)):
        assert gate.ask("A", PermitRequest("d", 1, 0, answer_s=answer_s), now=now).starts
        gate.forget("A")
        assert gate.ask("B", PermitRequest("d", 1, 0), now=now + 1.5).starts == (() if answer_s else (0.0,))
        gate.forget("B")
