"""Lines of a text as they are compared: NFC, plain blanks, nothing invisible, nothing that drives a terminal."""

from __future__ import annotations

import re
import unicodedata

MAX_LINE_CHARS = 20_000
"""No line of a list is longer; several tracks can stand on one."""

_MAX_BLANKS = 100
_WIDE = re.compile(rf"\s{{{_MAX_BLANKS},}}")
"""Nobody aligns so wide; a search for a separator between blanks takes the square of their number."""
_AFTER_NUMBER = re.compile(r"(?m)^([ \t]*\d{1,3}[.)]?[ \t]*)[\u2028\x0b\x85]")
_LINE_ENDS = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_MANY_BLANK = re.compile(r"\n{5,}")
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]{0,16}[@-~]|[@-Z\\^_])?")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffc]"
)
_FRAMES = " \t\n" + "".join(map(chr, range(0x2500, 0x25A0)))
"""Blanks, and the lines and blocks that art of letters is made of."""
_BLANKS = re.compile(r"[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def lines_of(text: str) -> list[str]:
    """Split a text into clean lines; a line that is too long to be read is empty."""
    text = _MANY_BLANK.sub("\n\n\n\n", _AFTER_NUMBER.sub(r"\1 ", text))
    return [clean(line) if len(line) <= MAX_LINE_CHARS else "" for line in _LINE_ENDS.split(text)]


def clean(line: str) -> str:
    """Return one line without control and invisible characters, in NFC, its tabs kept, stripped."""
    if line.isascii() and line.isprintable():
        line = line.strip()
    else:
        line = _INVISIBLE.sub("", _ESCAPES.sub("", line))
        line = unicodedata.normalize("NFC", _BLANKS.sub(" ", line)).strip(_FRAMES)
    return (
        line if len(line) < _MAX_BLANKS else _WIDE.sub(lambda gap: "\t" if "\t" in gap[0] else "    ", line)
    )


def one_blank(text: str) -> str:
    """Return ``text`` with each run of blanks and tabs as one blank."""
    return " ".join(text.split())
