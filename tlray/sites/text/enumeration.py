"""Marks of rows that are neither plain numbers nor times: places on a record, Roman numbers, letters, dates, keys and tempos.

They count only where most rows of a text have them, and the numbers among them where they count up from the first one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from unicodedata import numeric

_SIDE = re.compile(r"([A-Ha-h]\d{1,2})[ \t]*[.):|-]?[ \t]+(?=\S)")
_ROMAN = re.compile(r"([IVXL]{1,7}|[ivxl]{1,7})[.)\]][ \t]+(?=\S)")
_LETTER = re.compile(r"\(?([a-zA-Z])[.)\]][ \t]+(?=\S)")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50}
_KEY = r"(?:1[0-2]|0?[1-9])[ABab]"
_TEMPO = r"\d{2,3}(?:[.,]\d{1,2})?"
_THEN = r"[ ]?[,/|–-]?[ ]?"
_BOTH = rf"(?:{_KEY}(?:{_THEN}{_TEMPO}(?:[ ]?bpm)?)?|{_TEMPO}(?:[ ]?bpm{_THEN}(?:{_KEY})?|{_THEN}{_KEY}))"
_MARK = r"(?:(?:\d{1,3}[.)]?|[\[(]?\d{1,3}:\d\d(?::\d\d)?[\])]?)[ \t]+){0,2}"
_TUNED_BEFORE = re.compile(rf"({_MARK})[\[(]?{_BOTH}[\])]?(?:[ \t]*[-–|:][ \t]*|[ \t]+)(?=\S)", re.IGNORECASE)
_TUNED_BEHIND = re.compile(
    rf"(?<=\S)[ \t]*(?:[-–|/,][ \t]*)?(?:[\[(][ ]?{_BOTH}[ ]?[\])]|(?<=[ \t]){_BOTH})$", re.IGNORECASE
)
_CIRCLED = re.compile(r"([①-⑳⑴-⒇⒈-⒛❶-❿➀-➓㉑-㉟㊱-㊿])[ \t]*(?=\S)")
_DISC = re.compile(r"\d{1,2}-(\d\d)[ \t]+(?=\S)")
"""``1-01``: of the first disc the first track."""
_DATED = re.compile(
    r"[\[(]?(?P<day>(?:19|20)\d\d([-/.])\d{1,2}\2\d{1,2})[T ,]{1,3}\d{1,2}:\d\d:\d\d(?:[.,]\d{1,6})?"
    r"(?:Z|[ ]?[+-]\d\d:?\d\d)?[\])]?[ \t]*(?:[-–|:][ \t]+)?(?=\S)"
)
"""The second at which it was played. It is no place in a recording."""
_MAX_DAYS = 2
"""A night; more days are those of a tour."""
_HASH = re.compile(r"#[ \t]+(?=\S)")
"""A row of wikitext."""
_MIN_ROWS = 3
_MIN_SHARE = 0.7


def plain_rows(raws: Sequence[str]) -> Sequence[str]:
    """Return lines without places on a record, keys and tempos, and with Roman numbers and letters as numbers."""
    for marks, value in ((_CIRCLED, numeric), (_ROMAN, _roman), (_LETTER, _letter)):
        raws = _numbered(raws, marks, value)
    raws = _without_sides(raws)
    if len({found["day"] for raw in raws if (found := _DATED.match(raw))}) <= _MAX_DAYS and _most_have(
        raws, _DATED.match
    ):
        raws = [_rest_of(_DATED, "", raw) for raw in raws]
    for mark, rest in ((_HASH, ""), (_DISC, _of_disc), (_TUNED_BEFORE, r"\1")):
        if _most_have(raws, mark.match):
            raws = [_rest_of(mark, rest, raw) for raw in raws]
    if _most_have(raws, _TUNED_BEHIND.search):
        raws = [_TUNED_BEHIND.sub("", raw) for raw in raws]
    return raws


def _rest_of(mark: re.Pattern[str], rest: str | Callable[[re.Match[str]], str], raw: str) -> str:
    """Return a line with something else for the mark at its beginning."""
    return mark.sub(rest, raw, count=1) if mark.match(raw) else raw


def _of_disc(found: re.Match[str]) -> str:
    return f"{int(found[1])}. "


def _without_sides(raws: Sequence[str]) -> Sequence[str]:
    """Return lines without the places on a record, ``A1. …``, where at least three have one, from A1 on."""
    found = [side for raw in raws if (side := _SIDE.match(raw))]
    if len(found) < _MIN_ROWS or found[0][1].upper() != "A1":
        return raws
    return [_SIDE.sub("", raw) for raw in raws]


def _numbered(raws: Sequence[str], marks: re.Pattern[str], value: Callable[[str], float]) -> Sequence[str]:
    """Return lines with ``1.`` for the first mark, and so on, if the marks of a text count up."""
    found = [(at, mark) for at, raw in enumerate(raws) if (mark := marks.match(raw))]
    if len(found) < _MIN_ROWS or any(value(mark[1]) != n for n, (_, mark) in enumerate(found, 1)):
        return raws
    numbered = list(raws)
    for number, (at, mark) in enumerate(found, 1):
        numbered[at] = f"{number}. {raws[at][mark.end() :]}"
    return numbered


def _most_have(raws: Sequence[str], look: Callable[[str], re.Match[str] | None]) -> bool:
    """True if most lines that may be rows have a mark."""
    rows = [raw for raw in raws if " - " in raw or " – " in raw]
    return sum(look(raw) is not None for raw in rows) >= max(_MIN_ROWS, _MIN_SHARE * len(rows))


def _roman(text: str) -> int:
    digits = [_ROMAN_DIGITS[char] for char in text.upper()]
    return sum(-a if a < b else a for a, b in zip(digits, [*digits[1:], 0], strict=True))


def _letter(text: str) -> int:
    return ord(text.lower()) - ord("a") + 1
