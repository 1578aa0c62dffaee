"""Each user has a bucket of their own."""

from __future__ import annotations

import pytest

from tlray.core.access.rate_limit import RateLimit


def test_who_asks_too_often_is_told_when_to_come_back_and_nobody_else_is() -> None:
    rates = RateLimit(2.0, burst=3)
    assert [rates.take("ada", now=0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert rates.take("ada", now=0.0) == pytest.approx(0.5)
    assert rates.take("ada", now=0.0) == pytest.approx(0.5), "what was refused is not counted"
    assert rates.take("bob", now=0.0) == 0.0
    assert rates.take("ada", now=0.5) == 0.0
    assert rates.take("ada", now=0.5) == pytest.approx(0.5)


def test_who_was_not_heard_of_for_longest_is_forgotten_first() -> None:
    rates = RateLimit(1.0, burst=1, max_remembered=2)
    for who in ("ada", "bob", "ada", "cleo"):
        rates.take(who, now=0.0)
    assert rates.take("ada", now=0.0) > 0, "bob was forgotten"
    assert rates.take("bob", now=0.0) == 0.0
