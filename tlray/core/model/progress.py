"""The progress of a batch and the status of a domain, as JSON: made in the core, passed on unchanged by CLI, HTTP API and SSE.

The keys are public (CONTRACT, ``WS /ws/batch/{id}/progress``). Moments are seconds since the epoch, rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import (
    Final,
    Literal,
    NotRequired,  # pydantic takes no other before Python 3.12
)

from typing_extensions import TypedDict

from tlray.core.model.lifecycle import OPEN_ITEM_STATES, ItemState

DONE: Final = ("succeeded", "dead", "skipped")
"""States of an item that is done; one that was cancelled is not."""
Counts = Mapping[str, int] | Mapping[ItemState, int]
"""Items by state."""
BatchDomainState = Literal["finished", "paused", "parked", "resting", "fetching", "waiting"]


def n_done(counts: Counts) -> int:
    """Return how many items are done, by their counts by state."""
    return sum(n for state, n in counts.items() if state in DONE)


def n_open(counts: Counts) -> int:
    """Return how many items are not final, by their counts by state."""
    return sum(n for state, n in counts.items() if state in OPEN_ITEM_STATES)


class DomainWait(TypedDict):
    """The reason why a domain is slow or rests; empty otherwise."""

    slow_because: NotRequired[str]
    """Its robots.txt asks for a very slow rate."""
    state: NotRequired[Literal["parked", "paused"]]
    reason: NotRequired[str]
    """Why it rests, or why it was given up."""
    cooling_until: NotRequired[float]


class DomainProgress(DomainWait):
    """One domain of a batch."""

    open: int
    """Items of the batch that are not final."""
    in_flight: NotRequired[int]
    """Items of all batches that tasks hold. This and what follows is missing while the domain is not in memory."""
    blocks: NotRequired[int]
    max_rate: NotRequired[float | None]
    """Fetches a second at most; None: no ceiling."""
    rate: NotRequired[float | None]
    """Fetches a second now, as far as the site bears it; None: no ceiling."""


class BatchDomain(TypedDict):
    """One domain of a batch, finished or not."""

    domain: str
    state: BatchDomainState
    total: int
    done: int
    """Items that are final, dead letters among them; without those that were cancelled."""
    dead: int
    left: int
    in_flight: int
    """Items of all batches that tasks hold."""
    max_rate: float | None
    """Fetches a second at most; None: no ceiling."""
    rate: float | None
    """Fetches a second now; None: no ceiling."""
    cooling_until: float | None
    reason: str | None
    """Why it rests, is slow, or was given up."""
    robots_delay_s: float | None
    """Seconds between pages that its robots.txt asks for, where that makes its ceiling."""


class FirstBack(TypedDict):
    """The domain that a batch waits for: the one that is back first."""

    domain: str
    reason: str


class LostNodeRecord(TypedDict):
    """A node that was lost while it held items of the batch."""

    node_id: str
    address: str
    items: int
    """Items that went back to the queue."""
    at: float


class ItemUpdate(TypedDict):
    """An item that became final, or that will be tried again."""

    item_id: str
    url: str
    state: str
    attempt: int
    """The attempt that was made."""
    reason: str | None
    at: float


class Snapshot(TypedDict):
    """The progress of a batch at one version."""

    version: int
    """Grows with every change."""
    batch_id: str
    name: str
    state: str
    priority: str
    """``immediate``, ``normal`` or ``low``."""
    total: int
    counts: dict[str, int]
    """Items by state; their sum is the total."""
    duplicates: int
    n_rejected: int
    tracks: int
    retries: int
    blocked: int
    answered: int
    """Items that results of other batches answered."""
    found: int
    """Sets that pages of lists have added; lines given = total - found - lists + duplicates + n_rejected."""
    lists: int
    """Further pages of lists that they have added."""
    rate_per_min: float
    estimated_completion: float | None
    estimated_between: list[float | None] | None
    """The end as a range: not before (None without a ceiling), and likely by; rounded outwards, and steady."""
    estimate_waits_on: str | None
    """The domain that decides the estimate, or because of which there is none."""
    estimate_missing: str | None
    """Why a running batch has no estimate: ``matching`` (against what is known already), ``paused-domain``, ``no-page-yet``."""
    elapsed_s: float
    starts_at: float | None
    """When a scheduled batch begins."""
    waits_until: float | None
    """Nothing of it can be fetched before this moment; None while something can, or while nobody knows when."""
    waits_for: FirstBack | None
    lost_nodes: list[LostNodeRecord]
    n_domains: int
    """Domains with open items; ``domains`` has at most 50 of them."""
    parked: dict[str, str]
    """Domain → why its items were given up."""
    domains: dict[str, DomainProgress]
    trouble: str | None
    """Why the coordinator does no work; None while it does."""


class SnapshotWithItems(Snapshot):
    """A snapshot, with the items that changed since the version that its reader has seen."""

    items: list[ItemUpdate]
    items_complete: bool
    """True if ``items`` are all that changed; else they are to be read from the list of items."""


class Workers(TypedDict):
    """The scrape tasks of a home."""

    workers: int
    """Tasks that run."""
    workers_waiting: int
    """Tasks that wait for a CPU."""


class LastKnown(TypedDict):
    """The age of a snapshot that the service has from Redis, because the coordinator does not answer."""

    at: float
    """When the coordinator made it."""
    age_s: float


class BatchStatus(Snapshot, Workers):
    """The answer of the coordinator's ``status``."""

    last_known: LastKnown | None
    """None in an answer of the coordinator."""


