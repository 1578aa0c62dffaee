"""The start times of a performance: those of the source with the most exact ones, and others where they fit.

Sources may have measured different recordings. So a start time of another source is taken only if that source agrees with the
first where both have one, and if it lies between its neighbours. None is ever averaged or shifted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tlray.core.linking.align import Cells
from tlray.model import CuePrecision, Track

SAME_CUE_S: Final = 10.0
"""Exact start times that differ by no more are one: where a track begins in a mix is a matter of taste."""
SAME_ROUGH_S: Final = 60.0
"""The same, if one of them is not exact."""
AGREEING: Final = 0.75
"""Share of common start times that must be one."""


def cue_order(lists: Sequence[Sequence[Track]]) -> list[int]:
    """Return the sources that have start times, the one with the most exact ones first."""

    def rank(source: int) -> tuple[int, int, int]:
        cued = [track for track in lists[source] if track.cue_s is not None]
        return -sum(track.cue_precision is CuePrecision.SECOND for track in cued), -len(cued), source

    return sorted((n for n, tracks in enumerate(lists) if any(t.cue_s is not None for t in tracks)), key=rank)


def choose_cues(rows: Sequence[Cells], order: Sequence[int]) -> list[int | None]:
    """Return for each row the source of its start time."""
    chosen: list[int | None] = [None] * len(rows)
    for place, source in enumerate(order):
        if place and not _agrees(rows, chosen, source):
            continue
        before = _neighbours(rows, chosen)
        after = _neighbours(rows[::-1], chosen[::-1])[::-1]
        opening = next((n for n, cells in enumerate(rows) if source in cells), 0)
        for n, cells in enumerate(rows):
            track = _cued(cells, source)
            if n == opening > 0 and track is not None and not track.cue_s:
                continue  # the list began there, but not the set
            if chosen[n] is None and track is not None and _fits(track, before[n], after[n]):
                chosen[n] = source
    return chosen


def differing(cells: Cells, chosen: int | None) -> Iterator[int]:
    """Yield the sources whose start time of a row is not the chosen one."""
    for source in sorted(cells):
        track = _cued(cells, source)
        if track is None or source == chosen:
            continue
        if chosen is None or not _is_one(cells[chosen], track):
            yield source


def _agrees(rows: Sequence[Cells], chosen: Sequence[int | None], source: int) -> bool:
    common = [
        _is_one(cells[of], track)
        for cells, of in zip(rows, chosen, strict=True)
        if of is not None and (track := _cued(cells, source)) is not None
    ]
    return sum(common) >= AGREEING * len(common)


def _neighbours(rows: Sequence[Cells], chosen: Sequence[int | None]) -> list[Track | None]:
    """Return for each row the last one before it that has a start time."""
    found: list[Track | None] = []
    last: Track | None = None
    for cells, source in zip(rows, chosen, strict=True):
        found.append(last)
        if source is not None:
            last = cells[source]
    return found


def _fits(track: Track, before: Track | None, after: Track | None) -> bool:
    """True if a start time lies between its neighbours, in their recording."""
    return (before is None or _is_in_order(before, track)) and (after is None or _is_in_order(track, after))


def _is_in_order(one: Track, other: Track) -> bool:
    return (one.recording or 1) == (other.recording or 1) and (one.cue_s or 0.0) <= (other.cue_s or 0.0)


def _cued(cells: Cells, source: int) -> Track | None:
    track = cells.get(source)
    return track if track is not None and track.cue_s is not None else None


def _is_one(one: Track, other: Track) -> bool:
    is_exact = one.cue_precision is other.cue_precision is CuePrecision.SECOND
    apart_s = abs((one.cue_s or 0.0) - (other.cue_s or 0.0))
    return (one.recording or 1) == (other.recording or 1) and apart_s <= (
        SAME_CUE_S if is_exact else SAME_ROUGH_S
    )
