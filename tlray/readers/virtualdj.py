"""VirtualDJ: the history of a day (``.m3u``), and ``tracklist.txt``, which has all of its days."""

from __future__ import annotations

import re
from typing import Any

from tlray.model import ParsedPage, Tracklist
from tlray.readers.assembly import MAX_FILE_ROWS, file_set, page_of, unknown
from tlray.readers.clock_times import clock_of, day_of
from tlray.readers.decoding import NoTextError, decode_text, head_text
from tlray.readers.interface import SourceFile
from tlray.readers.m3u import is_bare, is_m3u, parse_m3u, why_no_tracks
from tlray.readers.play_log import LOCAL_TIME, Play, moments_of, set_times
from tlray.readers.virtualdj_m3u import read_history
from tlray.sites.fields import make_track, split_name

MAX_BYTES = 32 * 2**20
_HEADING = re.compile(r"VirtualDJ History\s+(\S.*)", re.IGNORECASE)
_ROW = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AP]M)?)\s+:\s+(.*\S)", re.IGNORECASE)


class VirtualDJReader:
    """Reads histories of VirtualDJ, and M3U lists of nobody."""

    kind = "virtualdj"
    version = "virtualdj/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it has VirtualDJ's rows or headings, or is an M3U list."""
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
        if reason := why_no_tracks(text):
            return unknown(reason)
        known = {"site": "virtualdj", "parser": self.version, "quality_issues": issues}
        if _HEADING.search(text) and not is_m3u(text):
            if (n_lines := text.count("\n")) > MAX_FILE_ROWS:
                return unknown(f"{n_lines} lines: too many for one file")
            return page_of(file, _days(file, text, known), "no row in the history")
        entries = parse_m3u(text) if is_m3u(text) or is_bare(text) else []
        return page_of(file, [read_history(file, entries, known)], "no row in the list")


def _days(file: SourceFile, text: str, known: dict[str, Any]) -> list[Tracklist]:
    """Read the sets of all days; rows under a second heading of the same day join it."""
    days: dict[str, list[tuple[str, str]]] = {}
    rows: list[tuple[str, str]] = []
    for line in text.splitlines():
        line = line.strip(" \t\ufeff\0")  # noqa: PLW2901
        if found := _HEADING.fullmatch(line):
            rows = days.setdefault(found[1].strip(), [])
        elif found := _ROW.fullmatch(line):
            rows.append((found[1], found[2]))
    return [_of_day(file, heading, rows, known) for heading, rows in days.items() if rows]


def _of_day(file: SourceFile, heading: str, rows: list[tuple[str, str]], known: dict[str, Any]) -> Tracklist:
    day, issue = day_of(heading)
    clocks = [clock_of(time) for time, _ in rows]
    plays = [
        Play(make_track(index, *split_name(line), cue_text=time), at, clock is not None and clock.has_seconds)
        for index, ((time, line), clock, at) in enumerate(
            zip(rows, clocks, moments_of(clocks, day, file.zone), strict=True), 1
        )
    ]
    issues = [issue] if issue else []
    if file.zone is None and any(play.at for play in plays):
        issues.append(LOCAL_TIME)
    return file_set(
        file,
        [play.track for play in plays],
        title=f"VirtualDJ History {heading}",
        date=day,
        media_type="text/plain",
        **(known | {"quality_issues": [*known["quality_issues"], *issues, *set_times(plays)]}),
    )
