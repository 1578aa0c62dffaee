"""A saved page of a playlist on serato.com: one line a row, newest first while the set is played.

The page of a set that is over has times into the set; that of a live one says how long ago a row was played. Private data of the
page, such as the address of the user who saved it, is never read.
"""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import Any

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from tlray.model import CuePrecision, Track, Tracklist
from tlray.readers.assembly import MAX_ROWS, file_set
from tlray.readers.clock_times import day_of
from tlray.readers.columns import length_s
from tlray.readers.interface import SourceFile
from tlray.readers.play_log import CLOCK_TIMES
from tlray.sites.bombs import is_bomb
from tlray.sites.decode import decode
from tlray.sites.fields import clean, make_track, split_name

MARK = 'id="playlist_tracklist"'
_US_DAY = re.compile(r"(?<!\d)(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?!\d)")
_BY = re.compile(r"\bby\s+(.+)", re.IGNORECASE)
_LATEST_START_S = 600.0
"""Times of rows that begin later than that are of the clock."""


def read_page(file: SourceFile, known: dict[str, Any]) -> Tracklist | None:
    """Read the playlist as one set; None for a page without one."""
    data, _ = decode(file.body, file.encoding)
    if is_bomb(data):
        return None
    tree = LexborHTMLParser(data, options=LexborDocumentOptions.WO_EVENTS)
    rows = [
        (clean(_text(row, ".playlist-tracktime")), clean(_text(row, ".playlist-trackname")), row.id or "")
        for row in tree.css("#playlist_tracklist .playlist-track")[: MAX_ROWS + 1]
    ]
    if any("ago" in time for time, _, _ in rows):
        rows.reverse()
    tracks = [
        make_track(
            index, *split_name(name), cue_text=time or None, track_id=mark.removeprefix("track_") or None
        )
        for index, (time, name, mark) in enumerate(rows, 1)
    ]
    heading = clean(_text(tree, ".playlist-heading h1"))
    by = _BY.search(clean(_text(tree, ".playlist-dj-subtitle")))
    return file_set(
        file,
        tracks,
        title=heading,
        date=_day(heading) or _day(clean(_text(tree, ".playlist-start-time, .playlist-date"))),
        djs=[by[1]] if by else [],
        media_type="text/html",
        **(known | {"quality_issues": _set_cues(tracks)}),
    )


def _set_cues(tracks: list[Track]) -> list[str]:
    starts = [
        0.0 if set(track.cue_text or "x") <= set("0:") else length_s(track.cue_text or "") for track in tracks
    ]
    known = [start for start in starts if start is not None]
    if not any(track.cue_text for track in tracks):
        return []
    if len(known) < len(starts) or known[0] > _LATEST_START_S or any(b < a for a, b in pairwise(known)):
        return [CLOCK_TIMES]
    for track, start in zip(tracks, known, strict=True):
        track.cue_s, track.cue_precision = start, CuePrecision.LOGGED
    return []


def _day(text: str) -> date | None:
    """Read a day; the site writes the month first."""
    if found := _US_DAY.search(text):
        try:
            return date(int(found[3]), int(found[1]), int(found[2]))
        except ValueError:
            return None
    return day_of(text)[0]


def _text(node: Any, selector: str) -> str:
    found = node.css_first(selector)
    return found.text() if found is not None else ""
