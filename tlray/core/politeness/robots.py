"""What a site's robots.txt allows us: RFC 9309, plus the crawl-delay and request-rate that many sites write.

The rules are read by `tlray.core.politeness.robots_parser`; here are the bounds around it: a file's first 512 KiB count (RFC
9309 §2.5 asks for at least 500), and a byte that is no UTF-8 stands for itself, escaped.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import lru_cache

from tlray.core.politeness.robots_parser import RobotsFile

MAX_BYTES = 512 * 1024
AGENT = "tlray"
"""The product token that robots.txt addresses us by."""
REFETCH_AFTER_S = 86_400.0
NOT_ITS_TURN = "not its turn"
"""Why a robots.txt could not be had whose domain may not be asked for long yet."""
"""A robots.txt older than a day is asked for again (RFC 9309 §2.4)."""


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """What came of fetching a robots.txt."""

    domain: str
    text: str | None
    """Its text; "" where there is none (4xx: everything is allowed); None where it could not be had."""
    crawl_delay_s: float | None = None
    why: str | None = None
    """Why it could not be had, for a person."""
    retry_after_s: float | None = None
    location: str | None = None
    """Where its site keeps it, by a redirect."""
    from_public: bool = False
    """Whether it was a public address that redirected."""
    is_refused: bool = False
    """Whether it lies at an address that is not fetched: asking again is of no use."""
    networks: tuple[str, ...] | None = None
    """If so: for whom it was asked (`tlray.core.scheduling.lease.RobotsErrand`); other batches may fetch from elsewhere."""


@lru_cache(maxsize=256)
def rules_of(text: str) -> RobotsFile:
    """Return the rules of a text for us; read once for as long as it is in use."""
    return RobotsFile(text, AGENT)


def decode(body: bytes) -> str:
    """Return a robots.txt as text: its first 512 KiB, cut at a line's end, without a BOM or half of one."""
    if len(body) > MAX_BYTES:
        body = body[:MAX_BYTES]
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    for length in (3, 2, 1):
        if body.startswith(codecs.BOM_UTF8[:length]):
            body = body[length:]
            break
    return body.decode("utf-8", errors="tlray-escape")


def _escape_bytes(error: UnicodeError) -> tuple[str, int]:
    """Return bytes that are no text as they stand in a URL."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - it is used to decode only
    return "".join(f"%{byte:02X}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("tlray-escape", _escape_bytes)
