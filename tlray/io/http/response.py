"""What came back from one request, and what its status and type say about it?

The status alone does not decide: a captcha comes with 200, 206, 401, 403, 429 or 503. So ``kind`` is what
the status suggests, None where the body has the word; and while ``has_page`` holds, a parser may look at
the body whatever the status, and let *blocked* win.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit, urlunsplit

from tlray.core.model.outcome import OutcomeKind
from tlray.core.model.printable import one_line
from tlray.core.model.urls import join

_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
_NOT_ASCII = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
_PATH = re.compile(r"[^?#]+")
_UNKNOWN_TYPES = frozenset({"", "unknown/unknown", "application/unknown"})
"""Types by which browsers look at the body (the WHATWG's MIME Sniffing standard)."""
_MIME_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
MAX_REASON_CHARS = 300
_BY_STATUS = {
    401: OutcomeKind.FORBIDDEN,
    403: OutcomeKind.FORBIDDEN,
    404: OutcomeKind.GONE,
    408: OutcomeKind.UNAVAILABLE,
    410: OutcomeKind.GONE,
    425: OutcomeKind.UNAVAILABLE,
    429: OutcomeKind.THROTTLED,
    451: OutcomeKind.FORBIDDEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One request's answer, or why there is none."""

    url: str
    """The URL as it was asked for."""
    kind: OutcomeKind | None
    """What the status suggests, or what went wrong; None: a body came that a parser should look at."""
    reason: str | None = None
    """A few stable words for a person: ``404``, ``connection refused``."""
    error: str | None = None
    """The exception behind it, for the log."""
    started_at: float
    """When the request began, seconds since the epoch."""
    latency_s: float
    """From there to the last byte, or to the failure."""
    status: int | None = None
    status_line: bytes = b""
    """``HTTP/1.1 200 OK``."""
    raw_headers: tuple[tuple[bytes, bytes], ...] = ()
    """As they came, those of a sloppy answer mended (`tlray.io.http.response_head`); the body is already dechunked though."""
    wire_body: bytes = b""
    """The body as it came, compressed; b"" where it was cut short or too large."""
    body: bytes = b""
    """The body decompressed; b"" where that failed."""
    charset: str | None = None
    """What ``Content-Type`` names."""
    has_page: bool = False
    """Whether ``body`` is something that a parser may look at: whole, not empty, and of a page's type."""
    location: str | None = None
    """Where a redirect points, absolute."""
    peer: str | None = None
    """The address that answered."""
    retry_after_s: float | None = None
    n_bytes: int = 0
    """Bytes of the body that came over the wire, whatever became of them."""


def told(words: str | None) -> str | None:
    """Return words that a site may have had a part in, so that they can be kept, sent and shown.

    A header may hold any bytes, those that drive a terminal too, and half a surrogate pair is no text.
    """
    return (
        None
        if words is None
        else one_line(words.encode("utf-8", "replace").decode())[:MAX_REASON_CHARS] or None
    )


def kind_of_status(status: int) -> OutcomeKind | None:
    """Say what a status suggests, redirects aside; None for 2xx, 206 without a Range included."""
    if 200 <= status < 300:
        return None
    if 500 <= status < 600:
        return OutcomeKind.UNAVAILABLE
    if 300 <= status < 400:
        return OutcomeKind.BAD_HTTP  # 304 unasked, 300 and the like without a Location
    return _BY_STATUS.get(status, OutcomeKind.REFUSED_BY_SITE)  # 999 too


def is_page(content_type: str, body: bytes) -> bool:
    """Whether a body is of a type that parsers read; where the type is not known, whether it looks like one."""
    if content_type not in _UNKNOWN_TYPES:
        return content_type in _PAGE_TYPES
    return not body or body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


@lru_cache(maxsize=64)  # a site says the same of all its pages
def parse_content_type(value: str) -> tuple[str, str | None]:
    """Return type and charset, both in lower case, of ``Content-Type``, of all its lines joined by commas.

    As the Fetch standard extracts them: the last type that is one counts, and its charset, or that of the same type before it.
    "" stands for a type that is none, or is said to be unknown.
    """
    content_type, charset = "", None
    for part in _outside_quotes(value.lower(), ","):
        named, *parameters = (piece.strip(" \t\r\n") for piece in _outside_quotes(part, ";") or [""])
        if not _MIME_TYPE.fullmatch(named) or named == "*/*":
            continue
        if named != content_type:
            charset = None
        charsets = [text[8:].strip(" \t\"'") for text in parameters if text.startswith("charset=")]
        content_type, charset = named, next(filter(None, charsets), charset)
    return content_type, charset


def _outside_quotes(text: str, separator: str) -> list[str]:
    """Split at a separator that does not stand in a quoted string."""
    return re.findall(rf'(?:[^"{separator}]|"(?:[^"\\]|\\.)*"?)+', text, re.DOTALL)


def absolute_location(base: str, value: str) -> str | None:
    """Resolve a ``Location`` header against the URL it came from, as browsers do; None where it is no http URL.

    ``value`` is a header as aiohttp decodes it. Raw bytes stand for their escapes, in a host for UTF-8.
    """
    raw = value.strip().encode("utf-8", "surrogateescape").translate(None, b"\t\r\n")
    text = "".join(chr(byte) if 0x20 < byte < 0x7F else f"%{byte:02X}" for byte in raw)
    path = _PATH.match(text)
    text = text if path is None else path[0].replace("\\", "/") + text[path.end() :]
    try:
        parts = urlsplit(text)
        # ASCII stays escaped: an escaped slash would begin a path
        host = _NOT_ASCII.sub(lambda found: unquote(found[0], errors="strict"), parts.netloc)
        url = join(base, urlunsplit(parts._replace(netloc=host)) if host != parts.netloc else text)
        scheme, netloc = urlsplit(url)[:2]
    except ValueError:  # UnicodeError included: a header may hold any bytes
        return None
    return url if scheme in {"http", "https"} and netloc else None
