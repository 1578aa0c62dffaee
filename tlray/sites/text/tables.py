"""Tables in text, of Markdown or with tabs, as lines: ``1. [time] Artist - Title [Label]``."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from tlray.sites.text.characters import clean

_COLUMNS = {
    "number": r"#|no\.?|nr\.?|n°|№|pos\.?|position|index|track\s?(?:no\.?|number|#)|order",
    "time": r"time(?:\s?code|\s?stamp)?|start(?:\s?time)?|cue|at|begin|zeit|offset|mm:ss|hh:mm:ss",
    "artist": r"artists?|performers?|interpret(?:en)?|künstler|artiste|artista|by|band|dj",
    "title": r"titles?|tracks?(?:\s?(?:title|name))?|songs?(?:\s?(?:title|name))?|name|titel|titre|título|tune",
    "mix": r"(?:re)?mix|version",
    "label": r"(?:record\s?)?labels?|publisher",
    "catalogue": r"cat(?:alog(?:ue)?)?\.?\s?(?:#|no\.?|number|nr\.?)?",
}
_NAMED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _COLUMNS.items()}
_SONG = frozenset({"song", "track", "title", "lied", "titel"})
_KEYS = frozenset({"artist", "album", "licensed to youtube by", "writers", "licenses", "interpret"})
_MIN_BLOCKS = 3
_MAX_HEADER_CHARS = 200
_HEAD = "Tracklist:"
"""Columns of artist and title announce a list as a heading does."""
_TIME = re.compile(r"[\d:.,'′’\"″”?hmsx ]{1,16}|\d{1,2}:\d\d(?::\d\d)?\s?[ap]\.?m\.?", re.IGNORECASE)
"""What is no date."""
_OF_SEVERAL = re.compile(r"\bsource_id\b")
"""A column of tlray's own tables, which hold several sets."""
_RULE = re.compile(r"[\s|:+=-]{3,}")


def untabled(lines: Sequence[str]) -> list[str]:
    """Return the lines of a text with the rows of tables as lines that have number, time, artist, title, label in this order."""
    made: list[str] = []
    columns: list[str | None] = []
    mark = ""
    for line in _unkeyed(lines):
        if header := _header(line):
            mark, columns = header
            made.append(_HEAD if "artist" in columns else "")
        elif columns and _RULE.fullmatch(line):
            made.append("")
        elif columns and len(cells := _cells(line, mark)) >= 2:
            made.append(_row(cells, columns) or line)
        else:
            columns = columns if not line else []
            made.append(_unnamed(line))
    return made


def _unkeyed(lines: Sequence[str]) -> list[str]:
    """Return blocks of ``Song``, its name, ``Artist``, its name (YouTube's notes on the music of a video) as one line each."""
    if sum(line.casefold().rstrip(":") in _SONG for line in lines) < _MIN_BLOCKS:
        return list(lines)
    made: list[str] = []
    title = key = ""
    for line in lines:
        word = line.casefold().rstrip(":")
        if word in _SONG or word in _KEYS:
            key = "song" if word in _SONG else word
        elif key == "song":
            title, key = line, ""
        elif key == "artist" and title:
            made.append(f"{line} - {title}")
            title = key = ""
        elif key:
            key = ""
        elif line:
            made.append(line)
    return made


def is_ordered(text: str) -> bool:
    """True if a text begins with the header of a table that says the order of its rows, beside artist and title. A list of what
    somebody owns has neither numbers nor times."""
    line = next((line for line in map(clean, text[:4_000].splitlines()) if line), "")
    header = None if _OF_SEVERAL.search(line) else _header(line)
    return (
        header is not None
        and {"artist", "title"} <= {*header[1]}
        and not {"number", "time"}.isdisjoint(header[1])
    )


def _cells(line: str, mark: str) -> list[str]:
    if not mark or mark not in line:
        return []
    if mark in ",;":
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=mark), [])][:40]
        except csv.Error:
            return []
    return [cell.strip(' *`"') for cell in line.strip("| \t" if mark == "|" else " ").split(mark)][:40]


def _header(line: str) -> tuple[str, list[str | None]] | None:
    """Return what parts the columns of a header, and their names; None for another line."""
    if len(line) > _MAX_HEADER_CHARS:
        return None
    for mark in ("\t", "|", ";", ","):
        cells = _cells(line, mark)
        columns = [
            next((name for name, pattern in _NAMED.items() if pattern.fullmatch(cell)), None)
            for cell in cells
        ]
        if "title" in columns and ("artist" in columns or "time" in columns or "number" in columns):
            return mark, columns
    return None


def _row(cells: Sequence[str], columns: Sequence[str | None]) -> str:
    of = {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell}
    title = of.get("title", "")
    if of.get("mix") and of["mix"].casefold() not in title.casefold():
        title += f" ({of['mix']})"
    name = " - ".join(filter(None, (of.get("artist"), title)))
    label = " - ".join(filter(None, (of.get("label"), of.get("catalogue"))))
    number = of.get("number", "").rstrip(".)")
    time = of.get("time", "")
    marks = [f"{number}." if number.isdigit() else "", f"[{time}]" if _TIME.fullmatch(time) else ""]
    return " ".join(filter(None, (*marks, name, f"[{label}]" if label else ""))) if name else ""


def _unnamed(line: str) -> str:
    """Join the cells of a Markdown row that no header names."""
    if not (line.startswith("|") and line.endswith("|")) or len(cells := _cells(line, "|")) < 2:
        return line
    filled = [cell for cell in cells if cell]
    number = f"{filled.pop(0).rstrip('.)')}. " if len(filled) > 2 and filled[0].rstrip(".)").isdigit() else ""
    time = (
        f"{filled.pop(0)} "
        if len(filled) > 2 and re.fullmatch(r"\[?\d{1,3}:\d\d(?::\d\d)?\]?", filled[0])
        else ""
    )
    return number + time + "\t".join(filled)
