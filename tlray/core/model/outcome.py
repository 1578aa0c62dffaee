"""What came of one item? The kinds of outcome, and the record that a scrape task reports.

An outcome is data, not an exception: a 404 is as good an answer as a page. What follows from a kind
(retry, snooze, dead letter, cool-down) is decided in one place, ``core/politeness/retry.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """What came of fetching and reading one item."""

    FETCHED = "fetched"
    """The page is a tracklist; its rows are in the part that is reported with it."""
    REDIRECTED = "redirected"
    """The site points to another URL; ``location`` holds it. The next hop is a fetch of its own."""
    ANSWERED = "answered"
    """Nothing was fetched: another batch has fetched the page lately, and its rows are in the part that is
    reported with it."""
    NOT_BEGUN = "not-begun"
    """The task gave the item back without touching it (drained, stopped, stolen). No attempt."""

    # the page came, and is no tracklist
    GONE = "gone"
    """404, 410, or a page that says so."""
    NOT_A_SET = "not-a-set"
    """A good page of another kind: search results, the home page of a known site."""
    BLOCKED = "blocked"
    """A page or status that says "not you, not now"; ``reason`` has its kind (wait, captcha, decoy …)."""
    UNREADABLE = "unreadable"
    """A page that the parser does not understand, or that holds less than it claims."""

    # the server answered, without a page
    THROTTLED = "throttled"
    """429: too many requests."""
    UNAVAILABLE = "unavailable"
    """408, 425 and 5xx."""
    FORBIDDEN = "forbidden"
    """401, 403, 451."""
    REFUSED_BY_SITE = "client-error"
    """Any other 4xx."""

    # the body is no page
    TRUNCATED = "truncated"
    """The connection ended before the body did."""
    TOO_LARGE = "too-large"
    """More bytes than a page may have, on the wire or decompressed."""
    WRONG_TYPE = "wrong-type"
    """No HTML."""
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
    """robots.txt says no."""
    PRIVATE_ADDRESS = "private-address"
    """The host resolves to an address that this service does not fetch."""
    CRASHED = "crashed"
    """Our own parser raised; a bug, kept with its page."""


LED_INSIDE = "a redirect from a public address led to a private one"
"""Why an item ends there: a site on the internet does not choose what we fetch inside the user's own network."""


@dataclass(frozen=True, slots=True)
class ReusableResult:
    """Where another batch keeps the rows of the same page."""

    batch_id: str
    stem: str
    """The part that has them."""
    item_id: int
    """Whose they are there."""
    fetched_at: float
    """Epoch seconds."""
    peer: str | None = None
    """The address that gave the page."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one item, as a scrape task reports it."""

    item_id: int
    kind: OutcomeKind
    reason: str | None = None
    """A few words for a person; stable enough to select dead letters by."""
    status: int | None = None
    """The HTTP status, where there was one."""
    started_at: float | None = None
    """When the fetch began, seconds since the epoch; None where none did."""
    latency_s: float | None = None
    """From the request to the last byte."""
    retry_after_s: float | None = None
    """What the site's ``Retry-After`` asks for."""
    location: str | None = None
    """Where a redirect points, absolute."""
    from_public: bool = False
    """True if it was a public address that redirected."""
    peer: str | None = None
    """The address that gave the page; None where it is not known, or none did."""
    n_sets: int = 0
    n_tracks: int = 0
    n_bytes: int = 0
    """Bytes of the body on the wire."""
    raw: tuple[int, int] | None = None
    """Offset and length of the page's record in the WARC file of the part that is reported with it."""
    reused: ReusableResult | None = None
    """The result that was used in place of a fetch; of an item that was not begun: the one that was missing."""
