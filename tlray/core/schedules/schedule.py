"""When does a schedule run? A cron line in a time zone, and what becomes of occurrences that come too late or too early.

A line is one of Debian's cron (`tlray.core.schedules.cron`), and runs as there (`cronsim`). Where clocks go forward, an hour
that is not there is run at its end, once; where they go back, a line that names minute and hour runs once. One with ``*`` in
either goes by the clock alone, and so twice in an hour that comes twice. Moments are seconds since the epoch; a time zone is a
name of the IANA database.

Of occurrences that passed while nobody was there, at most the last is made up for (`CatchUp`). Of those that come while the batch
of an earlier one is still under way, at most the last waits (`Overlap`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from tlray.core.schedules.cron import plain

LATE_S: Final = 300.0
"""An occurrence that is noticed so long after its moment was missed."""
_LOOK_BACK_S: Final = (3_600.0, 86_400.0, 32 * 86_400.0, 400 * 86_400.0)


class Overlap(StrEnum):
    """What becomes of an occurrence while the batch of an earlier one is under way."""

    SKIP = "skip"
    QUEUE = "queue"
    """It waits for its end; a later one takes its place."""


class CatchUp(StrEnum):
    """What becomes of occurrences that passed while no service ran."""

    NONE = "none"
    LAST = "last"
    """The last of them is run."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule runs."""

    cron: str
    timezone: str = "UTC"
    overlap: Overlap = Overlap.SKIP
    catch_up: CatchUp = CatchUp.NONE


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """How far a schedule has come."""

    since: float
    """Every occurrence up to here is dealt with."""
    waiting_at: float | None = None
    """The occurrence that waits for the end of an earlier one's batch."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a schedule does now."""

    run_at: float | None
    """The occurrence that is run; None: nothing is."""
    standing: ScheduleState
    """How far it has come then."""
    n_passed_over: int = 0


def check(timing: Timing) -> None:
    """Raise ValueError where a cron line or a time zone is none, or the line never comes round."""
    if timing.timezone not in _zones():
        raise _unknown(timing.timezone)
    plain(timing.cron)
    try:
        found = next_runs(timing, after=0.0, n=1)
    except CronSimError:  # no month of the line has its day
        found = []
    if not found:
        raise ValueError(f"cron {timing.cron[:100]!r} never comes round")


@cache
def _zones() -> frozenset[str]:
    """Return the names of the IANA database. A machine has files beside them: ``localtime`` is another zone on each."""
    names = (files("tzdata") / "zones").read_text(encoding="utf-8").split()
    return frozenset(names) - {"Factory"}  # of a machine whose zone was never set


def _unknown(zone: str) -> ValueError:
    return ValueError(f"time zone {zone[:60]!r} is not known; write one such as Europe/Berlin or UTC")


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone; ValueError for a name of none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise _unknown(name) from None


def occurrences(timing: Timing, *, after: float) -> Iterator[float]:
    """Yield the moments after ``after``, each once, for ever (or as long as they come)."""
    try:
        line = plain(timing.cron)
    except ValueError:  # an older tlray took more
        line = timing.cron
    start = datetime.fromtimestamp(after, UTC).astimezone(zone_of(timing.timezone))
    last = after
    for local in CronSim(line, start):
        moment = local.timestamp()
        if moment > last:  # two lines of an hour that is not there fall onto one moment
            last = moment
            yield moment


def next_runs(timing: Timing, *, after: float, n: int) -> list[float]:
    """Return the next ``n`` moments."""
    return list(islice(occurrences(timing, after=after), n))


def latest(timing: Timing, *, since: float, now: float) -> float | None:
    """Return the last occurrence after ``since`` and up to ``now``; None if there is none.

    It looks back by steps, so that a year of minutes is not counted through.
    """
    for start in (*(now - back_s for back_s in _LOOK_BACK_S if now - back_s > since), since):
        found = None
        for moment in occurrences(timing, after=start):
            if moment > now:
                break
            found = moment
        if found is not None:
            return found
    return None


def decide(timing: Timing, standing: ScheduleState, *, now: float, is_running: bool) -> Decision:
    """Return what a schedule does now; ``is_running``: the batch that it made last is not finished."""
    since, waiting_at, n_passed_over = min(standing.since, now), standing.waiting_at, 0
    due = latest(timing, since=since, now=now)
    if due is not None:
        since = due
        is_missed = now - due > LATE_S and timing.catch_up is CatchUp.NONE
        is_skipped = is_running and timing.overlap is Overlap.SKIP
        n_passed_over = int(is_missed or is_skipped or waiting_at is not None)
        if not is_missed and not is_skipped:
            waiting_at = due
    if waiting_at is None or is_running:
        return Decision(None, ScheduleState(since, waiting_at), n_passed_over)
    return Decision(waiting_at, ScheduleState(since), n_passed_over)
