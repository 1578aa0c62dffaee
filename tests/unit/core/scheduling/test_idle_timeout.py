"""When a coordinator has had nothing to do for long enough."""

from __future__ import annotations

from tlray.core.scheduling.idle_timeout import IdleTimeout


def test_it_is_over_when_nothing_has_happened_for_the_limit() -> None:
    idleness = IdleTimeout(10.0, since=100.0)
    assert not idleness.is_over(is_busy=False, now=109.9)
    assert idleness.is_over(is_busy=False, now=110.0)


def test_what_is_busy_begins_anew_when_it_rests() -> None:
    idleness = IdleTimeout(10.0, since=0.0)
    assert not idleness.is_over(is_busy=True, now=500.0)
    assert not idleness.is_over(is_busy=False, now=509.0)
    assert idleness.is_over(is_busy=False, now=510.0)


def test_a_sign_of_life_puts_it_off_and_an_older_one_changes_nothing() -> None:
    idleness = IdleTimeout(10.0, since=0.0)
    idleness.touch(now=8.0)
    idleness.touch(now=3.0)
    assert not idleness.is_over(is_busy=False, now=17.9)
    assert idleness.is_over(is_busy=False, now=18.0)


def test_it_says_when_it_will_be_over_so_that_somebody_looks_then() -> None:
    idleness = IdleTimeout(10.0, since=0.0)
    assert idleness.over_at == 10.0
    idleness.is_over(is_busy=True, now=500.0)
    assert idleness.over_at == 510.0
    assert IdleTimeout(0.0, since=0.0).over_at is None


def test_a_limit_of_0_never_ends_it() -> None:
    assert not IdleTimeout(0.0, since=0.0).is_over(is_busy=False, now=1e9)
