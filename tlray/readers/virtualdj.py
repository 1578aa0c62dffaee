"""VirtualDJ: the history of a day (``.m3u``), and ``tracklist.txt``, which has all of its days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tlray.model import ParsedPage, Tracklist
from tlray.readers.assembly import (
    MAX_FILE_ROWS,
    file_set,
    make_track,
    page_of,
    split_name,
    stem_of,
    unknown,
    with_mix,
)
from tlray.readers.clock_times import Clock, clock_of, day_of, epoch_moment
from tlray.readers.decoding import NoTextError, decode_text, head_text
from tlray.readers.interface import SourceFile
from tlray.readers.m3u import Entry, is_bare, is_m3u, names, parse_m3u
from tlray.readers.play_log import DATE_UTC, LOCAL_TIME, Play, moments_of, set_times

MAX_BYTES = 32 * 2**20
_HEADING = re.compile(r"VirtualDJ History\s+(\S.*)", re.IGNORECASE)
_ROW = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AP]M)?)\s+:\s+(.*\S)", re.IGNORECASE)
_FURTHEST_EAST = timedelta(hours=14)


class VirtualDJReader:
    """Reads histories of VirtualDJ, and M3U lists of nobody."""

    kind = "virtualdj"
    version = "virtualdj/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """Whether it has VirtualDJ's rows or headings, or is an M3U list."""
        text = head_text(head)
        return (
            bool(_HEADING.match(text.lstrip("\ufeff \r\n"))) or is_m3u(text) or name.lower().endswith(".m3u")
        )

    def read(self, file: SourceFile) -> ParsedPage:
        """Read the set of a day, or all days."""
        if len(file.body) > MAX_BYTES:
            return unknown("too large for a history")
        try:
            text, issues = decode_text(file.body, file.encoding)
        except NoTextError as error:
            return unknown(str(error))
        if "#EXT-X-" in text[:100_000]:
            return unknown("a playlist of HTTP streaming, no list of tracks")
        known = {"site": "virtualdj", "parser": self.version, "quality_issues": issues}
        if _HEADING.search(text) and not is_m3u(text):
            return page_of(file, _tracklist_txt(file, text, known), "no row in the history")
        entries = parse_m3u(text) if is_m3u(text) or is_bare(text) else []
        return page_of(file, [_history(file, entries, known)], "no row in the list")


def _history(file: SourceFile, entries: list[Entry], known: dict[str, Any]) -> Tracklist:
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
        plays.append(
            Play(track, epoch_moment(_number(given.get("lastplaytime")) or 0), lasted_s=track.duration_s)
        )
    day, of_day = _day(file, entries, plays)
    if entries and not any(play.at for play in plays):
        clocks = [clock_of(entry.fields.get("time", "")) for entry in entries]
        of_day += _set_clocks(plays, clocks, day, file)
    return file_set(
        file,
        [play.track for play in plays],
        date=day,
        media_type="audio/x-mpegurl",
        **(known | {"quality_issues": [*known["quality_issues"], *issues, *of_day, *set_times(plays)]}),
    )


def _set_clocks(
    plays: list[Play], clocks: list[Clock | None], day: date | None, file: SourceFile
) -> list[str]:
    for play, clock, moment in zip(plays, clocks, moments_of(clocks, day, file.zone), strict=True):
        play.at, play.is_exact = moment, clock is not None and clock.has_seconds
    return [LOCAL_TIME] if file.zone is None and any(play.at for play in plays) else []


def _day(file: SourceFile, entries: list[Entry], plays: list[Play]) -> tuple[date | None, list[str]]:
    """Return the local day of the first row: its moment in the zone by which its time of day is what the row says."""
    first = next(((e, p.at) for e, p in zip(entries, plays, strict=True) if p.at), None)
    of_name = day_of(stem_of(file.name))[0]
    if first is None:
        return of_name, []
    entry, moment = first
    if file.zone is not None:
        return moment.astimezone(file.zone).date(), []
    clock = clock_of(entry.fields.get("time", ""))
    if clock is None:
        return of_name or moment.date(), [] if of_name else [DATE_UTC]
    return (moment + _offset(moment, clock)).date(), []


def _offset(moment: datetime, clock: Clock) -> timedelta:
    """Return how far the clock is ahead of UTC, to a quarter of an hour."""
    midnight = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    ahead = timedelta(minutes=15) * round((clock.second - (moment - midnight).total_seconds()) / 900)
    ahead %= timedelta(days=1)
    return ahead if ahead < _FURTHEST_EAST else ahead - timedelta(days=1)


def _tracklist_txt(file: SourceFile, text: str, known: dict[str, Any]) -> list[Tracklist]:
    """Read the sets of all days; rows under a second heading of the same day join it."""
    days: dict[str, list[tuple[str, str]]] = {}
    rows: list[tuple[str, str]] = []
    n_rows = 0
    for line in text.splitlines():
        line = line.strip(" \t\ufeff\0")  # noqa: PLW2901
        if found := _HEADING.fullmatch(line):
            rows = days.setdefault(found[1].strip(), [])
        elif n_rows < MAX_FILE_ROWS and (found := _ROW.fullmatch(line)):
            rows.append((found[1], found[2]))
            n_rows += 1
    return [_of_day(file, heading, rows, known) for heading, rows in days.items() if rows]


def _of_day(file: SourceFile, heading: str, rows: list[tuple[str, str]], known: dict[str, Any]) -> Tracklist:
    day, issue = day_of(heading)
    plays = [
        Play(make_track(index, *split_name(line), cue_text=time), None)
        for index, (time, line) in enumerate(rows, 1)
    ]
    issues = _set_clocks(plays, [clock_of(time) for time, _ in rows], day, file)
    found = [*known["quality_issues"], *([issue] if issue else []), *issues, *set_times(plays)]
    return file_set(
        file,
        [play.track for play in plays],
        title=f"VirtualDJ History {heading}",
        date=day,
        media_type="text/plain",
        **(known | {"quality_issues": found}),
    )


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value < 1e15 else None
