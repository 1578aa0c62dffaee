"""Serato's export of a history: a header, a row of the whole session, a row a track. The columns are the user's choice.

Times are of the local clock, in the format of the machine; only the session's row may have a day.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from tlray.model import Tracklist
from tlray.readers.assembly import MAX_FILE_ROWS, file_set
from tlray.readers.clock_times import AMBIGUOUS, clock_of, day_of, zone_of
from tlray.readers.columns import cell, length_s, places_of
from tlray.readers.interface import SourceFile
from tlray.readers.play_log import LOCAL_TIME, Play, moments_of, set_times
from tlray.sites.fields import make_track, named

HEADER_WITHIN = 10
"""So many lines may stand before the header."""
_SEPARATORS = ",;\t"

Row = Sequence[str]


def header_of(text: str) -> tuple[int, str] | None:
    """Return the place of the header among the first lines, and what separates its cells; None for other tables."""
    for place, line in enumerate(text.lstrip("\ufeff")[:20_000].splitlines()[:HEADER_WITHIN]):
        for separator in _SEPARATORS:
            names = [name.strip().strip('"').casefold() for name in line.split(separator)]
            if (
                "name" in names
                and {"artist", "start time", "playtime", "deck"} & set(names)
                and len(names) > 1
            ):
                return place, separator
    return None


def read_csv(file: SourceFile, text: str, known: dict[str, Any]) -> list[Tracklist]:
    """Read the sessions of an export; several are one set each."""
    found = header_of(text)
    if found is None:
        return []
    place, separator = found
    lines = "\n".join(text.lstrip("\ufeff").splitlines()[place:])
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(lines), delimiter=separator):
            rows.append(row)
            if len(rows) > MAX_FILE_ROWS:
                break
    except csv.Error:
        known = known | {"quality_issues": [*known["quality_issues"], "cut off at a damaged line"]}
    if _is_cut_off(rows, text):
        rows.pop()
        known = known | {"quality_issues": [*known["quality_issues"], "cut off at a damaged line"]}
    places = places_of(rows[0]) if rows else {}
    sessions: list[tuple[Row, list[Row]]] = []
    for row in rows[1:]:
        if not any(map(str.strip, row)):
            continue
        if _is_session(row, places, is_first=not sessions):
            sessions.append((row, []))
        else:
            if not sessions:
                sessions.append(((), []))
            sessions[-1][1].append(row)
    return [_read_session(file, session, tracks, places, known) for session, tracks in sessions if tracks]


def _is_cut_off(rows: Sequence[Row], text: str) -> bool:
    """True if the last row is shorter than all others, and ends with the file or holds the lines behind it in a quote."""
    if len(rows) < 3 or len(rows[-1]) >= min(map(len, filter(None, rows[:-1]))):
        return False
    return not text.endswith(("\n", "\r")) or any("\n" in cell for cell in rows[-1])


def _is_session(row: Row, places: dict[str, int], *, is_first: bool) -> bool:
    """True if a row is of a session: nobody made it, no deck played it, and it is the first or has a day."""
    if cell(row, places, "artist") or cell(row, places, "deck"):
        return False
    has_day = any(
        _day(text)[0] or _day(text)[1] for text in (cell(row, places, "title"), cell(row, places, "start"))
    )
    return is_first or has_day


def _day(text: str) -> tuple[date | None, str | None]:
    day, issue = day_of(text)
    return day, issue if issue == AMBIGUOUS else None


def _read_session(
    file: SourceFile, session: Row, rows: Sequence[Row], places: dict[str, int], known: dict[str, Any]
) -> Tracklist:
    plays: list[Play] = []
    for row in rows:
        track = make_track(
            len(plays) + 1,
            *named(cell(row, places, "artist"), cell(row, places, "title")),
            label=cell(row, places, "label"),
            genre=cell(row, places, "genre"),
            cue_text=cell(row, places, "start") or None,
            duration_s=length_s(cell(row, places, "length")),
        )
        plays.append(Play(track, None, lasted_s=length_s(cell(row, places, "played"))))
    texts = [cell(session, places, key) for key in ("start", "title")] + [
        cell(rows[0], places, "start"),
        file.name,
    ]
    days = [_day(text) for text in texts]
    day = next((day for day, _ in days if day), None)
    issues = [] if day else [issue for _, issue in days[:3] if issue][:1]
    clocks = [clock_of(cell(row, places, "start")) for row in rows]
    zone = file.zone or next(filter(None, map(zone_of, texts)), None)
    for play, clock, moment in zip(
        plays, clocks, moments_of(clocks, day or date(1970, 1, 2), zone), strict=True
    ):
        play.at, play.is_exact = moment, clock is not None and clock.has_seconds
    issues += set_times(plays)
    if day is None:  # the clock alone gives cues, and no moment
        for play in plays:
            play.track.played_at = None
    elif zone is None and any(clocks):
        issues.append(LOCAL_TIME)
    name = cell(session, places, "title")
    return file_set(
        file,
        [play.track for play in plays],
        title="" if _day(name)[0] or _day(name)[1] else name,
        date=day,
        media_type="text/csv",
        **(known | {"quality_issues": [*known["quality_issues"], *issues]}),
    )
