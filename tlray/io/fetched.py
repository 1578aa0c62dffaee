"""What came back from one request, and what its status and type say about it?

The status alone does not decide: a captcha comes with 200, 206, 401, 403, 429 or 503. So ``kind`` is what
the status suggests, None where the body has the word; and while ``has_page`` holds, a parser may look at
the body whatever the status, and let *blocked* win.
"""

from __future__ import annotations

from dataclasses import dataclass

from yarl import URL

from tlray.core.outcome import OutcomeKind
from tlray.core.visible import one_line

_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
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
    """As they came; the body is already dechunked though."""
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
    """Whether a body is of a type that parsers read; without a header, whether it looks like one."""
    if content_type:
        return content_type in _PAGE_TYPES
    return not body or body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def parse_content_type(value: str) -> tuple[str, str | None]:
    """Split ``text/html; charset="UTF-8"`` into its type and charset, both in lower case."""
    content_type, _, parameters = value.lower().partition(";")
    if "charset=" not in parameters:
        return content_type.strip(), None
    charset = parameters.split("charset=", 1)[1].split(";", 1)[0].strip(" \t\"'")
    return content_type.strip(), charset or None


def absolute_location(base: URL, value: str) -> str | None:
    """Resolve a ``Location`` header against the URL it came from; None where it is no http URL."""
    try:
        target = URL(value.strip())
        if target.scheme and not target.raw_host:
            return None  # "http://", "javascript:": joined, the first would be the base itself
        url = base.join(target)
    except ValueError:  # UnicodeError included: a header may hold any bytes
        return None
    return str(url) if url.scheme in {"http", "https"} else None
