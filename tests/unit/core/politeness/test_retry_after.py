"""How long a site asks us to wait."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.politeness.retry_after import MOST_S, NEAR_S, retry_after_s

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
        # units
        ("120s", 120.0),
        ("120 seconds", 120.0),
        ("1 second", 1.0),
        ("2m", 120.0),
        ("2 min", 120.0),
        ("1h30m", 5_400.0),
        ("1 Hour 30 Minutes", 5_400.0),
        ("1.5 h", 5_400.0),
        ("500ms", 0.5),
        ("2d", 172_800.0),
        ("1w", 604_800.0),
        ("PT2M", 120.0),  # ISO 8601
        ("P1DT1H", 90_000.0),
        ("P1M", 2_592_000.0),  # a month, not a minute
        ("P", None),
        ("2 fortnights", None),
        # ISO 8601 moments
        ("2026-11-02T11:00:00Z", 3600.0),
        ("2026-11-02T11:00:00.250+00:00", 3600.25),
        ("2026-11-02T12:00:00+01:00", 3600.0),
        ("2026-11-02 11:00:00", 3600.0),
        ("2026-11-02 11:00:00 UTC", 3600.0),
        ("20261102T110000Z", 3600.0),
        ("2026-11-02t11:00:00z", 3600.0),
        ("2026-11-02T11:00:00.125000000Z", 3600.125),
        ("2026-11-03", 50_400.0),
        ("2026-11-02T09:00:00Z", 0.0),
        ("0001-01-01T00:00:00+14:00", 0.0),
        ("9999-12-31T23:59:59Z", MOST_S),
        ("2026-13-02T11:00:00Z", None),
        # moments since the epoch
        (f"{NOW + 3:.0f}", 3.0),
        (f"{NOW + 3:.0f}000", 3.0),
        (f"{NOW + 3:.0f}000000", 3.0),
        (f"{NOW + 0.5}", 0.5),
        (f"{NOW - 60:.0f}", 0.0),  # past
        (f"{NOW + 2 * NEAR_S:.0f}", MOST_S),  # not near: a number of seconds, and absurd
        ("1" * 24, MOST_S),
        # several
        ("120, 600", 600.0),
        ("600, 120", 600.0),
        ("120; x", 120.0),
        ("120, Mon, 02 Nov 2026 11:00:00 GMT", 3600.0),
        ("Mon, 02 Nov 2026 11:00:00 GMT, Monday, 02-Nov-26 12:00:00 GMT", 7200.0),
        ('"120"', 120.0),
        (",", None),
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


SPELLINGS = st.sampled_from(
    [
        lambda wait_s: f"{wait_s}",
        lambda wait_s: f"{wait_s}s",
        lambda wait_s: f"PT{wait_s // 3_600}H{wait_s % 3_600}S",
        lambda wait_s: f"{NOW + wait_s:.0f}",
        lambda wait_s: f"{1_000 * (NOW + wait_s):.0f}",
        lambda wait_s: datetime.fromtimestamp(NOW + wait_s, UTC).isoformat(),
        lambda wait_s: datetime.fromtimestamp(NOW + wait_s, UTC).strftime("%Y%m%dT%H%M%SZ"),
        lambda wait_s: datetime.fromtimestamp(NOW + wait_s, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        lambda wait_s: datetime.fromtimestamp(NOW + wait_s, UTC).strftime("%A, %d-%b-%y %H:%M:%S GMT"),
        lambda wait_s: datetime.fromtimestamp(NOW + wait_s, UTC).strftime("%a %b %e %H:%M:%S %Y"),
    ]
)


@given(st.lists(st.tuples(st.integers(0, int(NEAR_S)), SPELLINGS), min_size=1, max_size=3))
def test_of_any_spellings_the_longest_counts(waits: list[tuple[int, Callable[[int], str]]]) -> None:
    value = ", ".join(spell(wait_s) for wait_s, spell in waits)
    assert retry_after_s(value, now=NOW) == max(wait_s for wait_s, _ in waits)


@given(st.integers(0, 10**9))
def test_a_date_is_the_seconds_until_it(wait_s: int) -> None:
    date = format_datetime(datetime.fromtimestamp(NOW + wait_s, UTC), usegmt=True)
    assert retry_after_s(date, now=NOW) == wait_s


def test_a_long_run_of_blanks_is_read_in_no_time() -> None:
    """Looking for a zone's name at the end went over the blanks again from each of them: half a minute."""
    assert retry_after_s("a" + 200_000 * " " + "b", now=0.0) is None
    assert retry_after_s("1970-01-01T00:01:00 UTC", now=0.0) == 60.0
