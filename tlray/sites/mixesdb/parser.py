"""The parser of MixesDB: answers of its REST interface, pages of mixes, pages of the Explorer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tlray.model import FoundSet, PageKind, ParsedPage
from tlray.sites.challenge import challenge_in
from tlray.sites.hosts import root_of
from tlray.sites.html_tree import MAX_BYTES, tree_of
from tlray.sites.json_text import BadJsonError, load, string
from tlray.sites.mixesdb.mix import Mix, set_of
from tlray.sites.mixesdb.page import explorer_mixes, listed_mixes, page_mix
from tlray.sites.mixesdb.urls import SITE, is_mix, key_of, page_url
from tlray.sites.mixesdb.wikitext import read_wikitext

_REDIRECT = re.compile(r"\s*#REDIRECT\s*:?\s*\[\[([^\[\]|]{1,200})", re.IGNORECASE)


def parse_page(body: bytes, *, url: str, charset: str | None) -> ParsedPage:
    """Say what kind of answer it is and read its sets. See `SiteParser.parse`."""
    if len(body) > MAX_BYTES:
        return ParsedPage(PageKind.UNKNOWN, "too large")
    if body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _of_json(body, url)
    return _of_html(body, url, charset)


def _of_json(body: bytes, url: str) -> ParsedPage:
    try:
        page = load(body)
    except BadJsonError as error:
        return ParsedPage(PageKind.UNKNOWN, str(error))
    if isinstance(pages := page.get("pages"), list):
        return _of_search(pages, root_of(url, SITE))
    if page.get("errorKey") or page.get("httpCode"):
        is_gone, has_slash = page.get("httpCode") == 404, "/" in (key_of(url) or "")
        return ParsedPage(
            PageKind.GONE if is_gone and not has_slash else PageKind.UNKNOWN, string(page.get("errorKey"))
        )
    return _of_wikitext(page, url)


def _of_wikitext(page: dict[str, Any], url: str) -> ParsedPage:
    source, title = string(page.get("source")), string(page.get("title"))
    key = string(page.get("key")) or title.replace(" ", "_")
    if not source or not key:
        return ParsedPage(PageKind.UNKNOWN, "no wikitext")
    if found := _REDIRECT.match(source):
        return ParsedPage(PageKind.UNKNOWN, f"a redirect to {found[1].strip()}")
    if not is_mix(key):
        return ParsedPage(PageKind.SEARCH, "a page that is no mix")
    mix = read_wikitext(source, key=key, title=title or key.replace("_", " "))
    latest = page["latest"] if isinstance(page.get("latest"), dict) else {}
    mix.page_id, mix.revision = _id(page.get("id")), _id(latest.get("id"))
    return _page_of([mix], url, "application/json")


def _of_html(body: bytes, url: str, charset: str | None) -> ParsedPage:
    tree = tree_of(body, charset)
    if isinstance(tree, str):
        return ParsedPage(PageKind.UNKNOWN, tree)
    if mixes := explorer_mixes(tree):
        return replace(_page_of(mixes, url, "text/html"), next_url=listed_mixes(tree, root_of(url, SITE))[1])
    mix = page_mix(tree, key if (key := key_of(url)) and is_mix(key) else None)
    found = ParsedPage(PageKind.UNKNOWN, "no tracklist") if mix is None else _page_of([mix], url, "text/html")
    if found.kind is PageKind.TRACKLIST:
        return found
    if reason := challenge_in(body):
        found = ParsedPage(PageKind.BLOCKED, reason)
    elif tree.css_first(".noarticletext") is not None:
        found = ParsedPage(PageKind.GONE, "no such page")
    elif mix is None and tree.css_first("#mw-content-text, .mw-parser-output") is not None:
        mixes_on, next_url = listed_mixes(tree, root_of(url, SITE))
        reason = f"a list of {len(mixes_on)} mixes" if mixes_on else "a page that is no mix"
        found = ParsedPage(PageKind.SEARCH, reason, found=tuple(mixes_on), next_url=next_url)
    return found


def _of_search(pages: list[object], root: str) -> ParsedPage:
    """Return the mixes among the results of a search by REST."""
    keys = [(string(one.get("key")), string(one.get("title"))) for one in pages if isinstance(one, dict)]
    found = tuple(FoundSet(page_url(key, root), title or key) for key, title in keys if is_mix(key))
    return ParsedPage(PageKind.SEARCH, f"a list of {len(found)} mixes", found=found)


def _page_of(mixes: list[Mix], url: str, media_type: str) -> ParsedPage:
    made = [set_of(mix, url=url, media_type=media_type) for mix in mixes]
    sets = tuple(one for one in made if not isinstance(one, str))
    reasons = [one for one in made if isinstance(one, str)]
    if not sets:
        return ParsedPage(
            PageKind.UNKNOWN, reasons[0] if len(reasons) == 1 else f"{len(reasons)} mixes without a list"
        )
    reason = f"{len(reasons)} of {len(mixes)} mixes without a list" if reasons else None
    return ParsedPage(PageKind.TRACKLIST, reason, sets)


def _id(value: object) -> str | None:
    return (
        str(value) if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**18 else None
    )
