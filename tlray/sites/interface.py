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

__all__ = ["PageKind", "ParsedPage", "SiteParser", "SiteProfile", "make_set", "make_track"]


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
