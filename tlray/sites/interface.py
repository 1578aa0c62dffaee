"""The interface of a site: its parser, and how gently it is treated. docs/extending.md builds one from nothing.

A parser is any object with these members; a class that inherits `SiteParser` has defaults for some. It is pure: the same bytes
give the same answer, nothing is fetched, no clock is read. It gets bytes, because that is what sites send; `tlray.sites.decode`
turns them into UTF-8. A package offers its parser under the entry-point group ``tlray.sites``.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from tlray.core.model.tracklists import make_set, make_track
from tlray.core.politeness.site_profile import SiteProfile
from tlray.model import PageKind, ParsedPage

__all__ = [
    "THROTTLED",
    "PageKind",
    "ParsedPage",
    "SiteParser",
    "SiteProfile",
    "SiteWithApi",
    "make_set",
    "make_track",
]

THROTTLED = "throttled"
"""The reason of a `PageKind.BLOCKED` that only says "too fast": the site is asked again after minutes, and more slowly."""


@runtime_checkable
class SiteParser(Protocol):
    """One site's parser and profiles."""

    @property
    def name(self) -> str:
        """The site's name in results, ``1001tracklists``."""
        ...

    @property
    def version(self) -> str:
        """Name and version of the parser, ``1001tracklists/1``; raise it when results change."""
        ...

    @property
    def domains(self) -> tuple[str, ...]:
        """The hosts that this parser reads, without ``www.``: ``("1001tracklists.com", "1001.tl")``."""
        ...

    @property
    def profiles(self) -> tuple[SiteProfile, ...]:
        """The politeness of each of its hosts; one without a profile is treated as any unknown host."""
        return ()

    def canonical_url(self, url: str) -> str:
        """Return the one URL under which the site itself would serve ``url``, which is canonicalised in general."""
        return url

    def source_id(self, url: str) -> str | None:
        """Return the site's own id of the set at ``url``, or None where the URL names no set.

        Two URLs with one id are one item.
        """
        return None

    def recognises(self, head: str) -> bool:
        """Return True if the page looks like this site's, whatever host it came from.

        ``head`` is the page's text, or that of its first 64 KiB.
        """
        return False

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        """Say what kind of page ``body`` (decompressed) is, and read the sets on it.

        ``url`` is the item's canonical URL, or "" for a file; ``charset`` is the HTTP header's. What is not understood is
        ``PageKind.UNKNOWN`` with a reason. A page on which this raises is treated the same.
        """
        ...


@runtime_checkable
class SiteWithApi(SiteParser, Protocol):
    """A site that is read by other URLs than those of its pages, or whose answers are not HTML."""

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types that it reads besides HTML and plain text: ``("application/json",)``."""
        return ()

    def fetch_url(self, url: str) -> str | None:
        """Return the URL that is fetched in place of an item's; None where the item names nothing that the site gives.

        The item keeps its URL and its fingerprint. The live robots.txt of the fetched host is obeyed; a host of its own stands
        in the site's profile, with the host of the pages among its ``short_hosts``.
        """
        return url

    def terms_url(self, url: str) -> str | None:
        """Return the URL of the site's API that its published terms allow although its robots.txt disallows it.

        It is fetched only in batches that were submitted with ``--api-terms`` and the site's name. None: there is no such URL.
        """
        return None

    def is_within(self, body: bytes) -> bool:
        """Return True if a whole HTML page may hold what this parser reads, whatever its head and its host; asked last."""
        return False
