"""Strings of a page as they stand in the results: blanks squeezed, NFC; times and durations as seconds."""

from __future__ import annotations

import re
from unicodedata import normalize

_ISO_DURATION = re.compile(
    r"P(?:(\d{1,3})D)?T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})(?:\.\d+)?S)?", re.IGNORECASE
)
_SPOKEN = re.compile(r"(\d{1,7})\s*(day|hour|minute|second|[dhms]\b)", re.IGNORECASE)
_SECONDS_IN = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_CLOCK = re.compile(r"\d{1,4}(?::[0-5]?\d){1,2}")


def clean(text: str | None) -> str:
    """``text`` on one line, single blanks, NFC ("" for None)."""
    if not text:
        return ""
    squeezed = " ".join(text.split())
    return squeezed if squeezed.isascii() else normalize("NFC", squeezed)


def visible(text: str | None) -> str:
    """The same for text of many elements: a re-serialised page has blanks inside the brackets."""
    squeezed = clean(text)
    if "( " in squeezed or " )" in squeezed:
        squeezed = squeezed.replace("( ", "(").replace(" )", ")")
    return squeezed


def iso_duration_s(value: str | None) -> float | None:
    """Seconds of ``PT4M13S`` or ``PT156M46S``; None where it is none, or zero."""
    found = _ISO_DURATION.fullmatch(value.strip()) if value else None
    if not found:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(days * 86_400 + hours * 3_600 + minutes * 60 + seconds) or None


def spoken_duration_s(value: str) -> float | None:
    """Seconds of ``2 hours 36 minutes 46 seconds``; None where nothing is said, or zero."""
    return float(sum(int(n) * _SECONDS_IN[unit[0].lower()] for n, unit in _SPOKEN.findall(value))) or None


def clock_s(value: str) -> float | None:
    """Seconds of ``0:07``, ``02:25`` or ``1:18:22``; None where it is no time."""
    if not _CLOCK.fullmatch(value):
        return None
    seconds = 0
    for part in value.split(":"):
        seconds = seconds * 60 + int(part)
    return float(seconds)
