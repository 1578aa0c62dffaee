"""The kind of a dead letter, and the use of a retry."""

from __future__ import annotations

import pytest

from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.dead_kind import kind_of, retry_help
from tlray.core.politeness.domain import blocked_too_often
from tlray.core.scheduling.lane_ends import KILLS_READERS


@pytest.mark.parametrize(
    ("reason", "kind", "helps"),
    [
        ("timeout: no answer within 20 s", "timeout", "yes"),
        ("timeout", "timeout", "yes"),
        ("gone: 404", "gone", "no"),
        ("blocked: captcha; put off for 3 days in all, at most 2 days", "blocked", "later"),
        (blocked_too_often(4), "parked", "later"),
        ("dns: no such host", "dns", "maybe"),
        ("redirected in a loop, last to http://a.test/", "redirect", "no"),
        ("redirected to no good URL: no host", "redirect", "no"),
        ("robots.txt cannot be fetched: 500", "robots-unreachable", "yes"),
        ("kills its worker (worker died)", "crashed", "no"),
        (KILLS_READERS, "crashed", "no"),
        ("private-address: 127.0.0.1", "private-address", "no"),
        ("something else: 1", "other", "maybe"),
        ("", "other", "maybe"),
        (None, "other", "maybe"),
    ],
)
def test_a_reason_has_a_kind_and_a_kind_says_whether_a_retry_helps(
    reason: str | None, kind: str, helps: str
) -> None:
    assert kind_of(reason) == kind
    assert retry_help(kind).helps == helps


def test_every_kind_of_outcome_is_its_own_kind() -> None:
    assert {kind_of(f"{kind}: x") for kind in OutcomeKind} == {kind.value for kind in OutcomeKind}
    assert retry_help(OutcomeKind.UNREADABLE).hint
