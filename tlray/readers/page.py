"""A saved HTML page, read by the parsers of sites.

Its URL is what the archive or the user says, else what the page says of itself: the browser's comment, or its canonical link.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from tlray.core.model.urls import BadUrl, canonicalise
from tlray.model import PageKind, ParsedPage
from tlray.readers.interface import HEAD_BYTES, SourceFile
from tlray.readers.sniff import Shape, head_text, shape_of
from tlray.sites.json_text import unicode_encoding

_NAMES = (".html", ".htm", ".xhtml", ".xht", ".shtml", ".mhtml", ".mht")
_NAMES_OF_TEXT = (".txt", ".md", ".nfo", ".description")
_WHOLE_PAGE = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
"""What text with a few tags in it does not have."""
_BASE = re.compile(rb"""<base\s[^>]{0,500}?href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_MAX_TAG_CHARS = 3_000
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_SAVED_FROM = re.compile(
    rb"<!--\s*(?:saved from url=\(\d+\)(\S+)\s*-->|Page saved with SingleFile\s+url:\s*(\S+))", re.IGNORECASE
)
"""The comment of a browser, or of the SingleFile extension."""


class PageReader:
    """Saved pages of the sites that tlray knows."""

    kind = "page"
    version = "page/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it is HTML, or what a site's API answers."""
        shape = shape_of(head)
        if shape is Shape.JSON:
            from tlray.sites.registry import for_page  # noqa: PLC0415 - as below

            return for_page("", head) is not None
        if shape is Shape.HTML:
            return not name.lower().endswith(_NAMES_OF_TEXT) or bool(_WHOLE_PAGE.search(head_text(head)))
        return shape is Shape.TEXT and name.lower().endswith(_NAMES)

    def read(self, file: SourceFile) -> ParsedPage:
        """Read the sets of a page by its site's parser."""
        from tlray.sites.registry import parse_page  # noqa: PLC0415 - the parsers of HTML take 50 ms

        page = parse_page(file.body, url=page_url(file), charset=file.encoding)
        for found in page.tracklists if page.kind is PageKind.TRACKLIST else ():
            found.url = found.url or found.page_url or file.url
            found.media_type = found.media_type or "text/html"
        return page


def is_of_a_site(file: SourceFile) -> bool:
    """True if a page comes from a site that has a parser, by its URL."""
    from tlray.sites.registry import for_url  # noqa: PLC0415 - as above

    url = page_url(file)
    return bool(url) and for_url(url) is not None


def page_url(file: SourceFile) -> str:
    """Return the URL that a page comes from: what archive or user says, else what it says itself; "" if unknown."""
    return file.url if file.url.startswith(("http://", "https://")) else own_url(file.head)


def own_url(head: bytes) -> str:
    """Return the URL that a saved page says it comes from: by the browser's comment, else its canonical link; "" without."""
    page = head[:HEAD_BYTES]
    if unicode_encoding(page) is not None:
        page = head_text(page).encode()
    saved = _SAVED_FROM.search(page)
    if saved and (url := _checked((saved[1] or saved[2]).decode("utf-8", "replace"))):
        return url
    lower = page.lower()  # of bytes: a hundred times as fast as of text, and as long as the page
    for word in ("canonical", "og:url"):
        for start, end in _tags_with(word.encode(), lower):
            tag = page[start:end].decode("utf-8", "replace")
            said = {
                name.lower(): html.unescape(value.strip("\"'")).strip()
                for name, value in _ATTRIBUTE.findall(tag)
            }
            url = _checked(said.get("href") or said.get("content", ""))
            if url and word in (said.get("rel", "").lower(), said.get("property", "").lower()):
                return url
    base = _BASE.search(page)
    return _page_of(html.unescape(base[1].decode("utf-8", "replace"))) if base else ""


def _tags_with(word: bytes, lower: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each tag begins and ends that has a word in it, once."""
    at = lower.find(word)
    while at >= 0:
        start, end = lower.rfind(b"<", 0, at), lower.find(b">", at)
        if start >= 0 and lower.find(b">", start, at) < 0 and 0 < end - start <= _MAX_TAG_CHARS:
            yield start, end
        at = lower.find(word, max(at + 1, end))


def _page_of(base: str) -> str:
    """Return a base URL that names a page, not the site's root or a folder."""
    found = _checked(base)
    return "" if found.endswith("/") else found


def _checked(url: str) -> str:
    found = canonicalise(url)
    return "" if isinstance(found, BadUrl) else found.url
