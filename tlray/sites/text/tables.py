"""Tables in text, of Markdown or with tabs, as lines: ``1. [time] Artist - Title [Label]``."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
_RULE = re.compile(r"[\s|:+=-]{3,}")


def untabled(lines: Sequence[str]) -> list[str]:
    """Return the lines of a text with the rows of tables as lines that have number, time, artist, title, label in this order."""
    made: list[str] = []
    columns: list[str | None] = []
    for line in lines:
        cells = _cells(line)
        if header := _header(cells):
            columns = header
            made.append("")
        elif columns and _RULE.fullmatch(line):
            made.append("")
        elif columns and len(cells) >= 2:
            made.append(_row(cells, columns) or line)
        else:
            columns = columns if not line else []
            made.append(_unnamed(line, cells))
    return made


def _cells(line: str) -> list[str]:
    for mark in ("\t", "|", ";"):
        if mark in line:
            return [cell.strip(' *`"') for cell in line.strip("| \t" if mark == "|" else " ").split(mark)][
                :40
            ]
    return []


def _header(cells: Sequence[str]) -> list[str | None] | None:
    if len(cells) < 2:
        return None
    columns = [
        next((name for name, pattern in _NAMED.items() if pattern.fullmatch(cell)), None) for cell in cells
    ]
    return (
        columns
        if "title" in columns and ("artist" in columns or "time" in columns or "number" in columns)
        else None
    )


def _row(cells: Sequence[str], columns: Sequence[str | None]) -> str:
    of = {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell}
    title = of.get("title", "")
    if of.get("mix") and of["mix"].casefold() not in title.casefold():
        title += f" ({of['mix']})"
    name = " - ".join(filter(None, (of.get("artist"), title)))
    label = " - ".join(filter(None, (of.get("label"), of.get("catalogue"))))
    number = of.get("number", "").rstrip(".)")
    marks = [f"{number}." if number.isdigit() else "", f"[{time}]" if (time := of.get("time")) else ""]
    return " ".join(filter(None, (*marks, name, f"[{label}]" if label else ""))) if name else ""


def _unnamed(line: str, cells: Sequence[str]) -> str:
    """Join the cells of a Markdown row that no header names."""
    if not (line.startswith("|") and line.endswith("|") and len(cells) >= 2):
        return line
    filled = [cell for cell in cells if cell]
    number = f"{filled.pop(0).rstrip('.)')}. " if len(filled) > 2 and filled[0].rstrip(".)").isdigit() else ""
    time = (
        f"{filled.pop(0)} "
        if len(filled) > 2 and re.fullmatch(r"\[?\d{1,3}:\d\d(?::\d\d)?\]?", filled[0])
        else ""
    )
    return number + time + "\t".join(filled)
