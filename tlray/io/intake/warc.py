"""WARC files (ISO 28500), plain or gzip, from any crawler or browser: the HTML pages in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from tlray.io.http.decompress import DecompressError, ExpandsTooFarError, decompress
from tlray.io.intake.members import (
    MAX_MEMBER_BYTES,
    Budget,
    Given,
    Member,
    Refusal,
    RefusedError,
    too_large,
)

_TYPES = (WarcRecordType.response, WarcRecordType.resource, WarcRecordType.revisit)
_PAGE_TYPES = re.compile(r"text/html|application/xhtml\+xml|(?:application|text)/(?:rss\+|atom\+)?xml")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,200})?\r?\n")
_GZIP = b"\x1f\x8b"


def read_warc(stream: BinaryIO, given: Given, budget: Budget) -> Iterator[Member | Refusal]:
    """Yield the pages of a WARC file, in its order; what is no page (pictures, scripts) is passed over."""
    records = ArchiveIterator(stream)
    n_records = n_found = 0
    while True:
        try:
            record = next(records, None)
            if record is None:
                break
            n_records += 1
            found = _read_record(record, n_records, given, budget)
        except (OSError, ValueError) as error:  # ValueError: a header that holds no number
            yield Refusal(f"after record {n_records}", f"not a whole WARC file: {error}")
            return
        except RefusedError as error:
            yield Refusal(f"record {n_records}", str(error))
            return
        if found is not None:
            n_found += 1
            yield found
    if not n_found:
        yield Refusal("", "a WARC file without a page")


def _read_record(record: WarcRecord, number: int, given: Given, budget: Budget) -> Member | Refusal | None:
    """Return the page in a record, or why it is none; None for a record that is not of a page."""
    url = (record.headers.get("WARC-Target-URI") or "").strip("<> ")
    where = f"record {number} {url}".strip()
    http = record.http_headers
    media_type = (http.get("content-type") if http else record.headers.get("content-type")) or ""
    n_bytes = record.content_length
    budget.spend(n_bytes)
    if not record.record_id and not url:
        raise OSError("a record without a header")
    if record.record_type not in _TYPES or not _PAGE_TYPES.match(media_type.strip().lower()):
        return None
    if reason := _refused(record):
        return Refusal(where, reason)
    body = record.reader.read()
    if len(body) < n_bytes:
        return Refusal(where, "the record ends early")
    try:
        body = _decoded(body, http.asdict() if http else {})
    except DecompressError as error:
        return Refusal(where, str(error))
    name = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]) if url.startswith("http") else ""
    return Member(
        str(number),
        given.source(body, name=name or "page.html", url=url, encoding=record.http_charset),
        record.stream_pos,
    )


def _refused(record: WarcRecord) -> str | None:
    """Return why the page in a record is not read; None for one that is."""
    if record.record_type == WarcRecordType.revisit:
        return "a revisit record: the page is in another record"
    if record.http_headers is not None and record.http_headers.status_code != 200:
        return f"HTTP {record.http_headers.status_code}"
    return too_large(record.content_length) if record.content_length > MAX_MEMBER_BYTES else None


def _decoded(body: bytes, headers: dict[str, str]) -> bytes:
    """Undo what HTTP did to a body. Many writers have undone it and left the header as it was."""
    named = {name.lower(): value for name, value in headers.items()}
    if "chunked" in named.get("transfer-encoding", "").lower():
        body = _dechunked(body)
    coding = named.get("content-encoding", "")
    if "gzip" in coding.lower() and not body.startswith(_GZIP):
        return body
    if coding.strip().lower() in ("br", "zstd"):
        decoded = _decoded_by_fastwarc(body, coding.strip().encode())
        if decoded is not None:
            return decoded
    return decompress(body, coding, max_bytes=MAX_MEMBER_BYTES)


def _decoded_by_fastwarc(body: bytes, coding: bytes) -> bytes | None:
    """Undo a coding that Python's library does not know; None where the body is not in it.

    Browsers accept Brotli, so what they record has it. `ArchiveIterator` undoes codings of all records or of none: this is one.
    """
    http = b"HTTP/1.1 200 OK\r\nContent-Encoding: " + coding + b"\r\n\r\n" + body
    head = (
        b"WARC/1.1\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: %d\r\n\r\n"
        % len(http)
    )
    try:
        record = next(ArchiveIterator(BytesIO(head + http + b"\r\n\r\n"), auto_decode="content"))
        decoded: bytes = record.reader.read(MAX_MEMBER_BYTES + 1)
    except OSError:
        return None
    if len(decoded) > MAX_MEMBER_BYTES:
        raise ExpandsTooFarError(f"more than {MAX_MEMBER_BYTES} bytes")
    return decoded


def _dechunked(body: bytes) -> bytes:
    """Undo the chunks of a body; one that has none is returned as it is."""
    parts: list[bytes] = []
    at = 0
    while found := _CHUNK_SIZE.match(body, at):
        size = int(found[1], 16)
        if not size:
            return b"".join(parts)
        parts.append(body[found.end() : found.end() + size])
        at = found.end() + size
        while body[at : at + 1] in (b"\r", b"\n"):
            at += 1
    return body
