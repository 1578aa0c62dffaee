"""A rate that changes breaks no promise: what may begin is bounded by the rates that were in force."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tlray.core.politeness.token_bucket import TokenBucket

RATES = st.floats(0.05, 500)
STEPS = st.lists(st.tuples(st.floats(0, 5), st.integers(1, 6), st.none() | RATES), max_size=40)


@given(RATES, st.integers(1, 8), STEPS)
def test_what_begins_in_a_window_is_bounded_by_the_rates_in_force_in_it(
    rate: float, burst: int, steps: list[tuple[float, int, float | None]]
) -> None:
    bucket, now, gained = TokenBucket(rate, burst, now=0.0), 0.0, 0.0
    begins: list[float] = []
    """What the rates have gained up to each begin."""
    for pause_s, n, new_rate in steps:
        now += pause_s
        gained += pause_s * bucket.rate
        if new_rate is not None:
            bucket.set_rate(new_rate, now=now)
        begins += [gained for _ in bucket.reserve(n, now=now)]
    for i, start in enumerate(begins):
        for j in range(i, len(begins)):
            assert j - i + 1 <= burst + (begins[j] - start) + 1e-2


@given(RATES, STEPS)
def test_without_a_burst_two_fetches_are_never_closer_than_the_fastest_rate_allows(
    rate: float, steps: list[tuple[float, int, float | None]]
) -> None:
    """Even those that were reserved ahead before the rate changed."""
    bucket, now, fastest = TokenBucket(rate, 1, now=0.0), 0.0, rate
    begins: list[float] = []
    for pause_s, n, new_rate in steps:
        now += pause_s
        if new_rate is not None:
            bucket.set_rate(new_rate, now=now)
            fastest = max(fastest, new_rate)
        begins += [now + delay_s for delay_s in bucket.reserve(n, now=now, horizon_s=0.5)]
    for before, after in pairwise(begins):
        assert after - before >= 1 / fastest - 1e-5
