"""The messages between coordinator and scrape task, and a live lease.

A lease is a bundle of items that one task holds until ``lease_until``. Every report of the task renews it, and the answer may
bring more items, so one task goes on while there is work (a refill costs one actor call; a new task costs a slot in Ray's
queue). Reports are numbered: a repeated one gets the first answer again and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tlray.core.model.item import FrontierItem
from tlray.core.model.outcome import Outcome, ReusableResult
from tlray.core.model.urls import host_of
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.autoscaling import NodeLoad
from tlray.core.scheduling.batch_config import BatchConfig


@dataclass(frozen=True, slots=True)
class LeasedItem:
    """One item of a task."""

    item_id: int
    batch_id: str
    domain: str
    url: str
    fingerprint: str
    attempt: int
    keeps_page: bool = True
    """True if its page is archived."""
    priority: int = 1
    """Its batch's `tlray.core.model.item.Priority`; smaller begins first."""
    from_public: bool = False
    """True if a redirect from a public address led to its URL: it may not lead to a private address."""
    reused: ReusableResult | None = None
    """The result that is used in place of a fetch; None: it is fetched."""
    networks: tuple[str, ...] | None = None
    """Its batch's `tlray.core.scheduling.batch.Batch.networks`."""
    terms: BatchConfig | None = None
    """Its batch's `tlray.core.scheduling.batch.Batch.terms`."""


@dataclass(frozen=True, slots=True)
class DomainConfig:
    """The config of a domain for a task."""

    domain: str
    policy: DomainPolicy
    robots: str
    """The text of its robots.txt; "" allows everything."""
    limiter: int
    """The limiter actor that has its bucket."""


@dataclass(frozen=True, slots=True)
class RobotsRequest:
    """A request for the robots.txt ``of`` a domain, at ``url``, before any other fetch of that domain."""

    of: str
    domain: str
    """The domain of ``url``, whose permit is spent; another than ``of`` only after a redirect."""
    url: str
    policy: DomainPolicy
    limiter: int
    from_public: bool = False
    """True if a redirect from a public address led here: then no private address is asked."""
    networks: tuple[str, ...] | None = None
    """The `tlray.core.scheduling.batch.Batch.networks` of the first batch that needs it."""
    terms: BatchConfig | None = None
    """The `tlray.core.scheduling.batch.Batch.terms` of that batch; the rules depend on the product's name, not on the contact."""


@dataclass(frozen=True, slots=True)
class Work:
    """New work of a task, at its start and in every answer."""

    items: tuple[LeasedItem, ...] = ()
    domains: tuple[DomainConfig, ...] = ()
    """Configs of the domains that are new to the lease, or have changed."""
    robots: tuple[RobotsRequest, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.items or self.robots)


@dataclass(frozen=True, slots=True)
class PartRecord:
    """A part that a task has staged, durably."""

    batch_id: str
    stem: str
    n_sets: int
    n_tracks: int
    n_bytes: int
    has_rows: bool
    has_pages: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The results of a task since its last report. At most one part a batch."""

    lease_id: str
    number: int
    outcomes: tuple[Outcome, ...] = ()
    parts: tuple[PartRecord, ...] = ()
    robots: tuple[RobotsAnswer, ...] = ()
    n_wanted: int = 0
    """How many more items the task could use."""
    cpu_s: float = 0.0
    """CPU seconds since its last report."""
    node: NodeLoad | None = None
    """The load of its node, now and then."""
    node_id: str = ""
    """The node of the task."""
    permit_wait_s: float = 0.0
    """Time that items in its hands waited for their turn since its last report, added up."""


@dataclass(frozen=True, slots=True)
class Stops:
    """Batches and domains of which nothing may begin. A paused batch's fetches in flight go on, a cancelled one's stop."""

    paused: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    """Paused domains: hosts, each with all of its ports, and ``host:port``."""
    version: int = 0
    """Grows with every change. Stops arrive by several ways, in any order: the newest counts."""

    def __contains__(self, batch_id: str) -> bool:
        return batch_id in self.paused or batch_id in self.cancelled

    def holds_back(self, item: LeasedItem) -> bool:
        """True if an item may not begin."""
        return item.batch_id in self or item.domain in self.domains or host_of(item.domain) in self.domains

    def newest(self, other: Stops) -> Stops:
        """Return the newer of two."""
        return other if other.version > self.version else self


NO_STOPS = Stops()


@dataclass(frozen=True, slots=True)
class Answer:
    """The coordinator's answer to a report."""

    accepted: bool
    """False: the lease is over (expired, lost, superseded); the task stops, and the report does not count."""
    work: Work = Work()
    stops: Stops = field(default_factory=lambda: NO_STOPS)


@dataclass(slots=True)
class Lease:
    """A live lease. Moments are monotonic seconds."""

    lease_id: str
    until: float
    items: dict[int, FrontierItem] = field(default_factory=dict)
    robots: set[str] = field(default_factory=set)
    """Domains whose robots.txt it fetches."""
    configured: set[str] = field(default_factory=set)
    """Domains whose config the task has."""
    unfetched: set[int] = field(default_factory=set)
    """Items that other batches' results answer: their domains do not count them."""
    last_number: int = 0
    last_answer: Answer | None = None
    is_committing: bool = False
    """True while a report is being journalled; the lease does not expire then."""
    is_ending: bool = False
    """True if it gets no more work."""
    started_at: float = 0.0
