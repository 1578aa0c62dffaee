"""Counts, rates and durations as people read them, on the page and on a terminal."""

from __future__ import annotations

from typing import Final

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


def plural(n: int, one: str, many: str = "") -> str:
    """Return a count with its noun: 1 set, 1,204 sets."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def rate(per_s: float | None) -> str:
    """Return a rate: 300/s, 61/min, 1 every 8 s."""
    if per_s is None:
        return "no ceiling"
    if per_s <= 0:
        return "0/min"
    if per_s >= 2:
        return f"{per_s:,.1f}/s".replace(".0/", "/") if per_s < 10 else f"{per_s:,.0f}/s"
    if per_s * 60 >= 10:
        return f"{per_s * 60:,.0f}/min"
    apart_s = 1 / per_s
    if apart_s < 60 and abs(apart_s - round(apart_s)) > 0.05:
        return f"{per_s * 60:.1f}/min".replace(".0/", "/")
    return f"1 every {duration(round(apart_s) if apart_s > 1 else apart_s)}"


def rate_of(now: float | None, ceiling: float | None) -> str:
    """Return a rate against its ceiling, both in the same unit: 1.4/s of 2/s; the ceiling alone where it is about that."""
    if now is None or ceiling is None:
        return rate(now)
    if abs(ceiling - now) <= 0.02 * ceiling:
        return rate(ceiling)
    if ceiling >= 2:
        return f"{_figure(now)}/s of {rate(ceiling)}"
    if ceiling * 60 >= 10:
        return f"{_figure(now * 60)}/min of {rate(ceiling)}"
    return f"{rate(now)} of {rate(ceiling)}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def duration(seconds: float) -> str:
    """Return a duration in two units at most: 8 s, 2 min 5 s, 1 h 04 min, 3 d 2 h."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds else "0 s"
    if seconds < 10 and seconds % 1:
        return f"{seconds:.1f} s"
    left = round(seconds)
    for position, (size, unit) in enumerate(_UNITS):
        if left >= size:
            n, rest = divmod(left, size)
            smaller, name = _UNITS[position + 1] if position + 1 < len(_UNITS) else (1, "s")
            part = rest // smaller
            return (
                f"{n} {unit} {part:02d} {name}"
                if part and unit == "h"
                else f"{n} {unit}" + (f" {part} {name}" if part else "")
            )
    return f"{left} s"
