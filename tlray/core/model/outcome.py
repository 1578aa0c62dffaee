"""Outcomes: what happened to one item, as a scrape task reports it.

An outcome is data, not an exception: a 404 is as good an answer as a page. The consequences of a kind (retry, snooze, dead
letter, cool-down) are decided in one place, ``core/politeness/retry.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tlray.core.model.discovery import FoundUrl


class OutcomeKind(StrEnum):
    """The kind of an outcome."""

    FETCHED = "fetched"
    """The page is a tracklist; its rows are in the part of the same report."""
    REDIRECTED = "redirected"
    """The site redirects to ``location``. The next hop is a fetch of its own."""
    ANSWERED = "answered"
    """There was no fetch: another batch has fetched the page lately, and its rows are in the part of the same report."""
    LISTED = "listed"
    """The page is no set but lists some, which are in ``found``; its batch finds sets (`tlray.core.model.discovery`)."""
    FOUND = "found"
    """A set, in a batch that only finds sets: its rows are not stored."""
    NOT_BEGUN = "not-begun"
    """The task gave the item back untouched (drained, stopped, stolen). No attempt."""

    # a page that is no tracklist
    GONE = "gone"
    """404, 410, or a page that says so."""
    NOT_A_SET = "not-a-set"
    """A good page of another kind: search results, the home page of a known site."""
    BLOCKED = "blocked"
    """A page or status that says "not you, not now"; ``reason`` has its kind (wait, captcha, decoy …)."""
    UNREADABLE = "unreadable"
    """A page that the parser does not understand, or with less than it claims."""

    # an answer without a page
    THROTTLED = "throttled"
    """429: too many requests."""
    UNAVAILABLE = "unavailable"
    """408, 425 and 5xx."""
    FORBIDDEN = "forbidden"
    """401, 403, 451."""
    REFUSED_BY_SITE = "client-error"
    """Any other 4xx."""

    # a body that is no page
    TRUNCATED = "truncated"
    """The connection ended before the body did."""
    TOO_LARGE = "too-large"
    """More bytes than the largest page, on the wire or decompressed."""
    WRONG_TYPE = "wrong-type"
    """Of a media type that is not read."""
    BAD_ENCODING = "bad-encoding"
    """Bytes that cannot be decompressed."""

    # the network
    TIMEOUT = "timeout"
    CONNECT = "connect"
    """Refused, reset or unreachable."""
    DNS = "dns"
    TLS = "tls"
    BAD_HTTP = "bad-http"
    """The answer is not HTTP."""

    # ours
    ROBOTS = "robots"
    """Disallowed by robots.txt."""
    PRIVATE_ADDRESS = "private-address"
    """The host has an address that this service does not fetch from."""
    CRASHED = "crashed"
    """Our own parser raised: a bug, archived with its page."""


LED_INSIDE = "a redirect from a public address led to a private one"
"""The reason of such an item: a site on the internet does not choose what we fetch inside the user's network."""


@dataclass(frozen=True, slots=True)
class ReusableResult:
    """A result of the same page in another batch."""

    batch_id: str
    stem: str
    """The part with its rows."""
    item_id: int
    """The item of its rows."""
    fetched_at: float
    """Epoch seconds."""
    peer: str | None = None
    """The address that sent the page."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one item."""

    item_id: int
    kind: OutcomeKind
    reason: str | None = None
    """A few words; stable enough to select dead letters by."""
    status: int | None = None
    """The HTTP status, if there was one."""
    started_at: float | None = None
    """When the fetch began, seconds since the epoch; None without a fetch."""
    latency_s: float | None = None
    """From the request to the last byte."""
    retry_after_s: float | None = None
    """The seconds of the site's ``Retry-After``."""
    location: str | None = None
    """The target of a redirect, absolute."""
    from_public: bool = False
    """True if a public address redirected, or gave a page that lists sets."""
    peer: str | None = None
    """The address that sent the page; None if unknown."""
    n_sets: int = 0
    n_tracks: int = 0
    n_bytes: int = 0
    """Bytes of the body on the wire."""
    raw: tuple[int, int] | None = None
    """Offset and length of the page's record in the WARC file of the same report's part."""
    reused: ReusableResult | None = None
    """The result that was used in place of a fetch; of an item that was not begun: the one that was missing."""
    found: tuple[FoundUrl, ...] = ()
    """What the page lists, where its batch finds sets."""
