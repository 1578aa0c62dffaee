"""Cues of what a program logged as it was played: from the clock of the log to seconds into the set.

A log says when a track was started, not where it lies in a recording. Its clock counts as a cue only where every row has one to
the second, and the second row follows the first soon: the first row is often a sound check hours before. Precision: ``logged``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise

from tlray.model import CuePrecision, Track
from tlray.readers.clock_times import Clock, local_moment

CLOCK_TIMES = "clock_times"
"""The rows have times of day, and no cues."""
LOCAL_TIME = "local_time"
"""The clock is of an unknown zone; ``played_at`` has it as if it were UTC."""
DATE_UTC = "date_utc"
"""The day is that of UTC: the log does not say where it was."""
SOON = 3.0
"""The second row follows within so many lengths of the first …"""
USUAL_S = 300.0
"""… or of a usual track, where the log does not say how long it was played."""
LONGEST = timedelta(days=2)
"""No set lasts longer: its log holds several, or a damaged moment."""
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Play:
    """A row of a log."""

    track: Track
    at: datetime | None
    is_exact: bool = True
    """True if ``at`` is exact to the second."""
    lasted_s: float | None = None
    """How long it was played."""


def set_times(plays: Sequence[Play]) -> list[str]:
    """Write ``played_at``, and cues where the clock gives them; return what is wrong."""
    for play in plays:
        play.track.played_at = play.at
    if not any(play.at for play in plays):
        return []
    moments = [play.at for play in plays if play.at is not None and play.is_exact]
    if len(moments) < len(plays) or any(b < a for a, b in pairwise(moments)):
        return [CLOCK_TIMES]
    if moments[-1] - moments[0] > LONGEST:
        return [CLOCK_TIMES]
    if len(moments) > 1 and (moments[1] - moments[0]).total_seconds() >= SOON * (
        plays[0].lasted_s or USUAL_S
    ):
        return [CLOCK_TIMES]
    for play, moment in zip(plays, moments, strict=True):
        play.track.cue_s = (moment - moments[0]).total_seconds()
        play.track.cue_precision = CuePrecision.LOGGED
    return []


def roll_over(moments: Iterable[datetime | None]) -> list[datetime | None]:
    """Move moments past midnight to the next day: a clock that falls by more than half a day has passed it."""
    rolled: list[datetime | None] = []
    last: datetime | None = None
    later = timedelta(0)
    for moment in moments:
        if moment is None:
            rolled.append(None)
            continue
        if last is not None and last - (moment + later) > _DAY / 2:
            later += _DAY
        last = moment + later
        rolled.append(last)
    return rolled


def moments_of(
    clocks: Sequence[Clock | None], day: date | None, zone: tzinfo | None
) -> list[datetime | None]:
    """Return the moments of times of day that begin on ``day``; none where it is unknown."""
    if day is None:
        return [None] * len(clocks)
    return roll_over(clock and local_moment(day, clock.second, zone) for clock in clocks)
