"""A saved HTML page, read by the parsers of sites.

Its URL is what the archive or the user says, else what the page says of itself: the browser's comment, or its canonical link.
"""

from __future__ import annotations

import html
import re

from tlray.core.urls import BadUrl, canonicalise
from tlray.model import PageKind, ParsedPage
from tlray.readers.interface import HEAD_BYTES, SourceFile
from tlray.readers.sniff import first_element, head_text

_HTML_ELEMENTS = frozenset(
    ["html", "head", "body", "title", "meta", "link", "script", "style", "div", "table", "p", "h1", "a", "br"]
)
_NAMES = (".html", ".htm", ".xhtml", ".xht", ".shtml", ".mhtml", ".mht")
_TAG = re.compile(r"<(?:link|meta|base)\b[^>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(\S+)\s*-->", re.IGNORECASE)
_SINGLE_FILE = re.compile(r"<!--\s*Page saved with SingleFile\s+url:\s*(\S+)", re.IGNORECASE)
_DOCTYPE_HTML = re.compile(r"\s*<!doctype\s+html", re.IGNORECASE)


class PageReader:
    """Saved pages of the sites that tlray knows."""

    kind = "page"
    version = "page/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """Whether it is HTML."""
        text = head_text(head)
        if _DOCTYPE_HTML.match(text) or first_element(text) in _HTML_ELEMENTS:
            return True
        return name.lower().endswith(_NAMES) and not text.lstrip().startswith(("{", "[", "<?xml"))

    def read(self, file: SourceFile) -> ParsedPage:
        """Read the sets of a page by its site's parser."""
        from tlray.sites.registry import parse_page  # noqa: PLC0415 - the parsers of HTML take 50 ms

        url = file.url if file.url.startswith(("http://", "https://")) else own_url(file.head)
        page = parse_page(file.body, url=url, charset=file.encoding)
        for found in page.tracklists if page.kind is PageKind.TRACKLIST else ():
            found.url = found.url or found.page_url or file.url
            found.media_type = found.media_type or "text/html"
        return page


def own_url(head: bytes) -> str:
    """Return the URL that a saved page says it comes from: by the browser's comment, else its canonical link; "" without."""
    text = head_text(head[:HEAD_BYTES])
    if found := _SAVED_FROM.search(text) or _SINGLE_FILE.search(text):
        return _checked(found[1])
    said: dict[str, str] = {}
    for tag in _TAG.findall(text):
        given = {
            name.lower(): html.unescape(value.strip("\"'")).strip() for name, value in _ATTRIBUTE.findall(tag)
        }
        role = "base" if tag[1:5].lower() == "base" else given.get("rel", given.get("property", "")).lower()
        said.setdefault(role, given.get("href") or given.get("content", ""))
    return (
        _checked(said.get("canonical", ""))
        or _checked(said.get("og:url", ""))
        or _page_of(said.get("base", ""))
    )


def _page_of(base: str) -> str:
    """Return a base URL that names a page, not the site's root or a folder."""
    found = _checked(base)
    return "" if found.endswith("/") else found


def _checked(url: str) -> str:
    found = canonicalise(url)
    return "" if isinstance(found, BadUrl) else found.url
