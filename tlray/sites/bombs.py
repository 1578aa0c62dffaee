"""Would this page take for ever to parse? A check in front of every HTML parser, linear in the page's size.

An HTML parser's work grows with depth times tags and with the square of one tag's attributes: measured with
lexbor, 100,000 nested ``<div>`` (half a megabyte) take 11 s, one tag of 100,000 attributes 17 s. An
ordinary page passes on two counts that cost microseconds.
"""

from __future__ import annotations

import re

MAX_DEPTH = 512
"""Elements within elements; browsers stop at about 512 too. Real pages have some 30."""

_ORDINARY_TAGS = 20_000
"""Below so many tags even the deepest page costs well under a second: its depth is not looked at."""

_WINDOW = 50_000
_ATTRIBUTES_IN_WINDOW = 2_500
"""So many blanks in 50 kB of one tag are thousands of attributes; a long ``data:`` URI has none."""

_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())


def is_bomb(page: bytes) -> bool:
    """Whether parsing ``page`` would take far longer than its size accounts for."""
    for start in range(0, len(page), _WINDOW):
        end = start + _WINDOW
        if page.find(b">", start, end) < 0 and _is_one_wide_tag(page, start, end):
            return True
    return page.count(b"<") > _ORDINARY_TAGS and _is_deeper_than(MAX_DEPTH, page)


def _is_one_wide_tag(page: bytes, start: int, end: int) -> bool:
    opened = page.rfind(b"<", 0, end)
    if opened < page.rfind(b">", 0, start) or not page[opened + 1 : opened + 2].isalpha():
        return False  # plain text, a script
    window = page[start:end]
    return sum(map(window.count, (b" ", b"\n", b"\t", b"/"))) > _ATTRIBUTES_IN_WINDOW


def _is_deeper_than(limit: int, page: bytes) -> bool:
    depth = 0
    for tag in _TAG.finditer(page):
        if tag.group(1):
            depth -= depth > 0
        elif tag.group(2).lower() not in _VOID:
            depth += 1
            if depth > limit:
                return True
    return False
