"""What do the coordinator and a scrape task say to each other? The messages, and the table of live leases.

A lease is a bundle of items held by one task until ``lease_until``. Every report of the task renews it, and
its answer may bring more items, so one task goes on for as long as there is work for it (a refill costs one
actor call; a new task costs a slot in Ray's queue, and its slow last pages would keep the slot empty).
Reports are numbered: a repeated one is answered as the first time and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tlray.core.model.item import FrontierItem
from tlray.core.model.outcome import KeptResult, Outcome
from tlray.core.politeness.policy import DomainPolicy, host_of
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.autoscaling import NodeReading
from tlray.core.scheduling.batch_config import BatchTerms


@dataclass(frozen=True, slots=True)
class LeasedItem:
    """One item, as a task gets it."""

    item_id: int
    batch_id: str
    domain: str
    url: str
    fingerprint: str
    attempt: int
    keeps_page: bool = True
    """Whether the page is archived."""
    priority: int = 1
    """Its batch's `tlray.core.model.item.Priority`; smaller begins first."""
    from_public: bool = False
    """Whether a redirect from a public address led to its URL: no private address is fetched for it."""
    kept: KeptResult | None = None
    """The rows that answer it; None: it is to be fetched."""
    networks: tuple[str, ...] | None = None
    """Its batch's `tlray.core.scheduling.batch.BatchBook.networks`."""
    terms: BatchTerms | None = None
    """Its batch's `tlray.core.scheduling.batch.BatchBook.terms`."""


@dataclass(frozen=True, slots=True)
class DomainTerms:
    """What a task must know of a domain."""

    domain: str
    policy: DomainPolicy
    robots: str
    """The text of its robots.txt; "" allows everything."""
    limiter: int
    """Which limiter actor has its bucket."""


@dataclass(frozen=True, slots=True)
class RobotsErrand:
    """The robots.txt ``of`` a domain, to be fetched before anything else of it; it lies at ``url``."""

    of: str
    domain: str
    """The domain of ``url``, whose permit is spent; another than ``of`` only after a redirect."""
    url: str
    policy: DomainPolicy
    limiter: int
    from_public: bool = False
    """Whether a redirect from a public address led here: then no private address is asked."""
    networks: tuple[str, ...] | None = None
    """The `tlray.core.scheduling.batch.BatchBook.networks` of the batch that it is wanted for first."""
    terms: BatchTerms | None = None
    """The `tlray.core.scheduling.batch.BatchBook.terms` of that batch: rules depend on the product's name alone, not on the
    contact."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a task is given, at its start and in every answer."""

    items: tuple[LeasedItem, ...] = ()
    domains: tuple[DomainTerms, ...] = ()
    """Terms of the domains that are new to the lease, or have changed."""
    robots: tuple[RobotsErrand, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.items or self.robots)


@dataclass(frozen=True, slots=True)
class PartNote:
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
    """What a task has done since its last report. At most one part a batch."""

    lease_id: str
    number: int
    outcomes: tuple[Outcome, ...] = ()
    parts: tuple[PartNote, ...] = ()
    robots: tuple[RobotsAnswer, ...] = ()
    n_wanted: int = 0
    """How many more items the task could use."""
    cpu_s: float = 0.0
    """CPU time that it has used since its last report."""
    node: NodeReading | None = None
    """How its node stands, once in a while."""
    node_id: str = ""
    """Where the task runs."""


@dataclass(frozen=True, slots=True)
class Stops:
    """Batches and domains of which nothing may begin. What is in flight of a paused one goes on; of a cancelled one it
    stops."""

    paused: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    """Those that a person has paused: hosts, each with all of its ports, and ``host:port``."""
    version: int = 0
    """Grows with every change. They come by several ways, and not in order: the newest counts."""

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
    """False: the lease is over (expired, lost, superseded); stop, nothing of the report counts."""
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
    told: set[str] = field(default_factory=set)
    """Domains whose terms the task has been told."""
    unfetched: set[int] = field(default_factory=set)
    """Items that kept results answer: their domains know nothing of them."""
    last_number: int = 0
    last_answer: Answer | None = None
    is_committing: bool = False
    """A report of it is on its way into the journal; it does not expire meanwhile."""
    is_ending: bool = False
    """It gets no more work."""
    started_at: float = 0.0
