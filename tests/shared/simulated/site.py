"""What does a site answer? By its temper: shares of faults, an outage, a robots.txt of its own."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tlray.core.model.discovery import FoundUrl
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.lease import LeasedItem, RobotsRequest
from tlray.core.submission.lines import Entry
from tlray.io.intake.url_list import read_line

N_LISTS = 5
"""Pages of a list; the last one leads to the first again."""


@dataclass
class Site:
    """A domain and its temper: shares of answers, and what its robots.txt is."""

    name: str
    latency_s: float = 0.2
    error: float = 0.0
    """Share of fetches that time out, after 10 s, or fail otherwise."""
    throttle: float = 0.0
    retry_after_s: float | None = None
    block: float = 0.0
    gone: float = 0.0
    hop_to: str | None = None
    hop: float = 0.0
    outage: tuple[float, float] = (0.0, 0.0)
    """From, until: nothing connects, neither pages nor robots.txt."""
    crawl_delay_s: float | None = None
    robots_fails: int = 0
    """So often it answers 503 before it works."""
    robots_at: str | None = None
    """Where a redirect says that it lies."""
    robots_kills: bool = False
    """True if its robots.txt kills the worker that reads it."""
    deadly: frozenset[str] = frozenset()
    """URLs of pages that kill the worker which parses them."""
    begins: list[float] = field(default_factory=list)
    """When each request went on the wire."""
    n_in_flight: int = 0
    ceilings: list[tuple[float, float, float, int]] = field(default_factory=list)
    """(since when, rate, burst, concurrency) that may be used here."""
    last_seen: object = None
    """What the last ceiling was made of."""

    def allow(self, now: float, policy: DomainPolicy) -> None:
        """Take in the ceiling that holds from now on."""
        self.ceilings.append((now, policy.rate, policy.burst, policy.concurrency))

    def allowed(self, begin: float, end: float, grace_s: float) -> tuple[float, float, int]:
        """Return the most that was allowed at any moment between two, or ``grace_s`` before: rate, burst, concurrency."""
        held = [
            ceiling
            for ceiling, until in zip(
                self.ceilings, [*(c[0] for c in self.ceilings[1:]), math.inf], strict=True
            )
            if until >= begin - grace_s and ceiling[0] <= end
        ]
        return max(c[1] for c in held), max(c[2] for c in held), max(c[3] for c in held)

    def answer(self, item: LeasedItem, now: float, rng: random.Random) -> tuple[float, Outcome]:
        """Return how long a fetch takes and what comes of it."""
        latency_s = self.latency_s * (0.5 + rng.random())
        if self.outage[0] <= now < self.outage[1]:
            return 0.01, Outcome(item.item_id, OutcomeKind.CONNECT, reason="refused")
        shares = [
            (self.error / 2, OutcomeKind.TIMEOUT, 10.0),
            (self.error / 2, OutcomeKind.UNAVAILABLE, latency_s),
            (self.throttle, OutcomeKind.THROTTLED, latency_s),
            (self.block, OutcomeKind.BLOCKED, latency_s),
            (self.gone, OutcomeKind.GONE, latency_s),
            (self.hop if self.hop_to else 0.0, OutcomeKind.REDIRECTED, latency_s),
        ]
        dice = rng.random()
        for share, kind, took_s in shares:
            if dice < share:
                after_s = self.retry_after_s if kind is OutcomeKind.THROTTLED else None
                to = f"http://{self.hop_to}/{item.item_id}/{rng.randrange(9)}"
                return took_s, Outcome(
                    item.item_id, kind, retry_after_s=after_s, location=to, latency_s=took_s
                )
            dice -= share
        if is_list(item.url) and item.terms is not None and item.terms.max_found:
            found = tuple(listed(item.url))
            return latency_s, Outcome(item.item_id, OutcomeKind.LISTED, latency_s=latency_s, found=found)
        return latency_s, Outcome(
            item.item_id, OutcomeKind.FETCHED, n_sets=1, n_tracks=3, latency_s=latency_s
        )

    def robots(self, fetch_task: RobotsRequest, now: float) -> RobotsAnswer:
        """Return what comes of fetching the robots.txt that lies here."""
        if self.outage[0] <= now < self.outage[1]:
            return RobotsAnswer(fetch_task.of, None, reason="connection refused")
        if self.robots_fails:
            self.robots_fails -= 1
            return RobotsAnswer(fetch_task.of, None, reason="503")
        if self.robots_at is not None:
            return RobotsAnswer(fetch_task.of, None, location=self.robots_at)
        return RobotsAnswer(fetch_task.of, "", crawl_delay_s=self.crawl_delay_s)


def is_list(url: str) -> bool:
    """True if a page lists others: ``http://a.test/list/3``."""
    return "/list/" in url


def listed(url: str) -> Iterator[FoundUrl]:
    """Yield what a page of a list links to, always the same: pages of its own site and of the next one, and the next page."""
    host, path = urlsplit(url).netloc, urlsplit(url).path
    number = int(path.rpartition("/")[2])
    other = f"{chr(ord('a') + (ord(host[0]) - ord('a') + 1) % 6)}.test"
    own = [f"http://{host}/{3 * number + n}" for n in range(5)]
    for link in (*own, f"http://{other}/{number}", f"http://{other}/{number}"):
        yield found_url(link)
    yield found_url(f"http://{host}/list/{(number + 1) % N_LISTS}", is_list=True)


def found_url(url: str, *, is_list: bool = False) -> FoundUrl:
    """Make a link."""
    entry = read_line(0, url)
    assert isinstance(entry, Entry)
    return FoundUrl(entry.url, entry.domain, entry.fingerprint, is_list)
