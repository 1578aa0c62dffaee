"""Pages that would take for ever to parse. A check in front of every HTML parser, linear in the page's size.

An HTML parser's work grows with depth times tags and with the square of one tag's attributes: measured with
lexbor, 100,000 nested ``<div>`` (half a megabyte) take 11 s, one tag of 100,000 attributes 17 s. An
ordinary page passes on two counts that cost microseconds. Of one that does not, turbohtml makes the tree, which takes it the
same time whatever the depth, and the tree is measured: only it knows which end tags are implied, which elements are void, and
what is a script's text or an attribute's. Before that its tags are counted: a parser opens ``<b>``, ``<font>`` and the like anew
in each block until they are closed, so of 60 kB it can make millions of elements.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import turbohtml
from turbohtml import TokenType

MAX_DEPTH = 512
"""Elements within elements. Browsers stop there, and so does turbohtml, one deeper. Real pages have some 30."""
MAX_ATTRIBUTES = 2_500
"""Of one tag; so many take lexbor 10 ms."""

_ORDINARY_TAGS = 20_000
"""Below so many tags even the deepest page costs well under a second: its depth is not looked at."""
_FEW_TAGS = 1_500
"""So few make at most half a million elements."""
_MAX_ROOTS = 64
"""Tags ``<html>`` and ``<body>``: the attributes of each are compared with those of all before it."""
_ROOTS = frozenset({"html", "body"})
_REOPENED = frozenset(["b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u"])
_SCOPES = frozenset(["applet", "caption", "marquee", "object", "td", "template", "th"])
"""What is open outside of one of these is not closed inside."""
_ALIKE = 3
"""So many alike are opened anew at most."""
_MAX_REOPENED = 2_000_000

_WINDOW = 50_000


def is_bomb(page: bytes) -> bool:
    """True if parsing ``page``, in UTF-8, would take far longer than its size accounts for."""
    if page.count(b"<") <= _ORDINARY_TAGS and not _may_have_a_wide_tag(page):
        return False
    if makes_too_much(page):
        return True
    tree = turbohtml.parse(page, encoding="utf-8", positions=False)
    return _is_too_deep(tree) or bool(tree.xpath(f"boolean(//*[count(@*) > {MAX_ATTRIBUTES}])"))


def makes_too_much(page: bytes) -> bool:
    """True if an HTML parser, turbohtml included, would make far more of a page in UTF-8 than its size accounts for."""
    if page.count(b"<") <= _FEW_TAGS:
        return False
    n_roots = n_open = n_tokens = n_reopened = 0
    alike: Counter[tuple[object, ...]] = Counter()
    scopes: list[defaultdict[str, list[tuple[object, ...]]]] = [defaultdict(list)]
    for token in turbohtml.tokenize(page.decode("utf-8", "replace"), resolve_references=False):
        tag = token.tag or ""
        n_tokens += 1
        if token.type is TokenType.END_TAG:
            if tag in _SCOPES and len(scopes) > 1:
                scopes.pop()
            elif tag in _REOPENED and scopes[-1][tag]:
                alike[scopes[-1][tag].pop()] -= 1
                n_open -= 1
            continue
        n_reopened += n_open
        if tag in _SCOPES:
            scopes.append(defaultdict(list))
        elif tag in _REOPENED and alike[key := (tag, *(token.attrs or ()))] < _ALIKE:
            scopes[-1][tag].append(key)
            alike[key] += 1
            n_open += 1
        n_roots += tag in _ROOTS
        if n_roots > _MAX_ROOTS or n_reopened > _MAX_REOPENED + _ALIKE * n_tokens:
            return True
    return False


def _may_have_a_wide_tag(page: bytes) -> bool:
    """True if a tag may go on for a window's length, with as many blanks as it takes to part many attributes."""
    for start in range(0, len(page), _WINDOW):
        end = start + _WINDOW
        if page.find(b">", start, end) < 0 or page.find(b"<", start, end) < 0:
            window = page[start:end]
            if sum(map(window.count, (b" ", b"\n", b"\t", b"/"))) > MAX_ATTRIBUTES:
                return True
    return False


def _is_too_deep(tree: turbohtml.Document) -> bool:
    """True if elements stand within elements deeper than `MAX_DEPTH`."""
    level: list[turbohtml.Node] = [tree.root] if tree.root else []
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.children if isinstance(child, turbohtml.Element)]
    return bool(level)
