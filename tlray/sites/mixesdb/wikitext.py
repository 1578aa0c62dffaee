"""The wikitext of a mix's page: list, files, players, categories.

``== File details ==`` has a table, a row a file; ``{{Player|mode=…|url|url}}`` the recordings; the list stands below
``== Tracklist ==``, as lines with ``#`` or between ``<list>`` and ``</list>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlray.sites.mixesdb.mix import Mix

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_NOWIKI = re.compile(r"</?nowiki\s*/?>", re.IGNORECASE)
_HEADING = re.compile(r"^(={2,6})[ \t]*(\S.{0,300}?)[ \t]*\1[ \t]*$", re.MULTILINE)
_CATEGORY = re.compile(r"\[\[\s*category\s*:\s*([^\[\]|\n]{1,200})(?:\|[^\[\]\n]{0,200})?\]\]", re.IGNORECASE)
_LIST = re.compile(r"<list\b[^<>\n]{0,100}>(.*?)(?:</list>|\Z)", re.DOTALL | re.IGNORECASE)
_DURATION = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d\d)")
_NAMED_URL = re.compile(r"\A(?:\d{1,2}|url\d{0,2})\s*=\s*(?=https?:)")


def read_wikitext(text: str, *, key: str, title: str) -> Mix:
    """Read the wikitext of a page."""
    text = _NOWIKI.sub("", _COMMENT.sub("", text.replace("\r\n", "\n")))
    sections = dict(_sections(text))
    said = next((body for name, body in sections.items() if name.startswith("tracklist")), None)
    return Mix(
        key=key,
        title=title,
        lines=_lines(text if said is None else said, is_section=said is not None),
        durations_s=_durations_s(sections.get("file details", "")),
        players=_players(text),
        categories=[" ".join(name.replace("_", " ").split()) for name in _CATEGORY.findall(text)],
    )


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield each section of the second level, with those inside it; the first of a name last, so that it counts."""
    starts = [found for found in _HEADING.finditer(text) if found[1] == "=="]
    ends = [*(found.start() for found in starts), len(text)][1:]
    for found, end in reversed(list(zip(starts, ends, strict=False))):
        yield found[2].strip("' ").lower(), text[found.end() : end]


def _lines(text: str, *, is_section: bool) -> str:
    lists = [found for found in _LIST.findall(text) if found.strip()]
    if lists:
        outside = _LIST.sub("\n", text)
        is_mixed = any(line.startswith("#") for line in outside.split("\n"))
        return _LIST.sub(r"\n\1\n", text) if is_mixed or is_section else "\n".join(lists)
    rows = [line for line in text.split("\n") if line.startswith(("#", ";", "=== ", "..."))]
    if rows and any(line.startswith("#") and not line.upper().startswith("#REDIRECT") for line in rows):
        return "\n".join(rows)
    return _bare(text) if is_section else ""


def _bare(text: str) -> str:
    """Return a section without markup of a list: its lines that are neither templates nor links to categories and files."""
    ends = [0, *(end for _, end in _spans(text))]
    starts = [*(start for start, _ in _spans(text)), len(text)]
    outside = "\n".join(text[end:start] for end, start in zip(ends, starts, strict=True))
    lines = _CATEGORY.sub("", outside).split("\n")
    return "\n".join(line for line in lines if " - " in line or line.strip(" []0123456789:?") in ("", "..."))


def templates(text: str, name: str = "") -> list[str]:
    """Return the outermost templates of a text, braces included, that have a name."""
    found = [text[start:end] for start, end in _spans(text)]
    return [
        one for one in found if not name or re.match(rf"\{{\{{\s*{name}\s*(?:\||\}}\}})", one, re.IGNORECASE)
    ]


def _spans(text: str) -> list[tuple[int, int]]:
    """Return where each outermost template begins and ends."""
    found: list[tuple[int, int]] = []
    depth = start = 0
    for mark in re.finditer(r"\{\{|\}\}", text):
        if mark[0] == "{{":
            start = mark.start() if depth == 0 else start
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                found.append((start, mark.end()))
    return found


def _players(text: str) -> list[str]:
    """Return the recordings: one of several mirrors; all where they are parts (``mode=multi``)."""
    players: list[str] = []
    for template in templates(text, "player"):
        arguments = [argument.strip() for argument in template[2:-2].split("|")[1:]]
        urls = [
            url for one in arguments if (url := _NAMED_URL.sub("", one)).startswith(("http://", "https://"))
        ]
        is_multi = any(re.fullmatch(r"mode\s*=\s*multi", argument) for argument in arguments)
        players += urls if is_multi else urls[:1]
    return list(dict.fromkeys(players))


def _durations_s(text: str) -> list[float]:
    """Return the ``dur`` of each row of the table of files."""
    table = re.search(r"^\{\|(.*?)^\|\}", text, re.DOTALL | re.MULTILINE)
    if not table:
        return []
    head, *rows = re.split(r"^\|-.*$", table[1], flags=re.MULTILINE)
    if not _cells(head, "!") and rows:
        head = rows.pop(0)
    names = [name.lower() for name in _cells(head, "!")]
    if "dur" not in names:
        return []
    at = names.index("dur")
    cells = [_cells(row, "|") for row in rows]
    return [found for row in cells if at < len(row) and (found := duration_s(row[at])) is not None]


def _cells(row: str, mark: str) -> list[str]:
    found: list[str] = []
    for line in row.split("\n"):
        if line.startswith(mark):
            found += [cell.rpartition("|")[2].strip() for cell in re.split(r"\|\||!!", line[1:])]
    return found


def duration_s(text: str) -> float | None:
    """Return the seconds of ``2:00:30`` or ``59:58``; None for other text."""
    found = _DURATION.fullmatch(text.strip("' ~"))
    if not found:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(hours * 3600 + minutes * 60 + seconds) or None
