"""One archived page or file, read by today's parsers, and the versions of these."""

from __future__ import annotations

from functools import cache
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


def reread(page: ArchivedPage, old: list[Tracklist], fingerprint: str) -> tuple[list[Tracklist], str | None]:
    """Return the sets of a page that has some already, or why there are none; what its fetch was is as before."""
    try:
        if fingerprint.startswith(FILE_PREFIX):
            found = _read_file(page)
        else:
            found = parse_page(page.body(FetchLimits().max_body_bytes), old[0].url, page.charset)
    except DecompressError as error:
        return [], str(error)
    if found.kind is not PageKind.TRACKLIST or not found.tracklists:
        return [], found.reason or found.kind.value
    for tracklist in found.tracklists:
        tracklist.url = tracklist.url if len(found.tracklists) > 1 and tracklist.url else old[0].url
        tracklist.fetched_at = old[0].fetched_at
        tracklist.quality, tracklist.quality_issues = assess(tracklist)
    return list(found.tracklists), None


def _read_file(page: ArchivedPage) -> ParsedPage:
    name = base_name(unquote(urlsplit(page.url).path)) or "page.html"
    body = page.body(MAX_MEMBER_BYTES)
    return read_file(SourceFile(name, body, page.url, page.charset), page.header("X-Tlray-Kind") or None)
