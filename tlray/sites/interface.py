"""What is a site's parser? The small interface that every site's parser keeps, yours included.

A parser is any object with these members; nothing is to be inherited. It is pure: the same bytes give
the same answer, nothing is fetched, no clock is read. It is handed bytes because that is what
sites send; `decode.py` turns them into text, `parsel` or `selectolax` into a tree, as you like.
Register yours with ``tlray.sites.registry.register(MyParser())``.
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
        """Whether the page looks like this site's, whatever host it came from. ``head`` is its text, or the first 64 KiB of it."""
        ...

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        """Say what kind of page ``body`` (decompressed) is and read the sets on it.

        ``url`` is the item's canonical URL, or "" for a file; ``charset`` is the HTTP header's. Never
        raises for any page, however broken: what is not understood is ``PageKind.UNKNOWN`` with a reason.
        """
        ...
