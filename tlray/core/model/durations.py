"""Durations as text: ``90s``, ``30m``, ``2h``, ``1d``; and in words."""

from __future__ import annotations

import re

LONGEST_S = 366 * 86_400.0
"""The longest wait, rest or spacing of any option: a year."""
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])?", re.ASCII)


def parse_duration_s(text: str) -> float:
    """Read a number and its unit (without one: seconds); ValueError says what is wrong."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration; write 90s, 30m, 2h or 1d")
    return float(match[1]) * _UNIT_S[match[2] or "s"]


_WORDS = ((365 * 86_400.0, "years"), (86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"))
_ONE = {60.0: "a minute", 3_600.0: "an hour", 86_400.0: "a day"}


def in_words(seconds: float) -> str:
    """Return a duration in words, in its largest unit of at least two: ``45 s``, ``90 minutes``, ``3 days``."""
    unit_s, word = next(((s, word) for s, word in _WORDS if seconds >= 2 * s), (1.0, "s"))
    n = seconds / unit_s
    if n >= 1e6:
        return f"more than a million {word}"
    return f"{n:,.0f} {word}" if n >= 1_000 else f"{n:.3g} {word}"


def as_clock(seconds: float) -> str:
    """Return a duration as a player shows it, in whole seconds: ``4:00``, ``1:02:33``."""
    hours, rest = divmod(abs(int(seconds)), 3600)
    sign = "-" if seconds <= -1 else ""
    return sign + (f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}")


def spacing_in_words(seconds: float) -> str:
    """Return a spacing of fetches in words: ``1 fetch a day``, ``1 fetch every 45 s``."""
    return f"1 fetch {_ONE.get(seconds) or 'every ' + in_words(seconds)}"
