"""The outcome of an imported file: opened where the journal says, and read by the reader of its kind.

A file that is no tracklist is final at once: reading it again would bring the same. So is a saved page on which a site blocks:
no site is asked, and none has to rest.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from tlray.core.model.file_source import FileSource, shown_url
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.model.quality import assess
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.http.response import Fetched, printable_reason
from tlray.io.intake.members import Given, Refusal, base_name
from tlray.io.intake.open_member import open_member
from tlray.model import PageKind, ParsedPage, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.registry import CONTAINERS, read_file

UNKNOWN_TYPE = "application/octet-stream"


def read_source(item: LeasedItem) -> tuple[Fetched, Outcome, tuple[Tracklist, ...]]:
    """Open and read a file; return it as if it had been fetched, its outcome, and its sets."""
    started_at, begun = time.time(), time.perf_counter()
    source = FileSource.parse(item.url)
    path = Path(source.path)
    given = Given(base_name(source.name or path.name), encoding=source.encoding or None)
    found = open_member(path, given, source.locator, source.offset)
    packed = b""
    if isinstance(found, Refusal):
        file, page = (
            SourceFile(given.name, b"", shown_url(item.url)),
            ParsedPage(PageKind.UNKNOWN, found.reason),
        )
    elif source.kind in CONTAINERS and not found.locator:
        file, page = found.file, ParsedPage(PageKind.UNKNOWN, "not a WARC file")
    else:
        file, packed, page = found.file, found.packed, read_file(found.file, source.kind or None)
    sets = page.tracklists if page.kind is PageKind.TRACKLIST else ()
    for tracklist in sets:
        tracklist.url = tracklist.url or file.url
        tracklist.fetched_at = datetime.fromtimestamp(started_at, UTC)
        tracklist.quality, tracklist.quality_issues = assess(tracklist)
    latency_s = time.perf_counter() - begun
    outcome = Outcome(
        item.item_id,
        OutcomeKind.FETCHED if sets else OutcomeKind.NOT_A_SET,
        reason=None if sets else printable_reason(_reason(page)),
        started_at=started_at,
        latency_s=latency_s,
        n_sets=len(sets),
        n_tracks=sum(t.track_count for t in sets),
        n_bytes=len(file.body),
    )
    return _as_fetched(file, packed, source, sets, started_at, latency_s), outcome, sets


def _reason(page: ParsedPage) -> str:
    reason = page.reason or "no tracklist"
    return reason if page.kind is PageKind.UNKNOWN else f"{page.kind.value}: {reason}"


def _as_fetched(
    file: SourceFile,
    packed: bytes,
    source: FileSource,
    sets: tuple[Tracklist, ...],
    started_at: float,
    latency_s: float,
) -> Fetched:
    """Return a file as the archive keeps it: a response, with what is needed to read it again in its headers."""
    media_type = (sets[0].media_type if sets else None) or UNKNOWN_TYPE
    charset = f"; charset={file.encoding}" if file.encoding else ""
    headers = [(b"Content-Type", f"{media_type}{charset}".encode("ascii", "replace"))]
    if source.kind:
        headers.append((b"X-Tlray-Kind", source.kind.encode("ascii", "replace")))
    if packed:
        headers.append((b"Content-Encoding", b"gzip"))
    return Fetched(
        url=file.url, kind=None, started_at=started_at, latency_s=latency_s, status_line=b"HTTP/1.1 200 OK",
        raw_headers=tuple(headers), wire_body=packed or file.body, body=file.body, n_bytes=len(file.body),
    )  # fmt: skip
