"""The registry of parsers: it finds the one of a URL or of a page.

A parser is found by domain first (``www.`` and ports are ignored), then by the look of the page: demo sites on loopback serve
the same markup, and a saved file has no URL.
"""

from __future__ import annotations

from functools import cache

from tlray.core.model.printable import one_line
from tlray.model import PageKind, ParsedPage
from tlray.sites.decode import to_utf8
from tlray.sites.hosts import host_of
from tlray.sites.installed import parsers
from tlray.sites.interface import SiteParser, SiteWithApi

LOOK_BYTES = 64 * 1024
"""How much of a page `SiteParser.recognises` is shown."""
MAX_ERROR_CHARS = 160
"""How much of an error's text stands in a reason; a page may have had a part in it."""
NO_PARSER = "no parser"
PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})


class Registry:
    """Parsers, in the order in which they are asked."""

    def __init__(self, *parsers: SiteParser) -> None:
        self._parsers = list(parsers)
        self._sort()

    def register(self, parser: SiteParser) -> None:
        """Put a parser before the others; one of the same name is replaced."""
        self._parsers = [parser, *(other for other in self._parsers if other.name != parser.name)]
        self._sort()

    def _sort(self) -> None:
        """Find those with an API once: the check of a protocol takes longer than all else about a URL."""
        self._with_api = {one.name: one for one in self._parsers if isinstance(one, SiteWithApi)}
        self._types = PAGE_TYPES.union(*(one.media_types for one in self._with_api.values()))
        self._own_types = {name: PAGE_TYPES.union(one.media_types) for name, one in self._with_api.items()}

    def for_url(self, url: str) -> SiteParser | None:
        """Return the parser of the URL's domain, or None."""
        host = host_of(url)
        return next((parser for parser in self._parsers if host and host in parser.domains), None)

    def media_types(self, url: str) -> frozenset[str]:
        """Return the media types that are read at a URL; at a host of no site those of all, for its look decides there."""
        parser = self.for_url(url)
        return self._types if parser is None else self._own_types.get(parser.name, PAGE_TYPES)

    def api_of(self, url: str) -> SiteWithApi | None:
        """Return the parser of the URL's domain, if its site is read by other URLs than its pages."""
        parser = self.for_url(url)
        return None if parser is None else self._with_api.get(parser.name)

    def with_terms(self) -> list[str]:
        """Return the names of the sites that have an API of which only the terms allow the use."""
        return sorted(
            name for name, one in self._with_api.items() if type(one).terms_url is not SiteWithApi.terms_url
        )

    def for_page(self, url: str, body: bytes, charset: str | None = None) -> SiteParser | None:
        """Return the parser of the URL's domain, else the first that recognises the page, or None."""
        return self._find(url, body, charset)[0]

    def parse_page(self, body: bytes, url: str = "", charset: str | None = None) -> ParsedPage:
        """Return what the page is, by the parser that reads it; `UNKNOWN` (`NO_PARSER`) where none does.

        A page on which its parser fails is `UNKNOWN`, with the error in the reason. Most such pages are incomplete, so they are
        treated like all that is not understood.
        """
        parser, reason = self._find(url, body, charset)
        if parser is None:
            return ParsedPage(PageKind.UNKNOWN, reason or (NO_PARSER if body.strip() else "empty"))
        try:
            page = parser.parse(body, url=url, charset=charset)
        except Exception as error:  # noqa: BLE001 - one page must not end a whole lease
            return ParsedPage(PageKind.UNKNOWN, failure(parser, error))
        if not isinstance(page, ParsedPage):
            what = TypeError(f"parse() returned {type(page).__name__}, not ParsedPage")
            return ParsedPage(PageKind.UNKNOWN, failure(parser, what))
        if page.kind is PageKind.TRACKLIST and not page.tracklists:
            return ParsedPage(PageKind.UNKNOWN, failure(parser, ValueError("a tracklist page without a set")))
        return page

    def _find(self, url: str, body: bytes, charset: str | None) -> tuple[SiteParser | None, str | None]:
        """Return the parser of the URL's domain, else the first that recognises the page; without one, why the first failed."""
        if (parser := self.for_url(url)) is not None:
            return parser, None
        head, reason = _first_text(body, charset), None
        for parser in self._parsers:
            try:
                if parser.recognises(head):
                    return parser, None
            except Exception as error:  # noqa: BLE001 - the others may know the page
                reason = reason or failure(parser, error)
        for site in self._with_api.values():
            try:
                if site.is_within(body):
                    return site, None
            except Exception as error:  # noqa: BLE001 - as above
                reason = reason or failure(site, error)
        return None, reason


def failure(parser: SiteParser, error: Exception) -> str:
    """Say in one line how a parser failed."""
    try:
        words = one_line(str(error).encode("utf-8", "replace").decode())[:MAX_ERROR_CHARS]
    except Exception:  # noqa: BLE001 - an error without a text
        words = ""
    return f"parser {parser.name} failed: {type(error).__name__}" + (f": {words}" if words else "")


def _first_text(body: bytes, charset: str | None) -> str:
    return to_utf8(body[:LOOK_BYTES], charset).decode()


@cache
def shared() -> Registry:
    """Return this process's registry."""
    return Registry(*parsers())


def for_url(url: str) -> SiteParser | None:
    """Return the parser of the URL's domain, or None."""
    return shared().for_url(url)


def parse_page(body: bytes, url: str = "", charset: str | None = None) -> ParsedPage:
    """Return what a page is and the sets on it; see `Registry.parse_page`."""
    return shared().parse_page(body, url, charset)


def for_page(url: str, body: bytes, charset: str | None = None) -> SiteParser | None:
    """Return the parser of the URL's domain, else the first that recognises the page, or None."""
    return shared().for_page(url, body, charset)
