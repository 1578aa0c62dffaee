"""Until when a domain rests, as a person reads it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tlray.io.disk.local_time import rest_text

EVENING = 1_800_050_400.0  # 2027-01-15 22:00 UTC


@pytest.fixture(autouse=True)
def in_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("rest_s", "text"),
    [
        (90.0, "rests until 22:01:30"),
        (7_199.0, "rests until 23:59:59"),
        (7_200.0, "rests until 2027-01-16 00:00"),  # tomorrow: the time alone would read as today
        (86_399.0, "rests until 2027-01-16 21:59"),
        (366 * 86_400.0, "rests for more than a year"),
        (1e300, "rests for more than a year"),  # no clock has it
    ],
)
def test_a_moment_of_another_day_has_its_date(rest_s: float, text: str) -> None:
    assert rest_text(EVENING + rest_s, EVENING) == text
