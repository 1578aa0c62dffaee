"""What do a domain's arrival times say? Did any window hold more than allowed, and how much of the rate was used?

Pure: lists of monotonic seconds go in. Tests use it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

WINDOWS_S = (1.0, 2.0, 5.0)
"""The windows that are promised, in seconds."""


def most_in(at: Sequence[float], window_s: float) -> int:
    """Return the most arrivals in any window [t, t + ``window_s``)."""
    at, first, most = sorted(at), 0, 0
    for last, moment in enumerate(at):
        while moment - at[first] >= window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def room_left(at: Sequence[float], *, rate: float, burst: float = 1.0) -> float:
    """Return how many arrivals more the fullest window could have held; below 0 where the promise was broken."""
    return min(rate * window_s + burst - most_in(at, window_s) for window_s in WINDOWS_S)


def used(at: Sequence[float], *, rate: float, without_gaps_over_s: float | None = None) -> float:
    """Return the share of the allowed rate that was used from the first arrival to the last: n - 1 spacings, each
    1 / ``rate``, over the time that they took.

    ``without_gaps_over_s`` takes out longer spacings, each but for the one that is allowed: what is left is how well
    the rate was used while nothing was being started again.
    """
    at = sorted(at)
    if len(at) < 2:
        return 1.0
    spacings = [after - before for before, after in pairwise(at)]
    if without_gaps_over_s is not None:
        spacings = [1 / rate if spacing > without_gaps_over_s else spacing for spacing in spacings]
    return len(spacings) / rate / sum(spacings)


def longest_gap_s(at: Sequence[float]) -> float:
    """Return the longest time without an arrival."""
    at = sorted(at)
    return max((after - before for before, after in pairwise(at)), default=0.0)
