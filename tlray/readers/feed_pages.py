"""Podcast feeds and files of chapters at a URL: the readers of files, as the parser of a site that has any host.

It is here and not among `tlray.sites`, because readers may import sites, and not the reverse.
"""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urlsplit

from tlray.model import ParsedPage
from tlray.readers.interface import FileReader, SourceFile
from tlray.sites.interface import SiteWithApi

_GENERIC = re.compile(r"(?:podcast|podlove)?[-_]?chapters?(?:\.\w{1,8})?", re.IGNORECASE)
_MAY_BE = re.compile(r"<(?:\w+:)?(?:rss|rdf|feed|channel)\b|\"chapters\"|\"start(?:Time)?\"", re.IGNORECASE)


class FeedPages(SiteWithApi):
    """The parser of feeds; see `SiteWithApi` for what each member promises."""

    name = "podcast"
    version = "feed/1"
    domains = ()
    media_types = (
        "application/rss+xml", "application/atom+xml", "application/xml", "text/xml", "application/rdf+xml",
        "application/json+chapters", "application/json",
    )  # fmt: skip

    def recognises(self, head: str) -> bool:
        """Return True if it is a feed, or chapters in JSON."""
        return bool(_MAY_BE.search(head)) and _reader_of(head.encode("utf-8", "replace")) is not None

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        """Read the sets of all episodes."""
        file = SourceFile(_name_of(url), body, url, charset)
        page = (_reader_of(file.head) or _readers()[0]).read(file)
        for made in page.tracklists:
            made.page_url, made.url = (
                made.page_url or (made.url if made.url != url else None),
                url or made.url,
            )
        return page


def _name_of(url: str) -> str:
    """Return what a file at a URL is called; ``12/chapters.json`` is ``12``."""
    *folders, last = urlsplit(url).path.split("/")
    return folders[-1] if _GENERIC.fullmatch(last) and folders and folders[-1] else last


def _reader_of(head: bytes) -> FileReader | None:
    return next((reader for reader in _readers() if reader.recognises(head, "")), None)


@cache
def _readers() -> tuple[FileReader, ...]:
    from tlray.readers.chapters import ChaptersReader  # noqa: PLC0415 - loaded with the first page that may be theirs
    from tlray.readers.feed import FeedReader  # noqa: PLC0415

    return FeedReader(), ChaptersReader()
