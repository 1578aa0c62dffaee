"""discogs.com: releases and masters, by its public interface at api.discogs.com."""

from __future__ import annotations

from tlray.core.politeness.site_profile import SiteProfile
from tlray.model import ParsedPage
from tlray.sites.discogs.urls import API, DOMAIN, PAGE_RELEASES, id_of, listed_in, named_in
from tlray.sites.interface import SiteWithApi

# 25 a minute without a key; pages of www.discogs.com are not fetched, its names lead to the interface
PROFILE = SiteProfile(host=API, rate=25 / 60, short_hosts=(DOMAIN,))
_KEYS = ('"data_quality"', '"resource_url"')


class Discogs(SiteWithApi):
    """The parser of discogs.com; see `SiteWithApi` for what each member promises."""

    name = "discogs"
    version = "discogs/1"
    domains = (DOMAIN, API)
    profiles = (PROFILE,)
    media_types = (
        "application/json",
        "application/vnd.discogs.v2.discogs+json",
        "application/vnd.discogs.v2.plaintext+json",
    )

    def canonical_url(self, url: str) -> str:
        """Return ``https://www.discogs.com/release/<number>``, or ``master``; other URLs unchanged."""
        named = named_in(url)
        return url if named is None else f"https://www.{DOMAIN}/{named[0]}/{named[1]}"

    def source_id(self, url: str) -> str | None:
        """Return the release's number; a master's with ``master-`` before it, for both are numbered from 1."""
        named = named_in(url)
        return None if named is None else id_of(*named)

    def fetch_url(self, url: str) -> str | None:
        """Return the release, the master, or the releases of an artist or a label, in the interface; None for any other URL."""
        if (named := named_in(url)) is not None:
            return f"https://{API}/{named[0]}s/{named[1]}"
        if (listed := listed_in(url)) is None:
            return None
        kind, number, query = listed
        page = query if "page=" in query else f"page=1&per_page={PAGE_RELEASES}"
        return f"https://{API}/{kind}s/{number}/releases?{page}"

    def recognises(self, head: str) -> bool:
        """Return True if it is an answer of the interface about a release or a master."""
        return (
            head.lstrip("\ufeff \t\r\n").startswith("{")
            and f"//{API}/" in head
            and any(key in head for key in _KEYS)
        )

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        """Read the release as a set."""
        from tlray.sites.discogs.parser import parse_page  # noqa: PLC0415 - loaded with the first page

        return parse_page(body, url=url)
