"""Which parser reads this URL, or this page? By domain first, then by the look of the page.

``www.`` and ports are ignored. The look decides where the host says nothing: demo sites on loopback serve the
same markup, and a saved file has no URL. A parser of one's own is registered once in every process that
parses, and is asked before the ones that are shipped::

    from tlray.sites import registry
    registry.register(MyParser())
"""

from __future__ import annotations

from tlray.core.model.printable import one_line
from tlray.model import PageKind, ParsedPage
from tlray.sites.decode import to_utf8
from tlray.sites.hosts import host_of
from tlray.sites.interface import SiteParser
from tlray.sites.tracklists1001 import Tracklists1001

LOOK_BYTES = 64 * 1024
"""How much of a page `SiteParser.recognises` is shown."""
MAX_ERROR_CHARS = 160
"""How much of an error's text stands in a reason; a page may have had a part in it."""


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
        return self._find(url, body, charset)[0]

    def parse_page(self, body: bytes, url: str = "", charset: str | None = None) -> ParsedPage:
        """What the page is, by the parser that reads it; `UNKNOWN` ("no parser") where none does.

        Here, and nowhere else, it is decided what a page is on which its parser fails: `UNKNOWN`, with the error in the reason.
        Mostly such a page came by halves, so it is treated like any other that is not understood.
        """
        parser, reason = self._find(url, body, charset)
        if parser is None:
            return ParsedPage(PageKind.UNKNOWN, reason or ("no parser" if body.strip() else "empty"))
        try:
            page = parser.parse(body, url=url, charset=charset)
        except Exception as error:  # noqa: BLE001 - a guest's parser must not take a whole lease down with it
            return ParsedPage(PageKind.UNKNOWN, failure(parser, error))
        if not isinstance(page, ParsedPage):
            what = TypeError(f"parse() returned {type(page).__name__}, not ParsedPage")
            return ParsedPage(PageKind.UNKNOWN, failure(parser, what))
        if page.kind is PageKind.TRACKLIST and not page.tracklists:
            return ParsedPage(PageKind.UNKNOWN, failure(parser, ValueError("a tracklist page without a set")))
        return page

    def _find(self, url: str, body: bytes, charset: str | None) -> tuple[SiteParser | None, str | None]:
        """Return the parser of a page, and without one how the first that failed to look at it failed, if any did."""
        if (parser := self.for_url(url)) is not None:
            return parser, None
        head, reason = _first_text(body, charset), None
        for parser in self._parsers:
            try:
                if parser.recognises(head):
                    return parser, None
            except Exception as error:  # noqa: BLE001 - the others may know the page
                reason = reason or failure(parser, error)
        return None, reason

    def identify(self, url: str) -> tuple[str, str] | None:
        """Site and id of the set that the URL names, the same for all its URLs; None where it names none."""
        parser = self.for_url(url)
        found = parser.source_id(url) if parser is not None else None
        return (parser.name, found) if parser is not None and found is not None else None


def failure(parser: SiteParser, error: Exception) -> str:
    """Say in one line how a parser failed."""
    try:
        words = one_line(str(error).encode("utf-8", "replace").decode())[:MAX_ERROR_CHARS]
    except Exception:  # noqa: BLE001 - an error that cannot even be told
        words = ""
    return f"parser {parser.name} failed: {type(error).__name__}" + (f": {words}" if words else "")


def _first_text(body: bytes, charset: str | None) -> str:
    return to_utf8(body[:LOOK_BYTES], charset).decode()


_registry = Registry(Tracklists1001())

register = _registry.register
parsers = _registry.parsers
for_url = _registry.for_url
for_page = _registry.for_page
parse_page = _registry.parse_page
identify = _registry.identify