class ProgressMessage(SnapshotWithItems, Workers):
    """The answer of the coordinator's ``watch``, and a frame of SSE and WebSocket."""

    last_known: LastKnown | None
    """None in an answer of the coordinator."""


@dataclass(frozen=True, slots=True)
class ProgressUpdate:
    """A message for readers outside the service, as the coordinator hands it out."""

    owner: str
    message: ProgressMessage
    since: int
    """The version of the message before it; 0: unknown."""
    at: float
    """Epoch seconds."""
    is_news: bool
    """False if nothing has changed: it only shows that the coordinator is alive."""
    is_last: bool
    """True if the batch is final."""


class Retried(Snapshot):
    """A snapshot after dead letters were queued again."""

    n_retried: int
    n_left: int
    """Dead letters that stay: of the group, if one was named, such as those that died after it was seen."""


class RetriedGroup(TypedDict):
    """The answer to a retry in all batches."""

    n_retried: int
    n_left: int
    """Dead letters of the group that stay: those that died after it was seen, and those of cancelled batches."""
    n_batches: int
    """Batches in which some were queued again."""


class OverrideStatus(TypedDict):
    """An operator's overrides of a domain; None: no override."""

    max_rate: float | None
    concurrency: int | None


class RobotsRecord(TypedDict):
    """A domain's robots.txt."""

    text: str
    """At most 100,000 characters."""
    is_cut: bool
    fetched_at: float | None
    crawl_delay_s: float | None


class RestRecord(TypedDict):
    """One rest of a domain."""

    began_at: float
    until: float
    reason: str


class DomainHistory(TypedDict):
    """What a domain has said and done."""

    domain: str
    robots: RobotsRecord | None
    """None until it was fetched."""
    rests: list[RestRecord]
    """The last 100, the newest first."""


class DomainStatus(TypedDict):
    """One domain, for all batches."""

    domain: str
    paused: bool
    max_rate: float | None
    """Fetches a second at most; None: no ceiling."""
    rate: float | None
    """Fetches a second now; None: no ceiling."""
    concurrency: int
    set: OverrideStatus
    crawl_delay_s: float | None
    robots_at: float | None
    """When robots.txt was read."""
    open: int
    in_flight: int
    cooling_until: float | None
    reason: str | None
    blocks_in_a_row: int
    last_fetch_at: float | None
