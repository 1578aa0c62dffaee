"""The rows of the set, each with its heading.

``#tlTab`` holds metas, rows (``.tlpItem``), text rows (``.bItmH``), suggestions and ads, normally as its
children. Text rows are of three sorts: headings (typed by people: ``Guest Mix``, ``Player 2``; or
``X played:``), notices of the site (missing recordings, identical tracklists) and chrome. Only headings make
sections.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tlray.sites.tracklists1001.rows import is_element
from tlray.sites.tracklists1001.wording import clean

_PLAYER = re.compile(r"player\s+(\d{1,3})(?!\w)", re.IGNORECASE)
_NOTICE = re.compile(
    r"^identical tracklist|\bidentical tracklist\(s\)|\brecordings? available\b|\btrack order might\b"
    r"|\bcompiled by (?:a |the )?(?:collection of )?videos?\b",
    re.IGNORECASE,
)
_MAX_HEADING_NODES = 64


@dataclass(slots=True)
class Table:
    """The set's own element, its metas and its rows in order, each with its heading."""

    claimed: str | None = None
    """``data-count``: how many rows the page says it has."""
    page_id: str | None = None
    is_live: str | None = None
    has_end: bool = False
    """True if ``#tl_save``, which stands after the rows, is there."""
    metas: dict[str, list[str]] = field(default_factory=dict)
    rows: list[tuple[LexborNode, str | None, int | None]] = field(default_factory=list)
    """Row, section, number of the player."""


def find_table(tree: LexborHTMLParser, page: bytes) -> Table:
    """Find the rows: in the whole page where there is no ``#tlTab`` (before 2021, or cut down by hand)."""
    table = Table()
    tab = tree.css_first("#tlTab")
    if tab is None:
        body = tree.body if b"tlpItem" in page else None
        if body is not None:
            table.rows = list(_under_headings(body.css(".tlpItem, .bItmH")))
            table.has_end = body.css_first("#tl_save") is not None
        return table
    attributes = tab.attributes
    table.claimed = clean(attributes.get("data-count")) or None
    table.page_id = clean(attributes.get("data-id")) or None
    table.is_live = attributes.get("data-islive")
    children = [child for child in tab.iter() if is_element(child.tag)]
    table.metas = _metas(children)
    table.has_end = any(child.id == "tl_save" for child in reversed(children))
    table.rows = list(_under_headings(children))
    if table.claimed != str(len(table.rows)):  # something wraps the rows: look deeper
        table.rows = list(_under_headings(tab.css(".tlpItem, .bItmH")))
    return table


def _metas(children: list[LexborNode]) -> dict[str, list[str]]:
    metas: dict[str, list[str]] = {}
    for child in children:
        if child.tag == "meta":
            attributes = child.attributes
            content = clean(attributes.get("content"))
            if content:
                metas.setdefault(attributes.get("itemprop") or "", []).append(content)
    return metas


def _under_headings(nodes: list[LexborNode]) -> Iterator[tuple[LexborNode, str | None, int | None]]:
    section: str | None = None
    player: int | None = None
    for node in nodes:
        classes = (node.attrs.get("class") or "").split()
        if "tlpItem" in classes:
            yield node, section, player
        elif "bItmH" in classes and "interaction" not in classes and "noUser" not in classes:
            section = _heading(node) or section
            named = _PLAYER.match(section) if section else None
            player = int(named.group(1)) if named else player


def _heading(node: LexborNode) -> str | None:
    """The heading's text; None where the text row is a notice."""
    words: list[str] = []
    is_heading = False
    for n_seen, part in enumerate(node.traverse(include_text=True)):
        if n_seen > _MAX_HEADING_NODES:
            break
        if part.tag == "-text":
            words.append(part.text_content or "")
        elif (part.id or "").endswith("_headtext_column"):
            is_heading = True
    text = clean(" ".join(words)).replace(" ,", ",")
    if not text or _NOTICE.search(text):
        return None
    return text if is_heading or text.casefold().rstrip(": ").endswith(" played") else None
