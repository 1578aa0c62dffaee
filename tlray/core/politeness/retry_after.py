"""The seconds of a ``Retry-After`` header.

RFC 9110 §10.2.3 allows whole seconds or an HTTP date, in three spellings. Sites send more: an ISO 8601 moment or duration,
``120s``, a moment in seconds or milliseconds since the epoch, several values. The longest of several counts; a moment without a
zone is UTC. The caller bounds them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

DAY_S = 86_400.0
NEAR_S = 366 * DAY_S
"""A number within this distance of now, in seconds since the epoch, is a moment: no site asks for 50 years."""
MOST_S = 1e9
"""The largest value: a number may have any length."""
_NUMBER = re.compile(r"\d+(?:\.\d*)?", re.ASCII)
_UNITS_S = {
    "ms": 0.001, "msec": 0.001, "millisecond": 0.001, "s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0,
    "h": 3_600.0, "hr": 3_600.0, "hour": 3_600.0, "d": DAY_S, "day": DAY_S, "w": 7 * DAY_S, "week": 7 * DAY_S,
    "mo": 30 * DAY_S, "month": 30 * DAY_S, "y": 365 * DAY_S, "year": 365 * DAY_S,
}  # fmt: skip
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.ASCII)
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*[a-z]+\s*)+", re.ASCII)
_ISO_DURATION = re.compile(r"p([^t]*)t?(.*)")
_ZONE_WORD = re.compile(r"(?:gmt|utc)$", re.IGNORECASE)


def retry_after_s(value: str | None, *, now: float) -> float | None:
    """Return the seconds from ``now`` (wall clock, since the epoch); 0 for the past, None for anything else.

    ``value`` is one header line, or several joined by commas. A comma splits an HTTP date behind its weekday, which does no
    harm.
    """
    pieces = (piece.strip(" \t\"'") for piece in re.split("[,;]", value or ""))
    waits = [wait for piece in pieces if piece and (wait := _wait_s(piece, now)) is not None]
    return max(waits, default=None)


def _wait_s(text: str, now: float) -> float | None:
    """Read one value."""
    if _NUMBER.fullmatch(text):
        number = float(text)
        for a_second in (1.0, 1e3, 1e6, 1e9):
            if abs(number / a_second - now) <= NEAR_S:
                return max(0.0, number / a_second - now)
        return min(number, MOST_S)
    duration_s = _duration_s(text.lower())
    if duration_s is not None:
        return min(duration_s, MOST_S)
    moment = _moment(text)
    return None if moment is None else min(max(0.0, moment.timestamp() - now), MOST_S)


def _duration_s(text: str) -> float | None:
    """Read ``120s``, ``2 min``, ``1h 30m``, ``PT1H30M``; None where it is none of them."""
    if (iso := _ISO_DURATION.fullmatch(text)) is not None:
        text = iso[1].replace("m", "mo") + iso[2]
    if _DURATION.fullmatch(text) is None:
        return None
    total_s = 0.0
    for number, unit in _PART.findall(text):
        unit_s = _UNITS_S.get(unit) or _UNITS_S.get(unit.removesuffix("s"))
        if unit_s is None:
            return None
        total_s += float(number) * unit_s
    return total_s


def _moment(text: str) -> datetime | None:
    """Read an ISO 8601 moment or an HTTP date; None where it is neither."""
    try:
        moment = datetime.fromisoformat(_ZONE_WORD.sub("", text).rstrip().upper())
    except ValueError:
        if ":" not in text:  # an HTTP date has a time of day; the mail parser would accept less
            return None
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
