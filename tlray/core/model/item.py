"""An item of the frontier, and the priorities of batches."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Priority(IntEnum):
    """Smaller goes first."""

    IMMEDIATE = 0
    NORMAL = 1
    LOW = 2


@dataclass(slots=True)
class FrontierItem:
    """One open item in memory."""

    id: int
    batch: int
    domain: str
    url: str
    fingerprint: str
    attempt: int = 1
    """The next or present attempt; counts from 1."""
    n_lost: int = 0
    """Leases that were lost with their worker."""
    n_hops: int = 0
    """Redirects followed so far."""
    from_public: bool = False
    """True if a redirect from a public address led to its URL: that must be public, too."""
    snoozed_since: float | None = None
    """Since when it is put off without an attempt; monotonic."""
    is_suspect: bool = False
    """True if it was being read when its worker died: it is leased alone."""
    n_unanswered: int = 0
    """How often a result that should answer it was missing."""
