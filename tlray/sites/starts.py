"""Starts of the tracks of a release: sums of the lengths before them, disc by disc, up to the first that is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def starts(rows: Iterable[tuple[object, float | None]]) -> Iterator[float | None]:
    """Yield the start of each row, given as (disc, length in seconds)."""
    at: dict[object, float | None] = {}
    for disc, length_s in rows:
        now_s = at.setdefault(disc, 0.0)
        yield now_s
        at[disc] = None if now_s is None or length_s is None else now_s + length_s
