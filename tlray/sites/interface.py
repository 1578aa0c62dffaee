"""What is a site's parser? The small interface that every site's parser keeps, yours included.

A parser is any object with these members; nothing is to be inherited. It is pure: the same bytes give the
same answer, nothing is fetched, no clock is read. It is handed bytes because that is what sites send;
`decode.py` turns them into UTF-8, `parsel` or `selectolax` into a tree, as you like. Register yours with
``tlray.sites.registry.register(MyParser())``, in every process that parses. One written with parsel::

    class MyShow:
        name, version, domains = "myshow", "myshow/1", ("myshow.example",)

        def canonical_url(self, url: str) -> str:
            return url

        def source_id(self, url: str) -> str | None:
            return url.rpartition("/")[2] or None

        def recognises(self, head: str) -> bool:
            return 'id="myshow"' in head

        def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
            data, n_bad = decode(body, charset)
            if n_bad or is_bomb(data):
                return ParsedPage(PageKind.UNKNOWN, "unreadable")
            page = parsel.Selector(body=data, encoding="utf-8", type="html")
            ...

A selector costs parsel about four times what it costs selectolax; for a small site that does not matter.
"""

from __future__ import annotations

from typing import Protocol

from tlray.model import ParsedPage


class SiteParser(Protocol):
    """One site's parser."""

    @property
    def name(self) -> str:
        """The site's name as it stands in results, ``1001tracklists``."""
        ...

    @property
    def version(self) -> str:
        """Name and version of the parser, ``1001tracklists/1``; raise it when results change."""
        ...

    @property
    def domains(self) -> tuple[str, ...]:
        """The hosts that this parser reads, without ``www.``: ``("1001tracklists.com", "1001.tl")``."""
        ...

    def canonical_url(self, url: str) -> str:
        """The one URL under which the site itself would serve ``url``, already canonicalised in general."""
        ...

    def source_id(self, url: str) -> str | None:
        """The site's own id of the set at ``url``, or None where the URL names no set.

        Two URLs with one id are one item.
        """
        ...

    def recognises(self, head: str) -> bool:
        """Whether the page looks like this site's, whatever host it came from.

        ``head`` is the page's text, or that of its first 64 KiB.
        """
        ...

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        """Say what kind of page ``body`` (decompressed) is and read the sets on it.

        ``url`` is the item's canonical URL, or "" for a file; ``charset`` is the HTTP header's. Never
        raises for any page, however broken: what is not understood is ``PageKind.UNKNOWN`` with a reason.
        """
        ...
