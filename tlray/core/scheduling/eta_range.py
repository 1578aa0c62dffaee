"""The estimate of a batch's end as a range that people can rely on: not before, and likely by.

*Not before* is what the ceilings allow (`tlray.core.scheduling.eta.Outlook.least_s`). *Likely by* is the estimate, later by as
much as it wandered in the last `WANDER_S` (the 90th percentile), and by at least `LEAST_MARGIN`. Both are rounded outwards, the
coarser the further off they are. The range stays until a new one leaves it or is half as wide, and changes at most every
`SHOWN_S`: a number that jumps is worse than a coarse one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

WANDER_S: Final = 300.0
SAMPLE_S: Final = 5.0
SHOWN_S: Final = 10.0
LEAST_MARGIN: Final = 0.15
PERCENTILE: Final = 0.9
HALF_UNTIL: Final = 0.6
"""What was shown first when more than this share was done was not shown at half way."""
_MINUTE, _HOUR = 60.0, 3_600.0
ROUNDING: Final = (
    (10 * _MINUTE, _MINUTE), (_HOUR, 5 * _MINUTE), (6 * _HOUR, 15 * _MINUTE), (48 * _HOUR, _HOUR), (math.inf, 24 * _HOUR),
)  # fmt: skip
"""Up to this time ahead, to that many seconds."""


class Between(NamedTuple):
    """Two moments, epoch seconds."""

    not_before: float | None
    """None where no domain has a ceiling."""
    likely_by: float

    def width(self, wall: float) -> float:
        """Return the seconds between the two, from ``wall`` on where there is no beginning."""
        return self.likely_by - (wall if self.not_before is None else self.not_before)

    def holds(self, other: Between) -> bool:
        """True if another range lies within this one."""
        begins = (
            other.not_before is not None
            and self.not_before is not None
            and other.not_before >= self.not_before
        )
        return (begins or self.not_before is None) and other.likely_by <= self.likely_by


@dataclass(slots=True)
class EtaRange:
    """The range of one batch, as it is shown."""

    shown: Between | None = None
    at_half: Between | None = None
    """What was shown when half of the batch was done; None where nobody saw that."""
    _was_before_half: bool = False
    _shown_at: float = -math.inf
    _ends: deque[tuple[float, float]] = field(default_factory=deque)
    """(monotonic moment, estimated end in monotonic seconds) of the last `WANDER_S`."""

    def update(
        self, *, left_s: float | None, least_s: float | None, now: float, wall: float
    ) -> Between | None:
        """Take in an estimate and return the range to show; ``now`` and ``wall`` are one moment on the two clocks."""
        if left_s is None:
            self.shown = None
            return None
        end = now + left_s
        if not self._ends or now - self._ends[-1][0] >= SAMPLE_S:
            self._ends.append((now, end))
        while self._ends[0][0] < now - WANDER_S:
            self._ends.popleft()
        margin_s = max(LEAST_MARGIN * left_s, _percentile(abs(then - end) for _, then in self._ends))
        new = rounded(None if least_s is None else wall + least_s, wall + left_s + margin_s, wall=wall)
        if self.shown is None or (now - self._shown_at >= SHOWN_S and _must_change(self.shown, new, wall)):
            self.shown, self._shown_at = new, now
        return self.shown

    def pass_half(self, done: int, total: int) -> None:
        """Keep what is shown while the batch passes its half, for an honest word at its end."""
        if 2 * done < total:
            self._was_before_half = True
        elif self._was_before_half:
            self._was_before_half = False
            self.at_half = self.shown if done <= HALF_UNTIL * total else None


def _must_change(shown: Between, new: Between, wall: float) -> bool:
    return new.width(wall) <= shown.width(wall) / 2 or not shown.holds(new)


def rounded(not_before: float | None, likely_by: float, *, wall: float) -> Between:
    """Round a range outwards, each end as coarse as it is far off."""
    early = None if not_before is None else _floor(not_before, _step(not_before - wall))
    step = _step(likely_by - wall)
    late = math.ceil(likely_by / step) * step
    return Between(early, late)


def _floor(moment: float, step: float) -> float:
    return math.floor(moment / step) * step


def _step(ahead_s: float) -> float:
    return next(step for until, step in ROUNDING if ahead_s < until or math.isinf(until))


def _percentile(values: Iterable[float]) -> float:
    """Return the 90th percentile of some values (nearest rank)."""
    found = sorted(values)
    return found[math.ceil(PERCENTILE * len(found)) - 1]
