"""Traktor's list as a web page (``Track List: HISTORY``): a table of columns that the user chose, times of the local clock."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import Any

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from tlray.model import Tracklist
from tlray.readers.assembly import MAX_ROWS, file_set
from tlray.readers.clock_times import clock_of, day_of, local_moment
from tlray.readers.columns import cell, length_s, places_of
from tlray.readers.interface import SourceFile
from tlray.readers.play_log import LOCAL_TIME, Play, set_times
from tlray.sites.bombs import is_bomb
from tlray.sites.decode import decode
from tlray.sites.fields import clean, make_track, named

_TITLE = re.compile(r"<title>\s*Track List\s*:?\s*([^<]{0,300})</title>", re.IGNORECASE)


def is_page(text: str) -> bool:
    """True if a page is titled as Traktor titles its lists, and has a table."""
    return bool(_TITLE.search(text)) and "<table" in text and "<th" in text


def read_page(file: SourceFile, known: dict[str, Any]) -> Tracklist | None:
    """Read the table as one set; None for a page without one."""
    data, _ = decode(file.body, file.encoding)
    if is_bomb(data):
        return None
    tree = LexborHTMLParser(data, options=LexborDocumentOptions.WO_EVENTS)
    header, *rows = [[node.text() for node in row.css("th, td")] for row in tree.css("table tr")] or [[]]
    places = places_of(header)
    if not {"title", "artist"} <= places.keys():
        return None
    plays: list[Play] = []
    for row in rows[: MAX_ROWS + 1]:
        track = make_track(
            len(plays) + 1,
            *named(cell(row, places, "artist"), cell(row, places, "title")),
            label=cell(row, places, "label"),
            genre=cell(row, places, "genre"),
            cue_text=cell(row, places, "start") or None,
        )
        at = _moment(cell(row, places, "start"), file.zone)
        plays.append(Play(track, at, lasted_s=length_s(cell(row, places, "length"))))
    issues = set_times(plays)
    if file.zone is None and any(play.at for play in plays):
        issues.append(LOCAL_TIME)
    found = _TITLE.search(data[:20_000].decode("utf-8", "replace"))
    title = clean(found[1]) if found else ""
    return file_set(
        file,
        [play.track for play in plays],
        title="" if title.upper() == "HISTORY" else title,
        date=day_of(cell(rows[0], places, "start"))[0] if rows else None,
        media_type="text/html",
        **(known | {"quality_issues": issues}),
    )


def _moment(text: str, zone: tzinfo | None) -> datetime | None:
    (day, _), clock = day_of(text), clock_of(text)
    return local_moment(day, clock.second, zone) if day and clock else None
