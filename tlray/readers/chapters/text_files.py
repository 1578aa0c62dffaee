"""Chapters in text: OGM's (``CHAPTER01=…``), ffmpeg's metadata, labels of Audacity, WebVTT."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlray.readers.chapters.marks import Chapter, seconds
from tlray.readers.chapters.podcasting import Episode
from tlray.readers.made import links

_OGM_START = re.compile(r"CHAPTER(\d{1,4})=(\d{1,4}:\d\d:\d\d(?:[.,]\d{1,9})?)$", re.IGNORECASE)
_OGM_NAME = re.compile(r"CHAPTER(\d{1,4})NAME=(.*)$", re.IGNORECASE)
_LABEL = re.compile(r"(\d{1,7}[.,]\d{3,9})\t(\d{1,7}[.,]\d{3,9})(?:\t(.*))?$")
_VTT_START = re.compile(r"((?:\d{1,4}:)?\d\d:\d\d\.\d{3})[ \t]+-->[ \t]")
_FFMETADATA = ";FFMETADATA"
_VTT = "WEBVTT"
_BASE = re.compile(r"(\d{1,9})/(\d{1,10})$")
_ESCAPE = re.compile(r"\\(.)")
_MIN_LABELS = 2


def is_text_of_chapters(text: str) -> bool:
    """True if the first lines are of a file of chapters."""
    lines = list(_first_lines(text))
    if not lines:
        return False
    is_labels = len(lines) >= _MIN_LABELS and all(map(_LABEL.match, lines))
    return lines[0].startswith((_FFMETADATA, _VTT)) or bool(_OGM_START.match(lines[0])) or is_labels


def episode_in_text(text: str) -> Episode | None:
    """Return the chapters of a text; None where it has none."""
    first = next(_first_lines(text), "")
    lines = [line.strip("\ufeff\r ") for line in text.splitlines()]
    if first.startswith(_FFMETADATA):
        return _of_ffmpeg(lines)
    read = _of_webvtt if first.startswith(_VTT) else _of_ogm if _OGM_START.match(first) else _of_audacity
    found = list(read(lines))
    return Episode(found) if found else None


def _first_lines(text: str) -> Iterator[str]:
    lines = (line.strip() for line in text.lstrip("\ufeff")[:4_000].splitlines()[: _MIN_LABELS + 3])
    yield from [line for line in lines if line and not line.startswith("\\")][:_MIN_LABELS]


def _of_ogm(lines: list[str]) -> Iterator[Chapter]:
    starts: dict[str, str] = {}
    for line in lines:
        if found := _OGM_START.match(line):
            starts[found[1]] = found[2]
        elif (found := _OGM_NAME.match(line)) and (start := starts.pop(found[1], "")):
            yield Chapter(found[2].strip(), seconds(start), start)


def _of_audacity(lines: list[str]) -> Iterator[Chapter]:
    for line in lines:  # a second line, of frequencies, begins with a backslash
        if found := _LABEL.match(line):
            yield Chapter((found[3] or "").strip(), seconds(found[1]), found[1])


def _of_webvtt(lines: list[str]) -> Iterator[Chapter]:
    start = ""
    for line in lines:
        if found := _VTT_START.match(line):
            start = found[1]
        elif start and line:
            yield Chapter(line, seconds(start), start)
            start = ""


def _of_ffmpeg(lines: list[str]) -> Episode | None:
    """Return what ``ffmpeg -f ffmetadata`` writes: what it says of the file, then a section for each chapter."""
    sections: list[dict[str, str]] = [{}]
    for line in lines:
        if line.startswith("["):
            sections.append({"": line.casefold()})
        elif not line.startswith((";", "#")):
            key, is_pair, value = line.partition("=")
            if is_pair:
                sections[-1].setdefault(key.casefold(), _ESCAPE.sub(r"\1", value).strip())
    of_file, *others = sections
    found = [_of_section(section) for section in others if section[""] == "[chapter]"]
    if not found:
        return None
    return Episode(
        found,
        of_file.get("title", ""),
        of_file.get("artist", ""),
        url=next(iter(links([of_file.get("comment", "")])), ""),
    )


def _of_section(section: dict[str, str]) -> Chapter:
    base = _BASE.match(section.get("timebase", "1/1000000000"))
    start = section.get("start", "")
    is_known = (
        base is not None and int(base[2]) > 0 and start.isascii() and start.isdigit() and len(start) < 16
    )
    start_s = int(start) * int(base[1]) / int(base[2]) if is_known and base is not None else None
    return Chapter(section.get("title", ""), start_s, start)
