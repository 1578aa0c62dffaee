"""Lanes: the parts of the frontier.

A *lane* is one batch's items of one domain. Of a lane only a window is in memory; `tlray.core.scheduling.frontier` moves it on.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tlray.core.model.item import FrontierItem, Priority


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
    isolated: list[FrontierItem] = field(default_factory=list)
    """Isolated items: queued, and leased alone. Few: an empty deque for them would be a fifth of a domain's memory."""
    behind: dict[int, FrontierItem] = field(default_factory=dict)
    """Queued items that wait for a twin: another batch's item of the same page, which is leased."""
    is_paused: bool = False
    is_loading: bool = False
    is_restocked: bool = False
    """True if the journal got items behind the cursor while a window was loading."""

    @property
    def n_queued(self) -> int:
        """Queued items, in memory or not."""
        return self.n_stored + len(self.ready) + len(self.isolated) + len(self.behind)


@dataclass(frozen=True, slots=True)
class Dropped:
    """The number of removed items: queued (in memory or not), and waiting."""

    n_queued: int = 0
    n_waiting: int = 0
