"""The reasons of a missing estimate in words."""

from __future__ import annotations

from typing import Any

import pytest

from tlray.core.scheduling.estimate_text import WORDS, missing_words
from tlray.core.scheduling.eta import NoEstimate


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"estimate_missing": "matching"}, "what is known already is being looked up"),
        ({"estimate_missing": "no-page-yet", "estimate_waits_on": None}, "no page has come back yet"),
        (
            {"estimate_missing": "paused-domain", "estimate_waits_on": "a.test"},
            "a.test is paused by an admin",
        ),
        ({"estimate_missing": "paused-domain"}, "a site is paused by an admin"),
        ({"estimate_missing": None}, ""),
        ({"estimate_missing": "of a later version"}, ""),
        ({}, ""),
    ],
)
def test_why_there_is_no_end(status: dict[str, Any], words: str) -> None:
    assert missing_words(status) == words  # type: ignore[arg-type]


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(NoEstimate)
