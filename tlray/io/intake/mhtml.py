"""MHTML (RFC 2557), as Chrome, Edge, Opera and Internet Explorer save pages: the page itself, without its pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from itertools import pairwise
from typing import NamedTuple

from tlray.io.intake.members import RefusedError

_MAX_HEAD_BYTES = 64 * 1024
_MAX_LEVELS = 4
"""Multiparts within multiparts: Word writes two."""
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_MIME = re.compile(rb"^mime-version:", re.IGNORECASE | re.MULTILINE)
_CONTENT_TYPE = re.compile(
    rb"^content-type:\s*(?:multipart/(?:related|alternative|mixed)|text/html)", re.IGNORECASE | re.MULTILINE
)
_HEADER_LINE = re.compile(rb"\s*[!-9;-~]+:")
_HTML = frozenset({"text/html", "application/xhtml+xml"})


class SavedPage(NamedTuple):
    """The page of an MHTML file."""

    body: bytes
    url: str
    charset: str | None


def is_mhtml(head: bytes) -> bool:
    """True if a file begins with the header of a MIME message that holds a page."""
    if not _HEADER_LINE.match(head):
        return False
    end = _HEAD_END.search(head.lstrip())
    header = head.lstrip()[: end.start() if end else None]
    return bool(_MIME.search(header) and _CONTENT_TYPE.search(header))


def read_mhtml(data: bytes) -> SavedPage:
    """Return the page in an MHTML file; RefusedError where there is none."""
    message, body = _split(data.lstrip())
    url = _one_line(message.get("Snapshot-Content-Location"))
    found = _find_page(message, body, _MAX_LEVELS)
    if found is None:
        raise RefusedError("MHTML without an HTML part, or cut off before its end")
    part, content = found
    part.set_payload(content.decode("latin-1"))
    page = part.get_payload(decode=True)
    if not isinstance(page, bytes):
        raise RefusedError("MHTML whose page has no known transfer encoding")
    charset = part.get_content_charset()
    location = _one_line(part.get("Content-Location") or message.get("Content-Location"))
    return SavedPage(page, url or (location if location.startswith("http") else ""), charset)


def _find_page(message: Message, body: bytes, n_levels: int) -> tuple[Message, bytes] | None:
    """Return the part with the page: the one that ``start`` names, else the first of HTML."""
    if message.get_content_type() in _HTML:
        return message, body
    boundary = message.get_boundary()
    if not boundary or not n_levels or not message.get_content_type().startswith("multipart/"):
        return None
    start = str(message.get_param("start") or "")
    first = None
    for part in _parts(body, boundary.encode("latin-1", "replace")):
        header, content = _split(part)
        if header.get_content_type() in _HTML or header.get_content_type().startswith("multipart/"):
            first = first or _find_page(header, content, n_levels - 1)
            if start and header.get("Content-ID") == start:
                return _find_page(header, content, n_levels - 1)
        if first and not start:
            break
    return first


def _parts(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """Yield the parts of a multipart body, each of which ends with a boundary: what is cut off is left out."""
    edge = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(?:--)?[ \t]*(?=\r?\n|$)")
    for before, behind in pairwise(edge.finditer(body)):
        yield body[before.end() : behind.start()].lstrip(b"\r\n")


def _split(data: bytes) -> tuple[Message, bytes]:
    """Return a message's header, and the bytes of its body."""
    end = _HEAD_END.search(data, 0, _MAX_HEAD_BYTES)
    if end is None:
        return BytesHeaderParser().parsebytes(b""), data
    return BytesHeaderParser().parsebytes(data[: end.start()]), data[end.end() :]


def _one_line(value: object) -> str:
    return "".join(str(value or "").split())
