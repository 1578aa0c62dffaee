"""One line in its parts: bullet, number, time, what is left. Which of them count is decided for the list, not here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tlray.sites.text.cues import Cue, leading, trailing
from tlray.sites.text.wording import is_credit, is_link, is_rule, names_tracklist, without_note, without_url

MAX_TRACK_CHARS = 400
"""A longer line is prose."""


class Kind(StrEnum):
    """The look of a line by itself."""

    BLANK = "blank"
    RULE = "rule"
    LINK = "link"
    HEAD = "head"
    """``Tracklist:``."""
    CREDIT = "credit"
    OTHER = "other"


@dataclass(slots=True)
class Line:
    """A line and what might be its marks."""

    at: int
    raw: str
    kind: Kind
    bulleted: bool = False
    is_with: bool = False
    """It begins ``w/``, ``+`` or ``vs.``."""
    number: int | None = None
    number_style: str = ""
    """What stands behind the number: ``.``, ``blank``, ``[]``, ``-``, ``(``."""
    lead: Cue | None = None
    trail: Cue | None = None
    body: str = ""
    """The rest, without number and leading time."""
    numbered_body: str = ""
    """The rest with the number, in case that it is none: ``2 Unlimited - No Limit``."""
    trail_span: tuple[int, int] = (0, 0)
    """Where ``trail`` stands in ``body``."""


_BULLET = re.compile(
    r"(?:[•·*▪►▶→»♪♫♬✦✧★☆●○◦‣⁃■□◆◇✓✔❖➤➜🎵🎶🎧🔹🔸🔥💿📀🎼]\ufe0f?[ \t]*(?=[^\s*])|[-–—>~][ \t]+|\*{2,4}[ \t]+(?=[^\s*])"
    r"|[-–—](?=[^\W\d]))"
)
_SIGN = re.compile(r"[♪♫♬🎵🎶🎧▶►•·]\ufe0f?[ \t]+")
_WITH = re.compile(
    r"(?:[(\[]?w/[ \t]*|w\.[ \t]+|with:[ \t]*|\+{1,2}[ \t]+|&[ \t]+|vs\.?[ \t]+|[↳└⤷][ \t]*(?:w/[ \t]*)?)",
    re.IGNORECASE,
)
_KEYCAP = re.compile(r"^(?:(\d)\ufe0f?\u20e3)(?:(\d)\ufe0f?\u20e3)?[ \t.:-]*|^(🔟)[ \t.:-]*")
_NUMBER = re.compile(
    r"(?:#|№|no\.?[ ]?|track[ ]?#?|tr\.?[ ]?)?(?P<n>\d{1,3})(?:"
    r"(?P<dot>[ \t]*[.)\]°º．、）][.)]?[ \t]*(?:[-–—|:][ \t]+)?)"
    r"|(?P<colon>[ \t]*[:：][ \t]+)"
    r"|(?P<dash>[ \t]+[-–—|/_][ \t]*|[-–—|/_]\.?(?![\d/])[ \t]*)"
    r"|(?P<blank>[ \t]+)"
    r"|(?P<none>(?=[\[(]\d))|$)",
    re.IGNORECASE,
)
_BRACKETED = re.compile(
    r"(?P<o>[\[(])[ ]?#?(?P<n>\d{1,3})[ ]?[\])](?P<end>[ \t]*(?:[-–—:.|]+(?=\s|\w))?[ \t]*)"
)
_DELIMITER = re.compile(r"[ \t]*(?:(?:[-–—|:=>→»•·~/]{1,2}|->|=>)(?=[\s\w\"'“(\[@?#])|[.,;)](?=\s))?[ \t]*")


def lex(raw: str, at: int = 0, *, dotted: bool = False) -> Line:
    """Take a clean line apart."""
    if not raw:
        return Line(at, raw, Kind.BLANK)
    if is_rule(raw):
        return Line(at, raw, Kind.RULE)
    line = Line(at, raw, Kind.OTHER)
    text = _KEYCAP.sub(lambda m: f"{'10' if m[3] else (m[1] or '') + (m[2] or '')}. ", raw)
    position = 0
    if bullet := _BULLET.match(text):
        line.bulleted, position = True, bullet.end()
    if marked := _WITH.match(text, position):
        line.is_with, position = True, marked.end()
    start = position
    number_at = -1
    for _ in range(2):
        if line.lead is None and (found := leading(text, position, dotted=dotted)):
            line.lead, position = found
            position = _past_delimiter(text, position)
        elif line.number is None and (read := _number(text, position)):
            number_at = position
            line.number, line.number_style, position = read
            if line.lead is None and (found := leading(text, position, dotted=dotted)):
                line.lead, position = found
                position = _past_delimiter(text, position)
                number_at = -2
        else:
            break
    if (
        not line.is_with
        and (line.lead or line.number is not None)
        and (marked := _WITH.match(text, position))
    ):
        line.is_with, position = True, marked.end()
    line.body = without_note(without_url(text[position:]).strip())
    if line.is_with and line.body.endswith((")", "]")) and "(" not in line.body and "[" not in line.body:
        line.body = line.body[:-1].rstrip()
    line.numbered_body = without_url(text[number_at:]).strip() if number_at >= 0 else line.body
    if ended := trailing(line.body):
        line.trail, *span = ended
        line.trail_span = (span[0], span[1])
    line.kind = _kind(raw, text[start:], line)
    return line


def unmark(line: Line) -> None:
    """Let the number and time of a line be text: they count nothing."""
    line.body = line.numbered_body if line.lead is None else line.raw
    line.number = line.lead = line.trail = None
    line.kind = _kind(line.raw, line.raw, line)


def _number(text: str, at: int) -> tuple[int, str, int] | None:
    if m := _BRACKETED.match(text, at):
        return int(m["n"]), "[]" if m["o"] == "[" else "()", m.end()
    m = _NUMBER.match(text, at)
    if m is None:
        return None
    style = next((name for name in ("dot", "colon", "dash", "blank") if m[name] is not None), "none")
    return int(m["n"]), style, m.end()


def _past_delimiter(text: str, at: int) -> int:
    for mark in (_DELIMITER, _SIGN):
        at = found.end() if (found := mark.match(text, at)) else at
    return at


def _kind(raw: str, text: str, line: Line) -> Kind:
    if names_tracklist(raw) and line.lead is None:
        return Kind.HEAD
    marked = line.lead is not None or line.number is not None
    if not marked and (is_credit(text) or (is_credit(raw) and not line.bulleted)):
        return Kind.LINK if is_link(raw) else Kind.CREDIT
    if is_link(line.body) and (not marked or not line.body or len(line.body.split()) < 2):
        return Kind.LINK
    if not line.body and not marked:
        return Kind.LINK if is_link(raw) else Kind.OTHER
    return Kind.OTHER
