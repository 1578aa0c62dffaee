"""One archived page or file, read by today's parsers, and the versions of these."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from tlray.core.model.file_source import FILE_PREFIX
from tlray.core.model.quality import assess
from tlray.io.http.decompress import DecompressError
from tlray.io.http.limits import FetchLimits
from tlray.io.intake.members import MAX_MEMBER_BYTES, base_name
from tlray.io.results.warc import ArchivedPage
from tlray.model import PageKind, ParsedPage, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.registry import KINDS, read_file, reader_of
from tlray.sites.installed import parsers
from tlray.sites.registry import parse_page


@cache
def current_parsers() -> frozenset[str]:
    """Return the versions of all parsers and readers: sets that one of them has read are up to date."""
    return frozenset(
        {*(parser.version for parser in parsers()), *(reader_of(kind).version for kind in KINDS)}
    )


class Origin(NamedTuple):
    """What is known of a page before it is read again."""

    url: str
    """The URL of its item, as the rows have it."""
    fingerprint: str
    fetched_at: datetime | None
    is_dead: bool = False
    """True for the page of a dead letter: it has had no rows."""
    is_reused: bool = False
    """True for the page of another batch: all rows have the URL of this one's item."""

    def url_of(self, found: Tracklist, n_sets: int) -> str:
        """Return the URL of one of the sets on the page."""
        is_own = self.is_dead or (n_sets > 1 and not self.is_reused)
        return (is_own and found.url) or self.url


def reread(page: ArchivedPage, origin: Origin) -> tuple[list[Tracklist], str | None]:
    """Return the sets of a page, or why there are none; what its fetch was is as before."""
    try:
        if origin.fingerprint.startswith(FILE_PREFIX):
            found = _read_file(page)
        else:
            found = parse_page(page.body(FetchLimits().max_body_bytes), origin.url, page.charset)
    except DecompressError as error:
        return [], str(error)
    if found.kind is not PageKind.TRACKLIST or not found.tracklists:
        return [], found.reason or found.kind.value
    for tracklist in found.tracklists:
        tracklist.url = origin.url_of(tracklist, len(found.tracklists))
        tracklist.fetched_at = origin.fetched_at
        tracklist.quality, tracklist.quality_issues = assess(tracklist)
    return list(found.tracklists), None


def _read_file(page: ArchivedPage) -> ParsedPage:
    name = base_name(unquote(urlsplit(page.url).path)) or "page.html"
    body = page.body(MAX_MEMBER_BYTES)
    return read_file(SourceFile(name, body, page.url, page.charset), page.header("X-Tlray-Kind") or None)
