"""What does a site's robots.txt allow? RFC 9309, plus the crawl-delay and request-rate that many sites write.

The text is read by protego (Scrapy's parser); here are the bounds around it: a file's first 512 KiB count
(RFC 9309 §2.5 asks for at least 500), bytes that are no UTF-8 are replaced, and a delay that is no positive
number is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from protego import Protego

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
    """If so: for whom it was asked (`tlray.core.lease.RobotsErrand`); other batches may fetch from elsewhere."""


class RobotsRules:
    """One robots.txt, read."""

    def __init__(self, text: str) -> None:
        self._rules = Protego.parse(text) if text.strip() else None

    def may_fetch(self, url: str) -> bool:
        """Whether we may fetch the URL."""
        return self._rules is None or bool(self._rules.can_fetch(url, AGENT))

    @property
    def crawl_delay_s(self) -> float | None:
        """Seconds between fetches that the site asks for (crawl-delay, or request-rate, whichever is
        slower), or None."""
        if self._rules is None:
            return None
        delays = []
        delay = self._rules.crawl_delay(AGENT)
        if delay is not None and math.isfinite(delay) and delay > 0:
            delays.append(float(delay))
        rate = self._rules.request_rate(AGENT)
        if rate is not None and rate.requests > 0 and rate.seconds > 0:
            delays.append(rate.seconds / rate.requests)
        return max(delays, default=None)


@lru_cache(maxsize=256)
def rules_of(text: str) -> RobotsRules:
    """Return the rules of a text; read once for as long as it is in use."""
    return RobotsRules(text)


def decode(body: bytes) -> str:
    """Return a robots.txt as text: its first 512 KiB, cut at a line's end, BOM dropped, wrong bytes
    replaced."""
    if len(body) > MAX_BYTES:
        body = body[:MAX_BYTES]
        body = body[: body.rfind(b"\n") + 1]
    return body.decode("utf-8-sig", errors="replace")
