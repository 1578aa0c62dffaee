"""When the one call gives up waiting."""

from __future__ import annotations

from typing import Any

import pytest

from tlray.api import _all_wait_until, _waits_too_long

NOW = 1_800_000_000.0


def told(n_leased: int = 0, **domains: dict[str, Any]) -> dict[str, Any]:
    return {"counts": {"leased": n_leased}, "domains": domains}


RESTS = {"open": 2, "cooling_until": NOW + 90, "reason": "blocked: captcha"}
RESTS_LONGER = {"open": 1, "cooling_until": NOW + 9e9, "reason": "throttled: 429"}
WORKS = {"open": 1}
DONE = {"open": 0}


@pytest.mark.parametrize(
    ("what", "until"),
    [
        (told(), None),
        (told(a=RESTS), NOW + 90),
        (told(a=RESTS_LONGER, b=RESTS), NOW + 90),
        (told(a=RESTS, b=DONE), NOW + 90),  # what is done is not at work
        (told(a=RESTS, b=WORKS), None),
        (told(1, a=RESTS), None),  # something is in flight
        (told(b=DONE), None),
    ],
)
def test_nothing_can_be_fetched_until_the_first_of_the_resting_domains_is_back(
    what: dict[str, Any], until: float | None
) -> None:
    assert _all_wait_until(what) == until


def test_who_gives_up_names_the_first_domain_its_reason_and_how_to_go_on() -> None:
    words = _waits_too_long(told(a=RESTS_LONGER, b=RESTS, c=DONE), NOW + 90, "B1")
    assert "b rests until " in words
    assert "(blocked: captcha), longer than --max-wait" in words
    assert "--resume B1" in words
    assert "a rests for more than a year (throttled: 429)" in _waits_too_long(
        told(a=RESTS_LONGER), 1e300, "B1"
    )
