"""rekordbox's text lists: a table of tabs (``.txt``), and M3U8. Neither says when a track was played."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from tlray.model import Track, Tracklist
from tlray.readers.assembly import MAX_ROWS, file_set
from tlray.readers.clock_times import day_of
from tlray.readers.columns import cell, length_s, places_of
from tlray.readers.interface import SourceFile
from tlray.readers.m3u import names, parse_m3u
from tlray.sites.fields import make_track, named, with_mix

COLUMNS_GUESSED = "columns_guessed"
_HISTORY = re.compile(r"history\b", re.IGNORECASE)
_USUAL = {"title": 2, "artist": 3}
_LOOKED_AT = 200
_FIGURE = re.compile(r"[\d:.,/ -]+|\d{1,2}[ABab]|[A-G][#b]?m?")
"""A tempo, a length, a date, a key."""
_LINE_END = re.compile(r"\r\n|\r|\n")


def is_table(text: str) -> bool:
    """True if the first line is the header of a table of tabs with artist and title, in the order of rekordbox."""
    header = _LINE_END.split(text.lstrip("\ufeff\r\n")[:4_000], maxsplit=1)[0].split("\t")
    places = places_of(header)
    if "start" in places:  # Serato's
        return False
    return (len(header) >= 4 and header[0].strip() == "#") or {"title", "artist"} <= places.keys()


def history_day(name: str) -> date | None:
    """Return the day that rekordbox names a history by: ``HISTORY 2023-04-01``."""
    return day_of(name)[0] if _HISTORY.match(name) else None


def read_table(file: SourceFile, text: str, known: dict[str, Any]) -> list[Tracklist]:
    """Read a table as one set."""
    header, *lines = [line for line in _LINE_END.split(text.lstrip("\ufeff")) if line.strip()]
    places = places_of(header.split("\t"))
    issues = list(known["quality_issues"])
    if guessed := _guessed(places, [line.split("\t") for line in lines[:_LOOKED_AT]]):
        places, issues = guessed | places, [*issues, COLUMNS_GUESSED]
    tracks: list[Track] = []
    for line in lines[: MAX_ROWS + 1]:
        row = line.split("\t")
        artist, title = named(
            cell(row, places, "artist"), with_mix(cell(row, places, "title"), cell(row, places, "mix"))
        )
        if title or artist:
            tracks.append(
                make_track(
                    len(tracks) + 1,
                    artist,
                    title,
                    label=cell(row, places, "label"),
                    genre=cell(row, places, "genre"),
                    duration_s=length_s(cell(row, places, "length")),
                )
            )
    return [
        file_set(file, tracks, media_type="text/tab-separated-values", **(known | {"quality_issues": issues}))
    ]


def _guessed(places: dict[str, int], rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return the usual places of title and artist where no header names them, if something else does not stand there."""
    found = {}
    for key, place in _USUAL.items():
        if key not in places and place not in places.values():
            cells = [row[place].strip() for row in rows if place < len(row)]
            if 2 * sum(bool(text) and not _FIGURE.fullmatch(text) for text in cells) > len(cells):
                found[key] = place
    return found


def read_m3u8(file: SourceFile, text: str, known: dict[str, Any]) -> list[Tracklist]:
    """Read an M3U8 list as one set."""
    entries = parse_m3u(text)
    rows, issues = names(entries)
    tracks = [
        make_track(index, artist, title, duration_s=entry.length_s)
        for index, (entry, (artist, title)) in enumerate(zip(entries, rows, strict=True), 1)
    ]
    known = known | {"quality_issues": [*known["quality_issues"], *issues]}
    return [file_set(file, tracks, media_type="application/vnd.apple.mpegurl", **known)]
