"""Days and times of day as DJ programs and people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

FIRST_YEAR, LAST_YEAR = 1970, 2100
YEAR_ONLY, AMBIGUOUS = "date_year_only", "date_ambiguous"

_HALF = r"\s{0,3}(?:([ap])\.?\s?m\b)?"
_TIME = re.compile(
    rf"(?<![\d:.])(\d{{1,2}}):(\d{{2}})(?::(\d{{2}})(?:[.,]\d{{1,6}})?)?{_HALF}(?![\d:])", re.IGNORECASE
)
_DOTTED = re.compile(rf"(\d{{1,2}})[.h](\d{{2}})(?:[.m](\d{{2}})s?)?{_HALF}", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/._y]([01]?\d)[-/._m]([0-3]?\d)(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)([0-3]?\d)([-/.])([0-3]?\d)\2((?:19|20)\d\d)(?!\d)")
_AROUND = re.compile(r"^\s*[0-3]?\d\.[0-3]?\d\.\d{4}[,\s]+|\s+[A-Z]{2,5}(?:[+-]\d{1,2})?\s*$")
"""A day before a time of day that is written with dots, and a zone behind it: ``10.01.2019, 20.00.00 EET``."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = re.compile(
    r"(?<!\d)(?:(?P<d1>[0-3]?\d)(?:st|nd|rd|th)?[ .-]+(?P<m1>[a-z]{3,9})|(?P<m2>[a-z]{3,9})\.? +(?P<d2>[0-3]?\d)(?:st|nd|rd|th)?)"
    r"[ .,-]+(?P<y>(?:19|20)\d\d)(?!\d)",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"\b(?:GMT|UTC)\s?(?:([+-])(\d{1,2})(?::?(\d{2}))?)?(?![\w:])")
_YEAR = re.compile(r"(?:19|20)\d\d")


_MAX_CHARS = 200
"""Longer texts are no times of day."""


class Clock(NamedTuple):
    """A time of day."""

    second: int
    """0.. since midnight."""
    has_seconds: bool


def clock_of(text: str) -> Clock | None:
    """Read ``21:39``, ``8:52:29 PM``; None where there is no time of day."""
    text = text[:_MAX_CHARS]
    found = _TIME.search(text) or _DOTTED.fullmatch(_AROUND.sub("", text).strip())
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    half = (found[4] or "").lower()
    if half and hour <= 12:
        hour = hour % 12 + 12 * (half == "p")
    if hour > 23 or minute > 59 or second > 59:
        return None
    return Clock(hour * 3600 + minute * 60 + second, found[3] is not None)


def day_of(text: str) -> tuple[date | None, str | None]:
    """Read a day, and say what is wrong with it; ``02/04/2018`` may be of two months, and a year alone is no day."""
    if found := _YEAR_FIRST.search(text):
        return _day(*map(int, found.groups())), None
    if found := _DAY_FIRST.search(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        if found[2] == "." or first > 12 or first == second:
            return _day(year, second, first), None
        return (_day(year, first, second), None) if second > 12 else (None, AMBIGUOUS)
    if (found := _NAMED.search(text)) and (month := (found["m1"] or found["m2"])[:3].lower()) in _MONTHS:
        return _day(int(found["y"]), _MONTHS.index(month) + 1, int(found["d1"] or found["d2"])), None
    return None, YEAR_ONLY if _YEAR.fullmatch(text.strip()) else None


def zone_of(text: str) -> tzinfo | None:
    """Return the zone of ``20:10:29 GMT-4``; names such as EST are of several zones."""
    found = _OFFSET.search(text)
    if found is None:
        return None
    offset = timedelta(hours=int(found[2] or 0), minutes=int(found[3] or 0))
    return timezone(-offset if found[1] == "-" else offset) if offset < timedelta(hours=15) else None


def packed_day(value: int) -> date | None:
    """Read Traktor's ``year << 16 | month << 8 | day``."""
    return _day(value >> 16, value >> 8 & 255, value & 255) if 0 < value < 1 << 32 else None


def epoch_moment(value: float) -> datetime | None:
    """Read seconds (or milliseconds) since 1970; None for what is no time of a DJ set."""
    seconds = value / 1000 if value > 1e11 else value
    if not 86_400 < seconds < 4_102_444_800:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def local_moment(day: date, second: int, zone: tzinfo | None) -> datetime:
    """Return the moment of a local time of day; of an unknown zone as if it were UTC."""
    local = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    return local if zone is None else local.replace(tzinfo=zone).astimezone(UTC)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if FIRST_YEAR <= year <= LAST_YEAR else None
    except ValueError:
        return None
