"""The kind of a page without a tracklist: a block, a page that is gone, search results, or unknown.

It is asked only about pages without a row: a set's page may carry Turnstile's script too. What is not
known for certain is `UNKNOWN`, to be tried again later, never an empty set.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from tlray.core.model.urls import join
from tlray.model import FoundSet, PageKind, ParsedPage
from tlray.sites.challenge import CAPTCHA, TURNSTILE
from tlray.sites.tracklists1001.urls import SITE, id_in_path

# In this order: the IP limit asks for a captcha too, and the newer wait page carries Turnstile.
_BLOCKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "ip-limit",
        re.compile(
            r"account has been limited|/info/unblock_ip|unblock your ip|your ip has sent too many requests",
            re.IGNORECASE,
        ),
    ),
    ("captcha", CAPTCHA),
    ("turnstile", TURNSTILE),
    (
        "wait",
        re.compile(
            r"please wait, you will be forwar|<input[^>]{0,300}\bname\s*=\s*[\"']?bChk\b",
            re.IGNORECASE,
        ),
    ),
)
_GONE = re.compile(r"(?:page|tracklist) does not exist|page (?:was )?not found", re.IGNORECASE)
_SEARCH_TITLE = re.compile(r"\bsearch result", re.IGNORECASE)

_INDEX_PATH = re.compile(r"://[^/]+/(?:dj|source|label)/")
"""Pages of a DJ, of an event or a show, of a label."""

NOT_A_SET = "no tracklist"
_MARKS_WITHIN = 256 * 1024
"""Blocks are small pages (50 to 63 kB); the marks are sought no further than this."""


def kind_without_rows(tree: LexborHTMLParser, page: bytes, *, is_cut: bool, url: str = "") -> ParsedPage:
    """Say what a page without rows is; ``is_cut`` where its end is missing."""
    text = page[:_MARKS_WITHIN].decode("utf-8", "replace")
    if any(_GONE.search(h1.text()) for h1 in tree.css("h1")[:8]):
        return ParsedPage(PageKind.GONE, "no such page")
    for reason, marks in _BLOCKS:
        if marks.search(text):
            return ParsedPage(PageKind.BLOCKED, reason)
    if is_cut:
        return ParsedPage(PageKind.UNKNOWN, "truncated")
    found, next_url = _listed(tree, url or _own_url(tree) or SITE)
    if _is_search(tree):
        return ParsedPage(PageKind.SEARCH, "search results", found=found, next_url=next_url)
    if found and _INDEX_PATH.search(url or _own_url(tree)):
        return ParsedPage(PageKind.SEARCH, f"a list of {len(found)} sets", found=found, next_url=next_url)
    return ParsedPage(PageKind.UNKNOWN, NOT_A_SET)


def _is_search(tree: LexborHTMLParser) -> bool:
    title = tree.css_first("title")
    if title is not None and _SEARCH_TITLE.search(title.text()):
        return True
    return tree.css_first("form#searchForm") is not None and tree.css_first(".oItm") is not None


def _listed(tree: LexborHTMLParser, base: str) -> tuple[tuple[FoundSet, ...], str | None]:
    """Return the sets that a page lists, each once, and the page on which the list goes on."""
    found: dict[str, FoundSet] = {}
    for link in tree.css('.oItm .bTitle a[href*="/tracklist/"]'):
        url = _joined(base, link.attributes.get("href"))
        if url is not None and id_in_path(url) is not None:
            found.setdefault(url, FoundSet(url, " ".join(link.text().split())))
    more = tree.css_first("link[rel=next][href], a[rel=next][href]")
    return tuple(found.values()), _joined(base, more.attributes.get("href")) if more is not None else None


def _joined(base: str, link: str | None) -> str | None:
    try:
        return join(base, (link or "").strip())
    except ValueError:  # no URL
        return None


def _own_url(tree: LexborHTMLParser) -> str:
    own = tree.css_first("link[rel=canonical]")
    return (own.attributes.get("href") if own is not None else None) or ""
