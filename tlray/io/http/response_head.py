"""Heads of HTTP responses, read as browsers read them: a page is not lost for long, many or malformed headers.

aiohttp's parser is strict. So each head is checked before it: a valid one is passed on unchanged, any other is repaired: no blank
before the colon of a name, no line without a colon, a blank for a bare CR or NUL, one Content-Length. A head that cannot be
repaired is a `HeadError`. All headers of one response together are bounded.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

MAX_HEAD_BYTES = 256 * 1024
"""Of one response, 1xx included; Chrome's bound."""
MAX_LINES = 2_000

_END = re.compile(rb"\n\r*\n")
_OPENINGS = (b"HTTP/", b"ICY ")
_BEFORE = b"\xef\xbb\xbf\r\n\t "
"""May precede a response: empty lines, a script's byte order mark."""
_STATUS = re.compile(rb"(?:HTTP/(\d+)(?:\.(\d+))?|ICY)\s+([1-9]\d\d)(?!\d)\s*(.*)", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CLEAN = re.compile(
    rb"HTTP/1\.[01] [1-9]\d\d(?: [^\r\n\0]*)?\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n)*\r\n"
)
_FRAMING = re.compile(rb"\n(?:Content-Length|Transfer-Encoding):[ \t]*([^\r\n]*)", re.IGNORECASE)
_CLEAN_FRAMING = re.compile(rb"\d{1,18}|chunked", re.IGNORECASE)
_MAX_DIGITS = 18
_LENGTH, _CODING = b"content-length", b"transfer-encoding"


class HeadError(HttpProcessingError):
    """A head that cannot be read; ``message`` says why in a few stable words."""


class LenientConnector(aiohttp.TCPConnector):
    """aiohttp's connector, with `LenientHandler` for each connection."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        # There is no public switch; tests/site sends malformed heads.
        self._factory = partial(LenientHandler, loop=self._loop)  # type: ignore[assignment]


class LenientHandler(ResponseHandler):
    """aiohttp's handler of one connection, with each head repaired before it is parsed."""

    _head: bytearray | None = None
    """The received part of a head; None while a body is read."""
    _n_head = 0

    def set_response_params(self, **params: Any) -> None:
        """Begin a response."""
        self._head, self._n_head = bytearray(), 0
        bounds = {"max_line_size": MAX_HEAD_BYTES, "max_field_size": MAX_HEAD_BYTES, "max_headers": MAX_LINES}
        super().set_response_params(**{**params, **bounds})

    def data_received(self, data: bytes) -> None:
        """Pass on a head when it is whole, and the bytes after it."""
        if self._head is None or self._parser is None or not data:
            super().data_received(data)
            return
        try:
            ready = self._take(self._head, data)
        except HeadError as error:
            self._head = None
            if self.transport is not None:
                self.transport.close()
            self.set_exception(error)
            return
        if ready is None:
            self._reschedule_timeout()
            return
        self._head = None
        super().data_received(ready)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """Raise in the reader of the body, too: aiohttp 3.14 leaves it waiting if a later chunk is malformed."""
        super().set_exception(exc, *cause)
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(exc, *cause)

    def _take(self, head: bytearray, data: bytes) -> bytes | None:
        """Return the repaired head and the received part of the body; None while the head is not whole."""
        looked_at = max(0, len(head) - 2)
        if head:
            head += data
            data = bytes(head) if _END.search(head, looked_at) else b""
        else:
            data = data.lstrip(_BEFORE)
        while end := _END.search(data, looked_at):
            whole = data[: end.end()]
            self._n_head += len(whole)
            self._bound(self._n_head, whole.count(b"\n"))
            repaired = repaired_head(whole)
            if repaired[9:10] != b"1":
                return data if repaired is whole else repaired + data[len(whole) :]
            data, looked_at = (
                data[len(whole) :].lstrip(_BEFORE),
                0,
            )  # 100 Continue, 103 Early Hints: no answer yet
            head.clear()
        if not head:
            head += data
        _check_opening(head)
        self._bound(self._n_head + len(head), 0)
        return None

    @staticmethod
    def _bound(n_bytes: int, n_lines: int) -> None:
        if n_bytes > MAX_HEAD_BYTES:
            raise HeadError(message=f"more than {MAX_HEAD_BYTES} bytes of headers")
        if n_lines > MAX_LINES:
            raise HeadError(message=f"more than {MAX_LINES} lines of headers")


def _check_opening(head: bytes | bytearray) -> None:
    """Raise `HeadError` if the bytes are not the beginning of an HTTP response."""
    start = bytes(head[:5]).upper()
    if not any(opening.startswith(start[: len(opening)]) for opening in _OPENINGS):
        raise HeadError(message="answer is not HTTP")


def repaired_head(head: bytes) -> bytes:
    """Return a head, its empty line included, in the form that a strict parser accepts; a valid one unchanged."""
    framing = _FRAMING.findall(head)
    if _CLEAN.fullmatch(head) and len(framing) <= 1 and all(map(_CLEAN_FRAMING.fullmatch, framing)):
        return head
    _check_opening(head)
    first, *rest = head.split(b"\n")
    status = _STATUS.match(first.rstrip())
    if status is None:
        raise HeadError(message="no status in the answer's first line")
    major, minor, code, words = status.groups()
    is_old = (int((major or b"1")[:3]), int((minor or b"0")[:3])) == (1, 0) or major == b"0"
    reason = re.sub(rb"[\r\0]", b" ", words)
    lines = [b"HTTP/1.%d %b %b" % (not is_old, code, reason)]
    lines += [b"%b: %b" % field for field in _framed(_fields(rest))]
    return b"\r\n".join([*lines, b"", b""])


def _fields(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    """Return names and values of the lines that have both, folded ones unfolded."""
    fields: list[tuple[bytes, list[bytes]]] = []
    folded_into: list[bytes] = []
    for line in lines:
        text = re.sub(rb"[\r\0]", b" ", line.rstrip(b"\r"))
        if folded_into and text[:1] in (b" ", b"\t"):
            folded_into.append(text.strip(b" \t"))
            continue
        name, colon, value = text.partition(b":")
        folded_into = [value.strip(b" \t")]
        if colon and _TOKEN.fullmatch(name := name.strip(b" \t")):
            fields.append((name, folded_into))
    return [(name, b" ".join(parts)) for name, parts in fields]


def _framed(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the fields with one for the end of the body, or none: then it ends with the connection."""
    others = [field for field in fields if field[0].lower() not in {_LENGTH, _CODING}]
    if b"chunked" in _parts(fields, _CODING):
        return [*others, (b"Transfer-Encoding", b"chunked")]
    lengths = {int(part) for part in _parts(fields, _LENGTH) if part.isdigit() and len(part) <= _MAX_DIGITS}
    if len(lengths) > 1:
        raise HeadError(message="several Content-Lengths that differ")
    return [*others, *((b"Content-Length", b"%d" % length) for length in lengths)]


def _parts(fields: list[tuple[bytes, bytes]], key: bytes) -> list[bytes]:
    return [
        part.strip().lower() for name, value in fields if name.lower() == key for part in value.split(b",")
    ]
