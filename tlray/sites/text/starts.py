"""The meaning of the times of a list: starts, ends, lengths or clocks; minutes or hours; one recording or several.

Nothing is invented.

* ``N:NN`` is minutes and seconds. On MixesDB one digit before the colon means hours and minutes. Elsewhere that is so
  only where each track of the list would last a few seconds otherwise.
* Three parts are hours, minutes, seconds, also where they appear half-way.
* A zero is a time in the first row of a recording only: many programs write it for "not set".
* Clocks (a start past 10 minutes of hours and minutes, ``9:05 PM``, a step over midnight) are no starts.
* Times behind the lines are the tracks' ends where the last line has none, or where the first track would begin as
  late as a track is long; they are lengths where they do not go up.
* Times that fall back and go on from there begin another recording.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median

from tlray.model import CuePrecision
from tlray.sites.text.cues import Cue, Form


class Dialect(StrEnum):
    """The kind of source of a list."""

    PLAIN = "plain"
    MIXESDB = "mixesdb"
    """``[07]`` is minutes, ``[0:59]`` hours and minutes; ``;Part``, ``...``, wiki marks; labels in square brackets."""
    CLOCK = "clock"
    """A log: times are clocks."""


@dataclass(slots=True)
class Start:
    """The time of one row, as far as it is known."""

    cue_s: float | None = None
    precision: CuePrecision = CuePrecision.UNKNOWN
    duration_s: float | None = None
    recording: int | None = None


@dataclass(slots=True)
class Starts:
    """The times of all rows of a list."""

    rows: list[Start]
    issues: list[str] = field(default_factory=list)


_LATE_START_S = 600.0
_SHORTEST_STEP_S = 20.0
"""A list whose tracks last less, read as minutes and seconds, is hours and minutes."""
_LONGEST_TRACK_S = 1800.0
_LATE_END_S = 150.0
"""So late no set begins: what stands behind the first track is its end."""


def starts_of(
    cues: Sequence[Cue | None],
    *,
    dialect: Dialect = Dialect.PLAIN,
    behind: bool = False,
    starts_part: Sequence[bool] = (),
    follows: Sequence[bool] = (),
    duration_s: float | None = None,
) -> Starts:
    """Interpret the cues of a list's rows.

    ``behind``: they stand behind the names. ``starts_part``: the rows below a heading, or whose number is 1 again.
    ``follows``: the ``w/`` rows, which share the time of the row before.
    """
    n = len(cues)
    found = Starts([Start() for _ in range(n)])
    if not any(cues):
        return found
    in_hours = _in_hours(cues, dialect)
    times = [cue.seconds(in_minutes=in_hours) if cue else None for cue in cues]
    if dialect is Dialect.CLOCK or _are_clocks(cues, times, in_hours=in_hours, dialect=dialect):
        found.issues.append("cue_clock")
        return found
    if behind and _are_lengths(times):
        for row, time in zip(found.rows, times, strict=True):
            row.duration_s = time or None
        return found
    times = _without_zeros(cues, times, starts_part, follows)
    parts = _parts(times, starts_part)
    known = [time for time in times if time is not None]
    falls = sum(b < a for a, b in itertools.pairwise(known))
    n_parts = parts[-1] if parts else 1
    if falls - (n_parts - 1) > max(2, len(known) // 4):
        found.issues.append("cue_order")
        return found
    if falls > n_parts - 1:
        found.issues.append("cue_order")
    for at, (row, time, cue) in enumerate(zip(found.rows, times, cues, strict=True)):
        row.recording = parts[at] if n_parts > 1 else None
        row.cue_s = time
        if time is not None and cue is not None:
            in_minutes = cue.form is Form.MINUTES or (cue.form is Form.TWO and in_hours)
            row.precision = CuePrecision.MINUTE if in_minutes else CuePrecision.SECOND
            if cue.end and (end := cue.end.seconds(in_minutes=in_hours)) is not None and end > time:
                row.duration_s = end - time
    if behind and _are_ends(cues, times, duration_s):
        _shift(found, parts)
    if any(row.precision is CuePrecision.MINUTE for row in found.rows):
        found.issues.append("cue_minutes")
    return found


def _in_hours(cues: Sequence[Cue | None], dialect: Dialect) -> bool:
    """True if two parts are hours and minutes."""
    two = [cue for cue in cues if cue and cue.form is Form.TWO]
    if not two or any(cue.fraction_s for cue in two):
        return False
    if dialect is Dialect.CLOCK:
        return True
    if dialect is Dialect.MIXESDB:
        return all(cue.first_digits == 1 for cue in two)
    if (
        any(cue and cue.form is Form.THREE for cue in cues)
        or len(two) < 6
        or max(cue.parts[0] for cue in two) > 23
    ):
        return False
    seconds = [time for cue in two if (time := cue.seconds()) is not None]
    steps = [b - a for a, b in itertools.pairwise(seconds) if b > a]
    return len(steps) >= 5 and median(steps) < _SHORTEST_STEP_S and max(steps) < 60


def _are_clocks(
    cues: Sequence[Cue | None], times: Sequence[float | None], *, in_hours: bool, dialect: Dialect
) -> bool:
    if any(cue and cue.form is Form.CLOCK for cue in cues):
        return True
    known = [time for time in times if time is not None]
    first = known[0] if known else 0.0
    two = [cue for cue in cues if cue and cue.form is Form.TWO]
    if len(two) < max(1, len(known) * 0.6):
        return False
    if in_hours:
        return first > _LATE_START_S
    if dialect is not Dialect.MIXESDB:
        return _over_midnight(two)
    return (
        first > _LATE_START_S
        and times[0] is not None
        and len(known) > 1
        and max(cue.parts[0] for cue in two) <= 23
    ) or _over_midnight(two)


def _over_midnight(cues: Sequence[Cue]) -> bool:
    """True for ``23:58`` and then ``00:03``: hours of a day, once round, at most."""
    hours = [cue.parts[0] for cue in cues]
    falls = [at for at in range(1, len(hours)) if hours[at] < hours[at - 1]]
    return (
        len(falls) == 1
        and max(hours) == 23
        and hours[falls[0] - 1] == 23
        and hours[falls[0]] == 0
        and hours[0] >= 10
    )


def _are_lengths(times: Sequence[float | None]) -> bool:
    """True if times behind the lines go up and down, each as long as a track is."""
    known = [time for time in times if time is not None]
    falls = sum(b < a for a, b in itertools.pairwise(known))
    return len(known) >= 3 and max(known) < _LONGEST_TRACK_S and falls * 4 >= len(known) - 1 and falls > 0


def _without_zeros(
    cues: Sequence[Cue | None],
    times: Sequence[float | None],
    starts_part: Sequence[bool],
    follows: Sequence[bool],
) -> list[float | None]:
    kept: list[float | None] = []
    for at, (cue, time) in enumerate(zip(cues, times, strict=True)):
        opens = at == 0 or (bool(starts_part) and starts_part[at]) or all(before is None for before in kept)
        if time == 0 and not opens and cue is not None:
            before = next((t for t in reversed(kept) if t is not None), None)
            again = before is not None and before > 0 and _goes_on(times, at, before, starts_part)
            same = before == 0 and (cue.form is Form.MINUTES or (bool(follows) and follows[at]))
            kept.append(time if again or same else None)
        else:
            kept.append(time)
    return kept


def _goes_on(times: Sequence[float | None], at: int, before: float, starts_part: Sequence[bool]) -> bool:
    """True if a zero is followed by two times that rise, from well below where the list was."""
    end = next((n for n in range(at + 1, len(times)) if starts_part and starts_part[n]), len(times))
    later = [time for time in times[at + 1 : min(end, at + 8)] if time is not None][:2]
    return len(later) == 2 and 0 < later[0] < later[1] and later[0] < before / 2


def _parts(times: Sequence[float | None], starts_part: Sequence[bool]) -> list[int]:
    """Return the number of the recording for each row: the next one where times fall back far, and go on from there."""
    numbers: list[int] = []
    part = 1
    before: float | None = None
    last: float | None = None
    for at, time in enumerate(times):
        if time is not None:
            if last is not None and time < last and _is_restart(times, at, last, before, starts_part):
                part, before = part + 1, None
            elif last is not None and last <= time:
                before = last
            last = time
        numbers.append(part)
    return _from_headings(numbers, starts_part)


def _is_restart(
    times: Sequence[float | None], at: int, last: float, before: float | None, starts_part: Sequence[bool]
) -> bool:
    """True if the time at ``at`` begins a recording: below a heading, or far back and rising; one wrong time does not."""
    time = times[at] or 0.0
    following = [later for later in times[at + 1 : at + 6] if later is not None][:2]
    if starts_part and any(starts_part[max(0, at - 3) : at + 1]):
        return not following or following[0] >= time
    rises = len(following) == 2 and time <= following[0] < last and following[0] <= following[1]
    return rises and time <= last / 3 and (before is None or time < before)


def _from_headings(numbers: list[int], starts_part: Sequence[bool]) -> list[int]:
    """Let a part begin at its heading, also where its first rows have no time."""
    for at in range(1, len(numbers)):
        if numbers[at] > numbers[at - 1] and starts_part:
            for back in range(at, max(0, at - 4), -1):
                if starts_part[back]:
                    numbers[back:at] = [numbers[at]] * (at - back)
                    break
    return numbers


def _are_ends(cues: Sequence[Cue | None], times: Sequence[float | None], duration_s: float | None) -> bool:
    known = [time for time in times if time is not None]
    if len(known) < 3 or times[0] is None or times[0] <= 0:
        return False
    steps = [b - a for a, b in itertools.pairwise(known)]
    if min(steps) <= 0:
        return False
    if duration_s:
        return abs(duration_s - known[-1]) <= 60
    if times[0] < 0.5 * median(steps):
        return False
    without = [at for at, cue in enumerate(cues) if cue is None]
    return without == [len(cues) - 1] or (not without and times[0] >= max(_LATE_END_S, 0.75 * median(steps)))


def _shift(found: Starts, parts: Sequence[int]) -> None:
    """Make ends the starts of the rows behind them; what ends first began at 0."""
    ends = [(row.cue_s, row.precision) for row in found.rows]
    for at, row in enumerate(found.rows):
        opens = at == 0 or parts[at] != parts[at - 1]
        row.cue_s, row.precision = (0.0, ends[at][1]) if opens else ends[at - 1]
        end = ends[at][0]
        row.duration_s = end - row.cue_s if end is not None and row.cue_s is not None else None
    found.issues.append("cue_end_times")
