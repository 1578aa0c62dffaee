"""The fields of the set as a whole: title, day, DJs, sources, the page's own URL.

``#tlTab``'s own metas are the set's; metas of the same name elsewhere belong to the page (its author is the
user who posted it, its date the day of posting). Links in the ``h1`` name the DJs and the event, venue or
show.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tlray.sites.tracklists1001.table import Table
from tlray.sites.tracklists1001.urls import absolute
from tlray.sites.tracklists1001.wording import clean

_PROFILE = re.compile(r"(?:https?://[^/]{1,100})?/(dj|artist|source)/", re.IGNORECASE)
_DAY = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_SITE_SUFFIX = re.compile(r"\s*[|⋅]\s*1001\s?tracklists\b.*$", re.IGNORECASE)
_MAX_LINKS = 200
_MAX_HEADINGS = 8


@dataclass(slots=True)
class Head:
    """The set's fields that are not rows."""

    title: str = ""
    date: date | None = None
    djs: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    genres: list[str] = field(default_factory=list)
    is_live: bool | None = None
    page_url: str | None = None


def read_head(tree: LexborHTMLParser, table: Table) -> Head:
    """Read the page-level fields."""
    title = next(iter(table.metas.get("name", ())), "") or _title(tree)
    djs, sources = _profiles(tree)
    return Head(
        title=title,
        date=_day(next(iter(table.metas.get("datePublished", ())), "")) or _day(title),
        djs=djs or table.metas.get("author", []),
        sources=sources,
        genres=table.metas.get("genre", []),
        is_live={"true": True, "false": False}.get((table.is_live or "").strip().lower()),
        page_url=_page_url(tree),
    )


def _title(tree: LexborHTMLParser) -> str:
    """The page's title, where the set's own element has none."""
    shared = tree.css_first('meta[property="og:title"]')
    title = clean(shared.attributes.get("content")) if shared is not None else ""
    if not title:
        element = tree.css_first("title")
        title = clean(element.text()) if element is not None else ""
    return _SITE_SUFFIX.sub("", title)


def _page_url(tree: LexborHTMLParser) -> str | None:
    for selector, attribute in (("link[rel=canonical]", "href"), ('meta[property="og:url"]', "content")):
        node = tree.css_first(selector)
        url = absolute(node.attributes.get(attribute)) if node is not None else None
        if url:
            return url
    return None


def _profiles(tree: LexborHTMLParser) -> tuple[list[str], list[str]]:
    """The DJs and the sources that the page's heading links to, in order, each once."""
    first = tree.css_first("h1")
    found = _linked(first) if first is not None else ([], [])
    if not any(found):  # a banner stands above the heading
        found = next(filter(any, map(_linked, tree.css("h1")[1:_MAX_HEADINGS])), found)
    return found


def _linked(h1: LexborNode) -> tuple[list[str], list[str]]:
    djs: dict[str, None] = {}
    sources: dict[str, None] = {}
    for link in h1.css("a")[:_MAX_LINKS]:
        profile = _PROFILE.match(link.attributes.get("href") or "")
        name = clean(link.text()) if profile else ""
        if profile and name:
            (sources if profile.group(1).lower() == "source" else djs)[name] = None
    return list(djs), list(sources)


def _day(text: str) -> date | None:
    """The last day in the text: a radio title may name the event's day first and its own last."""
    for year, month, day in reversed(_DAY.findall(text[-1000:])):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None
