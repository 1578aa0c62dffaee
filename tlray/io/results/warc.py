"""The archive: pages as they came, in WARC files.

WARC/1.1 (ISO 28500:2017): one ``response`` record a page behind one ``warcinfo`` a file, each record a gzip
member of its own, so that one page is read by offset and length, and files are merged by concatenation.

The body is the wire's, compressed as the site sent it; packing it again would cost as much as fetching
it, so its member holds stored blocks only. A body that came plain is packed by ISA-L: as small as at zlib's level 1, in a fourth
of the time. aiohttp has
undone the chunks already, and ``Transfer-Encoding`` is left out: the one header that is not kept. Each
member's CRC-32 guards its record; a payload digest (SHA-1) would add half to the cost and tell no more.
"""

from __future__ import annotations

import io
import struct
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO
from urllib.parse import quote

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType
from isal import isal_zlib

from tlray.errors import CannotFinish
from tlray.io.http.decompress import decompress
from tlray.io.http.response import Fetched, parse_content_type

_END = b"\r\n\r\n"
_GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_LEVEL = 2
_MAX_BLOCK = 0xFFFF
_AS_IT_IS = "!#$%&'()*+,/:;=?@[]~"
_INFO = b"software: tlray\r\nformat: WARC File Format 1.1\r\nconformsTo: http://iipc.github.io/warc-specifications/\r\n"


class ArchiveWriter:
    """A WARC file in memory, until it is taken."""

    def __init__(self) -> None:
        self._members: list[bytes] = []
        self.n_bytes = 0
        """Size of the file so far."""

    def add(self, page: Fetched) -> tuple[int, int]:
        """Append a page that came whole; return its record's offset and length."""
        if not self._members:
            info = _record("warcinfo", "application/warc-fields", page.started_at, None, _INFO)
            self._append(_packed(info + _INFO + _END))
        headers = b"".join(
            b"%s: %s\r\n" % header for header in page.raw_headers if header[0].lower() != b"transfer-encoding"
        )
        http = b"%s\r\n%s\r\n" % (page.status_line, headers)
        head = _record(
            "response", "application/http;msgtype=response", page.started_at, page.url, http, page.wire_body
        )
        content = b"".join((head, http, page.wire_body, _END))
        return self._append(_stored(content) if _is_packed(page) else _packed(content))

    def take(self) -> bytes:
        """Return the file and begin a new one; b"" where no page was added."""
        taken = b"".join(self._members)
        self._members, self.n_bytes = [], 0
        return taken

    def _append(self, member: bytes) -> tuple[int, int]:
        """Append one gzip member."""
        offset = self.n_bytes
        self._members.append(member)
        self.n_bytes += len(member)
        return offset, len(member)


def _is_packed(page: Fetched) -> bool:
    """True if packing the body again would gain nothing."""
    return any(name.lower() == b"content-encoding" and value for name, value in page.raw_headers)


def _packed(content: bytes) -> bytes:
    """Make a gzip member of content that came plain."""
    return bytes(isal_zlib.compress(content, _LEVEL, wbits=31))


def _stored(content: bytes) -> bytes:
    """Make a gzip member of stored blocks (RFC 1951 §3.2.4), in a third of the time of zlib's level 0."""
    pieces: list[bytes | memoryview] = [_GZIP_HEAD]
    view = memoryview(content)
    for begin in range(0, len(content), _MAX_BLOCK):
        block = view[begin : begin + _MAX_BLOCK]
        is_last = begin + _MAX_BLOCK >= len(content)
        pieces += struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF), block
    pieces.append(struct.pack("<LL", zlib.crc32(content), len(content) & 0xFFFF_FFFF))
    return b"".join(pieces)


def _record(kind: str, content_type: str, at: float, url: str | None, *content: bytes) -> bytes:
    """Spell the head of a record."""
    moment = datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    target = "" if url is None else f"WARC-Target-URI: {target_uri(url)}\r\n"
    return (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\n"
        f"WARC-Record-ID: <urn:uuid:{uuid.uuid4()}>\r\nWARC-Date: {moment}Z\r\n"
        f"{target}Content-Type: {content_type}\r\nContent-Length: {sum(map(len, content))}\r\n\r\n"
    ).encode("ascii")


def target_uri(url: str) -> str:
    """Return a URL as ``WARC-Target-URI`` spells it: it fits a header line, whatever it was."""
    return quote(url, safe=_AS_IT_IS)


@dataclass(frozen=True, slots=True)
class ArchivedPage:
    """A page as the archive keeps it."""

    url: str
    fetched_at: datetime
    status: int
    headers: tuple[tuple[str, str], ...]
    wire_body: bytes
    offset: int = field(default=0, compare=False)
    """Where its record stands in the file that was read."""

    def header(self, name: str) -> str:
        """Return the first header of that name, or ""."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def body(self, max_bytes: int) -> bytes:
        """Return the body decompressed; DecompressError where it cannot be, or is too large."""
        return decompress(self.wire_body, self.header("Content-Encoding"), max_bytes=max_bytes)

    @property
    def charset(self) -> str | None:
        """The value of ``Content-Type``, all its lines together."""
        return parse_content_type(
            ", ".join(value for key, value in self.headers if key.lower() == "content-type")
        )[1]


def read_record(file: BinaryIO, offset: int, length: int, *, name: str = "the archive") -> ArchivedPage:
    """Read the one page whose record stands at ``offset``; ``name`` is for messages."""
    file.seek(offset)
    for page in iter_records(io.BytesIO(file.read(length)), name=name):
        return page
    raise CannotFinish(f"{name} has no page at byte {offset}")


def iter_records(file: BinaryIO, *, name: str = "the archive") -> Iterator[ArchivedPage]:
    """Read every page of a WARC file, of any origin, compressed or not. Records of other types are skipped."""
    try:
        # "transfer": records of other programs may be chunked still
        for record in ArchiveIterator(file, record_types=WarcRecordType.response, auto_decode="transfer"):
            if record.is_http and record.http_headers is not None:
                yield _page(record)
    except (OSError, ValueError) as error:
        raise CannotFinish(f"{name} is damaged: {error}") from error


def _page(record: WarcRecord) -> ArchivedPage:
    """Copy what we need out of a record."""
    headers = record.http_headers
    promised = record.content_length
    wire_body = record.reader.read()
    if len(wire_body) < promised and "chunked" not in (headers.get("Transfer-Encoding") or "").lower():
        raise ValueError("a record ends early")
    return ArchivedPage(
        url=(record.headers.get("WARC-Target-URI") or "").strip("<>"),
        fetched_at=record.record_date,
        status=headers.status_code or 0,
        headers=headers.to_tuples(),
        wire_body=wire_body,
        offset=record.stream_pos,
    )
