"""What does the frontier hold? Items, and the lanes that they stand in.

A *lane* is one batch's items of one domain. Of a lane only a window is in memory; `tlray.core.scheduling.frontier` moves it on.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
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
    """The attempt that comes next, or runs; counts from 1."""
    n_lost: int = 0
    """Leases that were lost with their worker."""
    n_hops: int = 0
    """Redirects followed so far."""
    from_public: bool = False
    """Whether a redirect from a public address led to its URL: then that must be public, too."""
    snoozed_since: float | None = None
    """When it was first put off without an attempt; monotonic."""
    is_suspect: bool = False
    """Whether it was being read when its worker died: then it is leased alone."""
    n_unanswered: int = 0
    """How often kept rows that should have answered it were not there."""


@dataclass(slots=True, eq=False)
class Lane:
    """One batch's items of one domain."""

    batch: int
    domain: str
    priority: Priority
    n_stored: int = 0
    """Queued items that are in the journal only."""
    cursor: int = 0
    """The last item id that was loaded."""
    ready: deque[FrontierItem] = field(default_factory=deque)
    isolated: deque[FrontierItem] = field(default_factory=deque)
    """Queued items that are to be leased alone."""
    behind: dict[int, FrontierItem] = field(default_factory=dict)
    """Queued items that wait for a twin: another batch's item of the same page, which is leased now."""
    is_paused: bool = False
    is_loading: bool = False
    is_restocked: bool = False
    """Items came into the journal behind the cursor while a window was being loaded."""

    @property
    def n_queued(self) -> int:
        """Queued items, in memory or not."""
        return self.n_stored + len(self.ready) + len(self.isolated) + len(self.behind)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was forgotten: how many items were queued (in memory or not), and how many were waiting."""

    n_queued: int = 0
    n_waiting: int = 0
