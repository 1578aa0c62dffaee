"""The runs of a schedule: a cron line in a time zone, and rules for occurrences that come too late or too early.

A line is one of Debian's cron (`tlray.core.schedules.cron`), and runs as there (`cronsim`). When clocks go forward, a line of
the missing hour runs once, at its end; when they go back, a line with minute and hour runs once. A line with ``*`` in either
goes by the clock alone, and twice in a repeated hour. Moments are seconds since the epoch; a time zone is a name of the IANA
database.

Of the occurrences that were missed without a service, at most the last is run (`CatchUp`). Of those during the batch of an
earlier one, at most the last waits (`Overlap`).
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
"""An occurrence is missed if it is noticed this late."""
_LOOK_BACK_S: Final = (3_600.0, 86_400.0, 32 * 86_400.0, 400 * 86_400.0)


class Overlap(StrEnum):
    """The rule for an occurrence during the batch of an earlier one."""

    SKIP = "skip"
    QUEUE = "queue"
    """It waits for that batch's end; a later one replaces it."""


class CatchUp(StrEnum):
    """The rule for occurrences without a running service."""

    NONE = "none"
    LAST = "last"
    """The last one is run."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of a schedule."""

    cron: str
    timezone: str = "UTC"
    overlap: Overlap = Overlap.SKIP
    catch_up: CatchUp = CatchUp.NONE


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """The progress of a schedule."""

    since: float
    """Every occurrence up to here is done."""
    waiting_at: float | None = None
    """The occurrence that waits for the end of an earlier batch."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The action of a schedule now."""

    run_at: float | None
    """The occurrence to run; None: none."""
    standing: ScheduleState
    """The progress after it."""
    n_passed_over: int = 0


def check(timing: Timing) -> None:
    """Raise ValueError if the cron line or the time zone is not valid, or the line never runs."""
    if timing.timezone not in _zones():
        raise _unknown(timing.timezone)
    plain(timing.cron)
    try:
        next_runs(timing, after=0.0, n=1)
    except CronSimError as error:  # also a day that no month of the line has
        raise ValueError(f"cron {timing.cron[:100]!r} has a {str(error).lower()}") from None


@cache
def _zones() -> frozenset[str]:
    """Return the names of the IANA database. A machine's files have others: ``localtime`` differs on each."""
    names = (files("tzdata") / "zones").read_text(encoding="utf-8").split()
    return frozenset(names) - {"Factory"}  # a zone that was never set


def _unknown(zone: str) -> ValueError:
    return ValueError(f"time zone {zone[:60]!r} is not known; write one such as Europe/Berlin or UTC")


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone; ValueError for an unknown name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise _unknown(name) from None


def occurrences(timing: Timing, *, after: float) -> Iterator[float]:
    """Yield the occurrences after ``after``, each once, without end."""
    try:
        line = plain(timing.cron)
    except ValueError:  # of an older tlray, which accepted more
        line = timing.cron
    start = datetime.fromtimestamp(after, UTC).astimezone(zone_of(timing.timezone))
    last = after
    for local in CronSim(line, start):
        moment = local.timestamp()
        if moment > last:  # two times of a missing hour are one moment
            last = moment
            yield moment


def in_words(line: str) -> str:
    """Return a cron line in words: At 03:30 on Monday. ValueError for one that is not valid."""
    try:
        return CronSim(plain(line), datetime.fromtimestamp(0, UTC)).explain()
    except CronSimError as error:
        raise ValueError(f"cron {line[:100]!r} has a {str(error).lower()}") from None


def runs_key(schedule_id: str) -> str:
    """Return what the keys of a schedule's submissions begin with."""
    return f"schedule {schedule_id} "


def next_runs(timing: Timing, *, after: float, n: int) -> list[float]:
    """Return the next ``n`` occurrences."""
    return list(islice(occurrences(timing, after=after), n))


def latest(timing: Timing, *, since: float, now: float) -> float | None:
    """Return the last occurrence after ``since`` and up to ``now``; None without any.

    It looks back in steps, so that a year of minutes is not counted through.
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
    """Return the action of a schedule; ``is_running``: the batch of its last run is not finished."""
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
