"""musicbrainz.org: releases, by the JSON-LD of their page, or by the web service where its terms were chosen.

robots.txt disallows ``/ws`` and allows ``/release/``.
"""

from __future__ import annotations

import re

from tlray.core.politeness.site_profile import SiteProfile
from tlray.model import ParsedPage
from tlray.sites.hosts import host_of
from tlray.sites.interface import SiteWithApi
from tlray.sites.musicbrainz.urls import DOMAIN, MBID, SITE, release_in

_INCLUDED = "recordings+artist-credits+labels+release-groups+artist-rels+isrcs+annotation"
# its robots.txt asks for 2 s, its web service for 1 s on average
PROFILE = SiteProfile(host=DOMAIN, rate=1.0, is_one_with_www=True)


class MusicBrainz(SiteWithApi):
    """The parser of musicbrainz.org; see `SiteWithApi` for what each member promises."""

    name = "musicbrainz"
    version = "musicbrainz/1"
    domains = (DOMAIN,)
    profiles = (PROFILE,)
    media_types = ("application/json",)

    def canonical_url(self, url: str) -> str:
        """Return ``https://musicbrainz.org/release/<mbid>``; other URLs unchanged."""
        mbid = release_in(url)
        return url if mbid is None else f"{SITE}/release/{mbid}"

    def source_id(self, url: str) -> str | None:
        """Return the release's MBID."""
        return release_in(url) if host_of(url) == DOMAIN else None

    def fetch_url(self, url: str) -> str:
        """Return the release's page."""
        return self.canonical_url(url)

    def terms_url(self, url: str) -> str | None:
        """Return the release in the web service."""
        mbid = release_in(url)
        return None if mbid is None else f"{SITE}/ws/2/release/{mbid}?fmt=json&inc={_INCLUDED}"

    def recognises(self, head: str) -> bool:
        """Return True if it is a release of the web service, or the page of one."""
        if head.lstrip("\ufeff \t\r\n").startswith("{"):
            return '"text-representation"' in head and '"release-events"' in head
        return bool(re.search(rf"https?://musicbrainz\.org/release/{MBID}", head)) and "MusicRelease" in head

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        """Read the release as a set."""
        from tlray.sites.musicbrainz.parser import parse_page  # noqa: PLC0415 - loaded with the first page

        return parse_page(body, url=url, charset=charset)
