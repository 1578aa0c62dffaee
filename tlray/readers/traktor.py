"""Traktor: histories and playlists (``.nml``), its list as a web page, and as text: ``1. Title by Artist``."""

from __future__ import annotations

import re
from typing import Any

from tlray.model import ParsedPage, Tracklist
from tlray.readers.assembly import MAX_ROWS, file_set, page_of, stem_of, unknown
from tlray.readers.clock_times import day_of
from tlray.readers.decoding import NoTextError, decode_text, head_text
from tlray.readers.interface import SourceFile
from tlray.readers.sniff import first_element
from tlray.readers.traktor_html import is_page, read_page
from tlray.readers.traktor_nml import is_log, read_nml
from tlray.readers.xml_tree import BadXmlError, local, parse_xml
from tlray.sites.fields import clean, make_track

MAX_BYTES = 64 * 2**20
_NUMBER = re.compile(r"(\d{1,4})\.\s+(?=\S)")
_MIN_ROWS = 3


class TraktorReader:
    """Reads histories and playlists of Traktor."""

    kind = "traktor"
    version = "traktor/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it is NML, a page of Traktor's, or numbered lines that all say who a title is by."""
        del name
        text = head_text(head)
        return first_element(text) == "nml" or is_page(text) or _is_list(text)

    def read(self, file: SourceFile) -> ParsedPage:
        """Read what was played in public; of a file without a log, every playlist."""
        if len(file.body) > MAX_BYTES:
            return unknown("too large for a history")
        known: dict[str, Any] = {"site": "traktor", "parser": self.version}
        try:
            if first_element(head_text(file.head)) == "nml":
                tree = parse_xml(file.body, file.encoding)
                if local(tree.root).upper() != "NML":
                    return unknown("not NML of Traktor")
                sets = read_nml(file, tree.root, known | {"quality_issues": tree.issues})
                return page_of(
                    file,
                    sets,
                    "no row that was played in public" if is_log(tree.root) else "no playlist with rows",
                )
            if is_page(head_text(file.head)):
                page = read_page(file, known)
                return page_of(file, [page] if page else [], "no table with artist and title")
            text, issues = decode_text(file.body, file.encoding)
        except (BadXmlError, NoTextError) as error:
            return unknown(str(error))
        return page_of(
            file,
            [_read_list(file, text, known | {"quality_issues": issues})],
            "no line such as: 1. Title by Artist",
        )


def _row(line: str) -> tuple[int, str, str] | None:
    """Split ``1. Title by Artist`` into number, artist and title: the artist is what follows the last ``by``."""
    number = _NUMBER.match(line)
    title, by, artist = line[number.end() :].rpartition(" by ") if number else ("", "", "")
    return (
        (int(number[1]), artist.strip(), title.strip())
        if number and by and title.strip() and artist.strip()
        else None
    )


def _is_list(text: str) -> bool:
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines() if line.strip()][:200]
    rows = lines[0 if lines and lines[0][0].isdigit() else 1 :]
    n_rows = sum(_row(line) is not None for line in rows)
    return (
        n_rows >= _MIN_ROWS and n_rows >= 0.9 * len(rows) and sum(" - " in line for line in rows) * 2 < n_rows
    )


def _read_list(file: SourceFile, text: str, known: dict[str, Any]) -> Tracklist:
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    rows = [found for line in lines if (found := _row(line))][: MAX_ROWS + 1]
    heading = clean(lines[0]) if lines and _row(lines[0]) is None else ""
    is_history = heading.upper() == "HISTORY"
    return file_set(
        file,
        [
            make_track(index, artist, title, number=number)
            for index, (number, artist, title) in enumerate(rows, 1)
        ],
        title="" if is_history else heading,
        date=day_of(stem_of(file.name))[0] if is_history else None,
        media_type="text/plain",
        **known,
    )
