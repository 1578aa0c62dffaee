"""Counts, rates and durations in words; the page and the terminal say the same."""

from __future__ import annotations

import pytest
from page_words import DURATIONS, RATES

from tlray.core.model.amounts import duration, plural, rate, rate_of
from tlray.core.model.lifecycle import ItemState
from tlray.core.model.progress import n_done, n_open


@pytest.mark.parametrize(("per_s", "text"), [*RATES.items(), (None, "no ceiling")])
def test_a_rate(per_s: float | None, text: str) -> None:
    assert rate(per_s) == text


@pytest.mark.parametrize(
    ("now", "ceiling", "text"),
    [
        (2.0, 2.0, "2/s"),
        (1.97, 2.0, "2/s"),
        (1.4, 2.0, "1.4/s of 2/s"),
        (1 / 8, 2.0, "0.12/s of 2/s"),
        (250.0, 300.0, "250/s of 300/s"),
        (1.7, 1.9, "102/min of 114/min"),
        (0.05, 0.5, "3/min of 30/min"),
        (1 / 16, 1 / 8, "1 every 16 s of 1 every 8 s"),
        (None, 2.0, "no ceiling"),
        (1.0, None, "60/min"),
    ],
)
def test_a_rate_and_its_ceiling_have_one_unit(now: float | None, ceiling: float | None, text: str) -> None:
    assert rate_of(now, ceiling) == text


@pytest.mark.parametrize(("seconds", "text"), [*DURATIONS.items(), (47 * 3_600 + 61, "1 d 23 h")])
def test_a_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_count() -> None:
    assert [plural(1, "set"), plural(1_204, "set"), plural(0, "retry", "retries")] == [
        "1 set",
        "1,204 sets",
        "0 retries",
    ]


def test_a_cancelled_item_is_neither_done_nor_open() -> None:
    counts = {state.value: 10**n for n, state in enumerate(ItemState)}
    assert n_done(counts) + n_open(counts) + counts["cancelled"] == sum(counts.values())
    assert n_done(counts) == sum(counts[state] for state in ItemState if state.is_final) - counts["cancelled"]
    assert n_done({}) == n_open({}) == 0
