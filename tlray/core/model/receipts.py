"""The coordinator's answers about lists, chunks, batches and tokens, as JSON; passed on unchanged by the HTTP API."""

from __future__ import annotations

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
