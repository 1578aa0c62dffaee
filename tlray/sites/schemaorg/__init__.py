"""Pages of any host that describe a set in the vocabulary of schema.org: JSON-LD, microdata, RDFa."""

from __future__ import annotations

import re

from tlray.model import ParsedPage
from tlray.sites.interface import SiteWithApi

_TYPES = "MusicPlaylist|MusicAlbum|MusicRelease|PodcastEpisode|RadioEpisode|MusicRecording"
_START_BYTES = 64
_MARKS = (b"schema.org", b"ld+json", b"typeof=")
_IN_HTML = re.compile(rb"\b(?:%b)\b" % _TYPES.encode())
_IN_JSON = re.compile(rf'"@type"\s*:\s*(?:\[\s*)?"(?:https?://schema\.org/|schema:)?(?:{_TYPES})"')


class SchemaOrg(SiteWithApi):
    """The parser of pages that have no parser of their own; see `SiteWithApi` for what each member promises."""

    name = "schema.org"
    version = "schema.org/1"
    domains = ()
    media_types = ("application/json", "application/ld+json")

    def recognises(self, head: str) -> bool:
        """Return True if it is a document of JSON-LD about music."""
        return head.lstrip("\ufeff \t\r\n").startswith(("{", "[")) and bool(_IN_JSON.search(head))

    def is_within(self, body: bytes) -> bool:
        """Return True if a page names types of music of schema.org, in any syntax."""
        if b"\0" in body[:_START_BYTES]:  # UTF-16
            body = body.replace(b"\0", b"")
        return any(mark in body for mark in _MARKS) and bool(_IN_HTML.search(body))

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        """Read the set that the page describes."""
        from tlray.sites.schemaorg.parser import parse_page  # noqa: PLC0415 - HTML's parser is loaded with the first page

        return parse_page(body, url=url, charset=charset)
