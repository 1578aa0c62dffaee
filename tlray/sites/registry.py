"""Which parser reads this URL, or this page? By domain first, then by the look of the page.

``www.`` and ports are ignored. The look decides where the host says nothing: demo sites on loopback serve the
same markup, and a saved file has no URL. A parser of one's own is registered once in every process that
parses, and is asked before the ones that are shipped::

    from tlray.sites import registry
    registry.register(MyParser())
"""

from __future__ import annotations

from tlray.model import PageKind, ParsedPage
from tlray.sites.decode import to_utf8
from tlray.sites.hosts import host_of
from tlray.sites.interface import SiteParser
from tlray.sites.tracklists1001 import Tracklists1001

LOOK_BYTES = 64 * 1024
"""How much of a page `SiteParser.recognises` is shown."""


class Registry:
    """Parsers, the last registered first."""

    def __init__(self, *parsers: SiteParser) -> None:
        self._parsers: list[SiteParser] = []
        for parser in parsers:
            self.register(parser)

    def register(self, parser: SiteParser) -> None:
        """Add a parser; one of the same name takes the other's place."""
        self._parsers = [parser, *(other for other in self._parsers if other.name != parser.name)]

    def parsers(self) -> tuple[SiteParser, ...]:
        """All parsers, in the order in which they are asked."""
        return tuple(self._parsers)

    def for_url(self, url: str) -> SiteParser | None:
        """The parser of the URL's domain, or None."""
        host = host_of(url)
        return next((parser for parser in self._parsers if host and host in parser.domains), None)

    def for_page(self, url: str, body: bytes, charset: str | None = None) -> SiteParser | None:
        """The parser of the URL's domain, else the first that recognises the page, or None."""
        parser = self.for_url(url)
        if parser is not None:
            return parser
        head = _first_text(body, charset)
        return next((parser for parser in self._parsers if parser.recognises(head)), None)

    def parse_page(self, body: bytes, url: str = "", charset: str | None = None) -> ParsedPage:
        """What the page is, by the parser that reads it; `UNKNOWN` ("no parser") where none does."""
        parser = self.for_page(url, body, charset)
        if parser is None:
            return ParsedPage(PageKind.UNKNOWN, "no parser" if body.strip() else "empty")
        try:
            return parser.parse(body, url=url, charset=charset)
        except Exception as error:  # noqa: BLE001 — a guest's parser must not take a whole lease down with it
            return ParsedPage(PageKind.UNKNOWN, f"parser {parser.name} failed: {type(error).__name__}")

    def identify(self, url: str) -> tuple[str, str] | None:
        """Site and id of the set that the URL names, the same for all its URLs; None where it names none."""
        parser = self.for_url(url)
        found = parser.source_id(url) if parser is not None else None
        return (parser.name, found) if parser is not None and found is not None else None


def _first_text(body: bytes, charset: str | None) -> str:
    head = body[:LOOK_BYTES]
    readable = to_utf8(head, charset)
    # A cut in the middle of a character is no reason not to look at the rest.
    return (head if readable is None else readable).decode("utf-8", "replace")


_registry = Registry(Tracklists1001())

register = _registry.register
parsers = _registry.parsers
for_url = _registry.for_url
for_page = _registry.for_page
parse_page = _registry.parse_page
identify = _registry.identify
