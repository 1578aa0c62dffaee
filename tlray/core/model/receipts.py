"""The coordinator's answers about lists, chunks, batches and tokens, as JSON; passed on unchanged by the HTTP API."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class RejectedRecord(TypedDict):
    """A line of a list that is no good URL."""

    line: int
    url: str
    reason: str


class DuplicateRecord(TypedDict):
    """A line of a list that repeats an earlier one."""

    line: int
    url: str
    first_line: int | None


class RefusedRecord(RejectedRecord):
    """A line of a list that made no item; ``first_line`` is None unless it is a duplicate."""

    first_line: int | None


class RefusedLines(TypedDict):
    """The first of the lines that made no item."""

    rejected: list[RejectedRecord]
    duplicate_lines: list[DuplicateRecord]


class UploadRecord(TypedDict):
    """A batch with uploaded files."""

    batch_id: str
    owner: str
    is_open: bool
    n_dead: int


class Receipt(RefusedLines):
    """The answer to a list that was submitted."""

    batch_id: str
    state: str
    total: int
    duplicates: int
    n_rejected: int
    estimated_completion: float | None
    warnings: list[str]


class ChunkReceipt(RefusedLines):
    """The answer to one chunk of a list."""

    batch_id: str
    piece: int
    first_line: int
    lines: int
    items: int
    duplicates: int
    n_rejected: int


class DomainPreview(TypedDict):
    """One domain of a list that is checked."""

    domain: str
    items: int
    paused: bool
    max_rate: float | None
    """Fetches a second at most; None: no ceiling."""
    cooling_until: float | None
    reason: str | None
    """Why it rests."""
    takes_s: float | None
    """Seconds until its items are fetched, other batches considered; None if that is not known: paused, or no ceiling."""


class ListPreview(RefusedLines):
    """What would become of a list."""

    total: int
    """Items; lines given = total + duplicates + n_rejected."""
    duplicates: int
    n_rejected: int
    warnings: list[str]
    n_domains: int
    domains: list[DomainPreview]
    """The first 100, the one that takes longest first."""
    takes_s: float | None
    """Seconds of the domain that takes longest; None if none is known."""
    estimate_waits_on: str | None
    """That domain."""


class BatchCounts(TypedDict):
    """The items of a batch."""

    total: int
    counts: dict[str, int]


class BatchSummary(BatchCounts):
    """A batch in a list of batches."""

    batch_id: str
    name: str
    state: str
    owner: str
    priority: str
    created_at: float
    finished_at: float | None
    tracks: int
    duplicates: int
    n_rejected: int


class BatchOrigin(TypedDict):
    """Whose a batch is, when it came and ended, and what it was submitted with."""

    owner: str
    created_at: float
    finished_at: float | None
    not_before: float | None
    fresh_for_s: float
    """Results of other batches up to this age were taken; 0: every page was fetched."""
    keeps_pages: bool
    max_attempts: int
    webhook: str | None
    email: str | None
    paused_by: str | None
    """Who has paused it last; "" where nobody is asked."""
    paused_at: float | None
    half_way: tuple[float | None, float] | None
    """What was said of its end when half of it was done: not before, likely by."""


class DeadSample(TypedDict):
    """One dead letter of a group."""

    batch_id: str
    item_id: str
    line: int
    url: str
    reason: str | None


class DeadGroupRecord(TypedDict):
    """The dead letters of one kind at one domain."""

    kind: str
    """The kind of the last outcome, or ``parked``, ``redirect``, ``robots-unreachable``, ``other``."""
    domain: str
    n: int
    newest_at: float | None
    """When the newest of them died; None for those of an older tlray."""
    retry_helps: Literal["yes", "later", "maybe", "no"]
    hint: str
    """What a retry depends on, in words."""
    sample: DeadSample


class DeadGroups(TypedDict):
    """Dead letters by kind and domain, the largest group first."""

    total: int
    version: int
    """For `up_to_version` of a retry: what dies later has a higher one."""
    groups: list[DeadGroupRecord]


class TokenHolder(TypedDict):
    """The user of a token or a ticket, with the scopes."""

    user: str
    scopes: tuple[str, ...]


class Stats(TypedDict):
    """Counts for ``/metrics``."""

    batches: dict[str, int]
    items: dict[str, int]
    domains: dict[str, int]
    queue: dict[str, int]
    queue_oldest_s: dict[str, float]
    incarnation: int
    leases: int
    items_in_flight: int
    is_halted: int
    redis_up: bool | None
    """True while the coordinator reaches Redis; None if it has none."""
