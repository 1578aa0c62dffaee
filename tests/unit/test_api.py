"""When the one call gives up waiting."""

from __future__ import annotations

from typing import Any

import pytest

from tlray.batch_run import _wait_exceeded

NOW = 1_800_000_000.0


def told(until: float | None, reason: str | None) -> dict[str, Any]:
    waits_for = None if reason is None else {"domain": "a.test", "reason": reason}
    return {"batch_id": "B1", "waits_until": until, "waits_for": waits_for}


@pytest.mark.parametrize(
    ("what", "gives_up"),
    [
        (told(None, None), False),
        (told(NOW + 59, "blocked: captcha"), False),
        (told(NOW + 61, "blocked: captcha"), True),
        (told(None, "paused by hand"), True),  # for ever, as far as anybody knows
    ],
)
def test_a_batch_is_given_up_that_can_fetch_nothing_for_too_long(
    what: dict[str, Any], *, gives_up: bool
) -> None:
    assert (_wait_exceeded(what, 60.0, now=NOW) is not None) == gives_up


def test_who_gives_up_names_the_first_domain_its_reason_and_how_to_go_on() -> None:
    words = _wait_exceeded(told(NOW + 90, "blocked: captcha"), 60.0, now=NOW) or ""
    assert "a.test rests until " in words
    assert "(blocked: captcha), longer than --max-wait" in words
    assert "--resume B1" in words
    for_ever = _wait_exceeded(told(1e300, "throttled: 429"), 60.0, now=NOW) or ""
    assert "a.test rests for more than a year (throttled: 429)" in for_ever
    override = _wait_exceeded(told(None, "paused by hand"), 60.0, now=NOW) or ""
    assert "every domain is paused by hand, a.test too" in override
    assert "--resume B1" in override
