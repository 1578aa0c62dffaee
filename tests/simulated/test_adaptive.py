"""A rate below the ceiling: found, held, lowered by what says "too fast", and by nothing else."""

from __future__ import annotations

import math
import random

import pytest
from simulated.weak_site import held

from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.adaptive_rate import HOLD_S, AdaptiveRate
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.policy import PolitenessOptions, gentlest
from tlray.core.politeness.rate_text import AUTO_BURST, parse_rate
from tlray.core.scheduling.engine import Engine

K = OutcomeKind


def window(
    rate: AdaptiveRate, at: float, *, latency_s: float = 0.1, ceiling: float = 10.0, n: int = 20, bad: OutcomeKind | None = None,
    n_bad: int = 0, is_auto: bool = False,
) -> float:  # fmt: skip
    """Let two seconds' answers come in; return the rate after them."""
    outcomes = [Outcome(i, K.FETCHED, latency_s=latency_s) for i in range(n - n_bad)]
    outcomes += [Outcome(i, bad or K.TIMEOUT, latency_s=0.001) for i in range(n_bad)]
    rate.observe([], now=at - 2.0, ceiling=ceiling, is_auto=is_auto)
    rate.observe(outcomes, now=at, ceiling=ceiling, is_auto=is_auto)
    return rate.allowed(ceiling, is_auto=is_auto)


@pytest.mark.parametrize("capacity", [3.0, 8.0, 20.0])
def test_a_hidden_capacity_is_found_and_held_without_errors(capacity: float) -> None:
    per_s, share_bad = held(capacity)
    assert per_s == pytest.approx(capacity, rel=0.08)
    assert share_bad < 0.01


def test_a_capacity_is_found_although_the_site_is_noisy() -> None:
    per_s, share_bad = held(8.0, noise=0.5)
    assert per_s == pytest.approx(8.0, rel=0.15)
    assert share_bad < 0.01


@pytest.mark.parametrize(("before", "after"), [(20.0, 10.0), (8.0, 20.0)])
def test_a_capacity_that_changes_is_followed(before: float, after: float) -> None:
    per_s, _ = held(before, later=(1060.0, after), from_s=110.0)
    assert per_s == pytest.approx(after, rel=0.15)


def test_a_search_that_noise_ended_goes_on_where_no_queue_shows() -> None:
    rate = AdaptiveRate()
    at, before = 2.0, window(rate, 2.0, ceiling=50.0, is_auto=True)
    assert window(rate, 4.0, latency_s=1.0, ceiling=50.0, is_auto=True) < before
    steps = []
    while before < 4.0:
        now = window(rate, at := at + 6.0, ceiling=50.0, is_auto=True)
        steps.append(now / before)
        before = now
    assert not rate.is_searching
    assert max(steps[:2]) < 1.2
    assert steps[-1] == pytest.approx(1.25)


def test_two_fetches_that_meet_at_a_slow_site_are_no_queue() -> None:
    slow, fast = AdaptiveRate(), AdaptiveRate()
    for rate, n in ((slow, 3), (fast, 40)):
        window(rate, 10.0, n=n, ceiling=50.0, is_auto=True)
        window(rate, 12.0, n=n, latency_s=0.25, ceiling=50.0, is_auto=True)
    assert slow.rate > 1.25
    assert fast.rate < 1.25


def test_noise_does_not_lower_an_explicit_rate() -> None:
    rate, r = AdaptiveRate(), random.Random(1)
    for i in range(500):
        outcomes = [Outcome(n, K.FETCHED, latency_s=r.expovariate(5.0)) for n in range(20)]
        outcomes += [Outcome(0, K.UNAVAILABLE)] * (i % 2)
        rate.observe(outcomes, now=2.0 * i, ceiling=10.0)
        assert rate.allowed(10.0) == 10.0


@pytest.mark.parametrize("bad", [K.UNAVAILABLE, K.TIMEOUT, K.CONNECT, K.TRUNCATED, K.THROTTLED])
def test_errors_lower_a_rate_and_it_recovers_slowly_to_what_was_asked(bad: OutcomeKind) -> None:
    rate = AdaptiveRate()
    assert window(rate, 2.0, bad=bad, n_bad=15) == pytest.approx(7.0)
    assert window(rate, 2.0 + HOLD_S - 0.5, bad=bad, n_bad=20) == pytest.approx(
        7.0
    )  # it was on its way already
    at = 10.0
    while (now := window(rate, at)) < 10.0:
        assert now <= rate.rate <= 10.0
        at += 2.0
    assert 10.0 < at < 60.0
    assert math.isinf(rate.rate)


