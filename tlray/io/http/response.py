"""The result of one request, and what its status and content type mean.

The status alone does not decide: a captcha comes with 200, 206, 401, 403, 429 or 503. So ``kind`` is the kind that the status
suggests, and None if the body decides. If ``has_page``, a parser reads the body whatever the status, and *blocked* wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit, urlunsplit

from tlray.core.model.outcome import OutcomeKind
from tlray.core.model.printable import one_line
from tlray.core.model.urls import join

PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
JSON = "application/json"
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
    """The response to one request, or why there is none."""

    url: str
    """The requested URL."""
    kind: OutcomeKind | None
    """What the status suggests, or what failed; None: the body decides."""
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
    """As they came, or as repaired (`tlray.io.http.response_head`); the body is already dechunked."""
    wire_body: bytes = b""
    """The body as it came, compressed; b"" if it was cut short or too large."""
    body: bytes = b""
    """The body decompressed; b"" if that failed."""
    content_type: str = ""
    """The media type that ``Content-Type`` names, in lower case."""
    charset: str | None = None
    """What ``Content-Type`` names."""
    has_page: bool = False
    """True if a parser may read ``body``: it is whole, not empty, and of the type of a page."""
    location: str | None = None
    """The absolute target of a redirect."""
    peer: str | None = None
    """The address that answered."""
    retry_after_s: float | None = None
    n_bytes: int = 0
    """Bytes of the body that came over the wire."""


def printable_reason(text: str | None) -> str | None:
    """Return a reason that may quote a site as one line that can be stored, sent and shown in a terminal."""
    if text is None:
        return None
    return one_line(text.encode("utf-8", "replace").decode())[:MAX_REASON_CHARS] or None


def kind_of_status(status: int) -> OutcomeKind | None:
    """Return the kind that a status suggests, redirects aside; None for 2xx."""
    if 200 <= status < 300:
        return None
    if 500 <= status < 600:
        return OutcomeKind.UNAVAILABLE
    if 300 <= status < 400:
        return OutcomeKind.BAD_HTTP  # 304 unasked, 300 and the like without a Location
    return _BY_STATUS.get(status, OutcomeKind.REFUSED_BY_SITE)  # 999 too


def is_page(content_type: str, body: bytes, types: frozenset[str] = PAGE_TYPES) -> bool:
    """True if the content type is one that is read; if the type is unknown, the body decides."""
    if content_type not in _UNKNOWN_TYPES:
        return content_type in types
    starts = (b"<", b"{") if JSON in types else (b"<",)
    return not body or body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(starts)


@lru_cache(maxsize=64)  # all pages of a site have the same
def parse_content_type(value: str) -> tuple[str, str | None]:
    """Return type and charset, both in lower case, of the ``Content-Type`` lines joined by commas.

    As the Fetch standard extracts them: the last valid type counts, and its charset, or that of the same type before it. The type
    is "" if none is valid.
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
    """Split at a separator outside quoted strings."""
    return re.findall(rf'(?:[^"{separator}]|"(?:[^"\\]|\\.)*"?)+', text, re.DOTALL)


def absolute_location(base: str, value: str) -> str | None:
    """Resolve a ``Location`` header against the URL it came from, as browsers do; None if the result is not an http URL.

    ``value`` is a header as aiohttp decodes it. Raw bytes become escapes, those of a host UTF-8.
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
