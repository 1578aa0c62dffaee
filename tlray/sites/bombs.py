"""Pages that would take for ever to parse. A check in front of every HTML parser, linear in the page's size.

An HTML parser's work grows with depth times tags and with the square of one tag's attributes: measured with
lexbor, 100,000 nested ``<div>`` (half a megabyte) take 11 s, one tag of 100,000 attributes 17 s. An
ordinary page passes on two counts that cost microseconds. Of one that does not, turbohtml makes the tree, which takes it the
same time whatever the depth, and the tree is measured: only it knows which end tags are implied, which elements are void, and
what is a script's text or an attribute's.
"""

from __future__ import annotations

import re

import turbohtml

MAX_DEPTH = 512
"""Elements within elements. Browsers stop there, and so does turbohtml, one deeper. Real pages have some 30."""
MAX_ATTRIBUTES = 2_500
"""Of one tag; so many take lexbor 10 ms."""

_ORDINARY_TAGS = 20_000
"""Below so many tags even the deepest page costs well under a second: its depth is not looked at."""
_MAX_ROOTS = 64
"""Tags ``<html>`` and ``<body>``: the attributes of each are compared with those of all before it."""

_WINDOW = 50_000
_ROOT = re.compile(rb"<(?:html|body)\b", re.IGNORECASE)


def is_bomb(page: bytes) -> bool:
    """Whether parsing ``page``, in UTF-8, would take far longer than its size accounts for."""
    if page.count(b"<") <= _ORDINARY_TAGS and not _may_have_a_wide_tag(page):
        return False
    if repeats_roots(page):
        return True
    tree = turbohtml.parse(page, encoding="utf-8", positions=False)
    return _is_too_deep(tree) or bool(tree.xpath(f"boolean(//*[count(@*) > {MAX_ATTRIBUTES}])"))


def repeats_roots(page: bytes) -> bool:
    """Whether a page has so many tags ``<html>`` and ``<body>`` that turbohtml would be harmed, too."""
    return len(_ROOT.findall(page)) > _MAX_ROOTS


def _may_have_a_wide_tag(page: bytes) -> bool:
    """Whether a tag may go on for a window's length, with as many blanks as it takes to part many attributes."""
    for start in range(0, len(page), _WINDOW):
        end = start + _WINDOW
        if page.find(b">", start, end) < 0 or page.find(b"<", start, end) < 0:
            window = page[start:end]
            if sum(map(window.count, (b" ", b"\n", b"\t", b"/"))) > MAX_ATTRIBUTES:
                return True
    return False


def _is_too_deep(tree: turbohtml.Document) -> bool:
    """Whether elements stand within elements deeper than `MAX_DEPTH`."""
    level: list[turbohtml.Node] = [tree.root] if tree.root else []
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.children if isinstance(child, turbohtml.Element)]
    return bool(level)
