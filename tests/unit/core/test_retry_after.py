"""How long a site asks us to wait."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.retry_after import retry_after_s

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),  # not by the book, and clear
        ("31536000", 31_536_000.0),  # a year: the caller decides what is too long
        ("Mon, 02 Nov 2026 11:00:00 GMT", 3600.0),
        ("Monday, 02-Nov-26 11:00:00 GMT", 3600.0),  # RFC 850
        ("Mon Nov  2 11:00:00 2026", 3600.0),  # asctime, always UTC
        ("Mon, 02 Nov 2026 11:00:00", 3600.0),
        ("Mon, 02 Nov 2026 11:00:00 +0100", 0.0),
        ("Mon, 02 Nov 2026 09:00:00 GMT", 0.0),  # past
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("+5", None),
        ("1e3", None),
        ("soon", None),
        ("٣", None),  # a digit, and none of HTTP's
        ("1 2 3", None),
        ("120 seconds", None),
        ("Mon, 99 Nov 2026 11:00:00 GMT", None),
        ("Mon, 02 Nov 2026 25:00:00 GMT", None),
        ("Mon, 02 Nov 99999999999 11:00:00 GMT", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_or_nothing(value: str | None, expected: float | None) -> None:
    assert retry_after_s(value, now=NOW) == expected


def test_a_number_too_large_for_a_float_is_still_a_number() -> None:
    assert math.isfinite(retry_after_s("9" * 400, now=NOW) or math.inf)


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d( [A-Z+-]\w*)?"))
def test_garbage_is_never_an_exception(value: str) -> None:
    wait_s = retry_after_s(value, now=NOW)
    assert wait_s is None or wait_s >= 0


@given(st.integers(0, 10**9))
def test_a_date_is_the_seconds_until_it(wait_s: int) -> None:
    date = format_datetime(datetime.fromtimestamp(NOW + wait_s, UTC), usegmt=True)
    assert retry_after_s(date, now=NOW) == wait_s
