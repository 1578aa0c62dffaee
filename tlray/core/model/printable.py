"""Untrusted text without control characters: escape sequences, and marks that turn the direction of writing.

Removed are C0 and C1 controls, DEL, line and paragraph separators, and the bidi marks, overrides and isolates of Unicode (UAX
#9; "Trojan Source", CVE-2021-42574). Joiners and other invisible characters stay: names need them.
"""

from __future__ import annotations

import re

_DRIVING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]")


def plain(text: str) -> str:
    """Return the text with ``?`` in place of each such character; tabs and line feeds stay."""
    return _DRIVING.sub("?", text)


def one_line(text: str) -> str:
    """Return the text on one line, plain."""
    return plain(" ".join(text.split()))


def in_json(text: str) -> str:
    """Return JSON with each such character escaped, of the same meaning. It has no C0 controls."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _DRIVING.sub(lambda char: f"\\u{ord(char[0]):04x}", text)
