"""A site's robots.txt: RFC 9309, and the crawl-delay and request-rate that many sites write.

`tlray.core.politeness.robots_parser` reads the rules; here are the bounds around it. The first 512 KiB count (RFC 9309 §2.5
asks for at least 500), and a byte that is not UTF-8 is escaped.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import lru_cache

from tlray.core.politeness.robots_parser import RobotsFile

MAX_BYTES = 512 * 1024
AGENT = "tlray"
"""Our product token in robots.txt."""
REFETCH_AFTER_S = 86_400.0
NOT_ITS_TURN = "not its turn"
"""The reason for a robots.txt that was not fetched because the domain's next turn is far off."""
"""A robots.txt older than a day is fetched again (RFC 9309 §2.4)."""


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """The answer to a request for robots.txt."""

    domain: str
    text: str | None
    """Its text; "" if there is none (4xx: everything is allowed); None if it could not be fetched."""
    crawl_delay_s: float | None = None
    reason: str | None = None
    """Why it could not be fetched, in words."""
    retry_after_s: float | None = None
    location: str | None = None
    """The target of a redirect."""
    from_public: bool = False
    """True if a public address redirected."""
    is_refused: bool = False
    """True if it lies at an address that is not fetched: a retry would not help."""
    networks: tuple[str, ...] | None = None
    """The networks of that request (`tlray.core.scheduling.lease.RobotsRequest`); other batches may fetch from others."""


@lru_cache(maxsize=256)
def rules_of(text: str) -> RobotsFile:
    """Return the rules of a text for us; cached while in use."""
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
    """Return bytes that are not UTF-8 as they stand in a URL."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - it is used to decode only
    return "".join(f"%{byte:02X}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("tlray-escape", _escape_bytes)
