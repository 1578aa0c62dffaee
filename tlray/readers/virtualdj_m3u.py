"""VirtualDJ's history of a day: each row has its time of day, and mostly the moment since 1970 at which it was played.

A playlist has such moments too, but of earlier nights: they count only beside times of day, or in a file whose name is a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any

from tlray.model import Tracklist
from tlray.readers.assembly import file_set, stem_of
from tlray.readers.clock_times import Clock, clock_of, day_of, epoch_moment
from tlray.readers.interface import SourceFile
from tlray.readers.m3u import Entry, names
from tlray.readers.play_log import DATE_UTC, LOCAL_TIME, Play, moments_of, set_times
from tlray.sites.fields import make_track, with_mix

_DAY = timedelta(days=1)
_FURTHEST_EAST = timedelta(hours=14)


def read_history(file: SourceFile, entries: Sequence[Entry], known: dict[str, Any]) -> Tracklist:
    """Read the rows as one set."""
    rows, issues = names(entries)
    plays: list[Play] = []
    for entry, (artist, title) in zip(entries, rows, strict=True):
        given = entry.fields
        track = make_track(
            len(plays) + 1,
            artist,
            with_mix(title, given.get("remix", "")),
            cue_text=given.get("time") or None,
            duration_s=_number(given.get("songlength")) or entry.length_s,
        )
        plays.append(Play(track, None, lasted_s=track.duration_s))
    day, of_day = _date(file, entries, plays)
    return file_set(
        file,
        [play.track for play in plays],
        date=day,
        media_type="audio/x-mpegurl",
        **(known | {"quality_issues": [*known["quality_issues"], *issues, *of_day, *set_times(plays)]}),
    )


def _date(file: SourceFile, entries: Sequence[Entry], plays: list[Play]) -> tuple[date | None, list[str]]:
    """Date the rows; return the local day of the first one, and what is wrong with it."""
    of_name = day_of(stem_of(file.name))[0]
    clocks = [clock_of(entry.fields.get("time", "")) for entry in entries]
    if of_name or any(clocks):
        for entry, play in zip(entries, plays, strict=True):
            play.at = epoch_moment(_number(entry.fields.get("lastplaytime")) or 0)
    moment = next((play.at for play in plays if play.at), None)
    zone = file.zone or next(
        (_zone(p.at, clock) for p, clock in zip(plays, clocks, strict=True) if p.at and clock), None
    )
    day = moment.astimezone(zone or UTC).date() if moment and (zone or not of_name) else of_name
    _fill(plays, clocks, day, zone)
    first = plays[0].at if plays else None
    if first and zone:
        return first.astimezone(zone).date(), []
    if first is None or zone:
        return day, []
    return day, [LOCAL_TIME] if moment is None else [] if of_name else [DATE_UTC]


def _fill(plays: list[Play], clocks: Sequence[Clock | None], day: date | None, zone: tzinfo | None) -> None:
    """Date the rows that have a time of day only, by the rows around them."""
    moments = moments_of(clocks, day, zone)
    apart = next((p.at - m for p, m in zip(plays, moments, strict=True) if p.at and m), timedelta(0))
    shift = _DAY * round(apart / _DAY)
    for play, clock, moment in zip(plays, clocks, moments, strict=True):
        if play.at is None and moment and clock:
            play.at, play.is_exact = moment + shift, clock.has_seconds


def _zone(moment: datetime, clock: Clock) -> timezone:
    """Return how far a clock is ahead of UTC, to a quarter of an hour."""
    midnight = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    ahead = timedelta(minutes=15) * round((clock.second - (moment - midnight).total_seconds()) / 900)
    ahead %= _DAY
    return timezone(ahead if ahead < _FURTHEST_EAST else ahead - _DAY)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value < 1e15 else None
