"""Moments as text, by the clock of this machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime

MINUTES = "%Y-%m-%d %H:%M"
YEAR_S = 365 * 86_400.0


def local_minute(at: float) -> str:
    """Return a moment to the minute; ``?`` if it is out of range."""
    try:
        return time.strftime(MINUTES, time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return "?"


def utc_second(at: float | None) -> str:
    """Return a moment in UTC to the second; ``not begun`` for None, ``?`` if it is out of range."""
    if at is None:
        return "not begun"
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return "?"


def rest_text(until: float, now: float) -> str:
    """Return until when a domain cools down, with the date unless that is today; both in seconds since the epoch."""
    if until - now > YEAR_S:  # a site may ask for any number of seconds
        return "rests for more than a year"
    there, here = time.localtime(until), time.localtime(now)
    return "rests until " + time.strftime("%H:%M:%S" if there[:3] == here[:3] else "%Y-%m-%d %H:%M", there)