def test_errors_lower_a_rate_to_a_floor() -> None:
    rate = AdaptiveRate()
    for i in range(1, 60):
        window(rate, 10.0 * i, bad=K.THROTTLED, n_bad=20)
    assert rate.allowed(10.0) == 10.0 / 16


def test_a_site_that_is_ill_by_itself_is_not_asked_ever_less() -> None:
    rate = AdaptiveRate()
    for i in range(1, 200):
        window(rate, 10.0 * i, bad=K.UNAVAILABLE, n_bad=5)
    assert rate.allowed(10.0) == 10.0


def test_lasting_growth_of_latency_lowers_an_explicit_rate_to_a_quarter_at_most() -> None:
    rate = AdaptiveRate()
    window(rate, 2.0)
    assert [window(rate, at, latency_s=0.4) for at in (4.0, 6.0)] == [10.0, 10.0]
    assert window(rate, 8.0, latency_s=0.4) == pytest.approx(7.0)
    lowered = [window(rate, 20.0 + 4 * i, latency_s=5.0) for i in range(200)]
    assert 2.0 <= min(lowered) <= 4.0
    assert lowered[-1] > min(lowered)  # it is slow by itself: that is how it is now
    for i in range(60):
        window(rate, 2_000.0 + 4 * i, latency_s=0.1)
    assert rate.allowed(10.0) == 10.0


def test_without_a_ceiling_only_too_fast_sets_one_and_it_goes_again() -> None:
    rate = AdaptiveRate()
    for at in (2.0, 4.0, 6.0, 8.0, 10.0):
        assert math.isinf(window(rate, at, latency_s=at, ceiling=math.inf))
    assert window(rate, 20.0, ceiling=math.inf, n=200, bad=K.THROTTLED, n_bad=2) == pytest.approx(
        70.0, rel=0.9
    )
    at = 30.0
    while math.isfinite(window(rate, at, ceiling=math.inf)):
        at += 2.0
        assert at < 200.0


def test_an_automatic_rate_begins_low_and_what_is_not_used_proves_nothing() -> None:
    rate = AdaptiveRate()
    assert rate.allowed(50.0, is_auto=True) == 1.0
    assert rate.allowed(0.5, is_auto=True) == 0.5
    assert window(rate, 2.0, n=20, ceiling=50.0, is_auto=True) == 1.25
    assert window(rate, 20.0, n=3, ceiling=50.0, is_auto=True) == 1.25
    rate.is_searching = False
    assert 1.25 < window(rate, 22.0, n=40, ceiling=50.0, is_auto=True) < 1.4
    before = rate.rate
    assert window(rate, 24.0, latency_s=1.0, ceiling=50.0, is_auto=True) == pytest.approx(0.7 * before)


def test_auto_is_a_rate_that_a_user_may_name() -> None:
    assert parse_rate("auto") == (50.0, AUTO_BURST)
    assert parse_rate(" auto:20/s ") == (20.0, AUTO_BURST)
    policy = PolitenessOptions(rates={"a.test": parse_rate("auto:20")}).policy("a.test")
    assert (policy.rate, policy.burst, policy.concurrency, policy.is_auto) == (20.0, 1.0, 16, True)
    assert gentlest([policy, policy]) == policy


def test_limiters_are_told_of_another_rate_once_a_second_and_only_of_news() -> None:
    engine = Engine()
    engine.domains["a.test"] = state = DomainState("a.test", DomainPolicy(1.0))
    engine.registry._changed["a.test"] = -math.inf
    current: set[str] = set()
    assert engine.registry.changed(now=0.0, is_current=current.__contains__) == {"a.test"}
    assert engine.registry.changed(now=0.5, is_current=current.__contains__) == set()
    state.adaptive.rate = 0.3
    assert engine.registry.changed(now=1.0, is_current=current.__contains__) == {"a.test"}
    current.add("a.test")
    assert engine.registry.changed(now=2.0, is_current=current.__contains__) == set()
    assert engine.registry._changed == {}
