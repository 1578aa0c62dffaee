"""How far is a batch? Its counts, its rate and its versioned changes.

The books always balance: ``total`` is the sum of the counts of all states, after every move.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import OPEN_ITEM_STATES, BatchState, ItemState
from tlray.core.politeness.policy import Manners
from tlray.core.politeness.retry import RetryPolicy
from tlray.core.scheduling.batch_config import BatchTerms
from tlray.core.scheduling.change_log import Changes, ItemChanged
from tlray.core.scheduling.changeset import ItemChange
from tlray.core.scheduling.node_loss import MAX_TOLD, LostNode
from tlray.errors import InvariantBroken

RATE_WINDOW_S = 30.0


@dataclass(slots=True)
class BatchBook:
    """One batch in memory."""

    id: int
    batch_id: str
    name: str
    priority: Priority
    state: BatchState
    counts: dict[ItemState, int]
    manners: Manners = field(default_factory=Manners)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    owner: str = ""
    """Whose it is; "" on a command line."""
    keeps_pages: bool = True
    """Whether the pages are archived."""
    fresh_for_s: float = 0.0
    """A result of another batch that is no older answers an item without a fetch; 0: every page is fetched."""
    is_answering: bool = False
    """Whether its items are just being held against the results that are kept; nothing else is leased before."""
    networks: tuple[str, ...] | None = None
    """The networks (CIDRs) besides public addresses that are fetched from for it: the service says so with each of its batches.
    None: any that its user names, as on a command line."""
    terms: BatchTerms | None = None
    """In whose name it is fetched, and within what limits; None: the coordinator's."""
    n_being_answered: int = 0
    """Items that tasks hold just now with the kept rows that answer them."""
    n_duplicates: int = 0
    n_rejected: int = 0
    n_sets: int = 0
    n_tracks: int = 0
    n_retries: int = 0
    n_blocked: int = 0
    n_answered: int = 0
    """Items that kept results have answered."""
    open_by_domain: dict[str, int] = field(default_factory=dict)
    created_at: float = 0.0
    """Epoch seconds."""
    version: int = 1
    """Grows with every change that a watcher could see."""
    changes: Changes[ItemChanged] | None = None
    """What has changed item by item, while somebody watches."""
    finals: deque[tuple[float, int]] = field(default_factory=deque)
    """(monotonic moment, items that were done then), of the last half minute."""
    first_at: float | None = None
    """When the first item was done; monotonic."""
    lost_nodes: deque[LostNode] = field(default_factory=lambda: deque(maxlen=MAX_TOLD))
    """The last nodes that were lost with items of it."""

    @property
    def total(self) -> int:
        """Items accepted."""
        return sum(self.counts.values())

    @property
    def n_open(self) -> int:
        """Items that are not final."""
        return sum(self.counts.get(state, 0) for state in OPEN_ITEM_STATES)

    @property
    def has_begun(self) -> bool:
        """Whether it was not put off until later: what happens at its domains before that is not its matter."""
        return self.state is not BatchState.SCHEDULED

    @property
    def may_lease(self) -> bool:
        """Whether its queued items may be leased."""
        return self.state is BatchState.RUNNING and not self.is_answering

    def move(self, before: ItemState, after: ItemState, domain: str, *, now: float, n: int = 1) -> None:
        """Count ``n`` items of a domain from one state into another."""
        self.counts[before] = self.counts.get(before, 0) - n
        self.counts[after] = self.counts.get(after, 0) + n
        if self.counts[before] < 0:
            raise InvariantBroken(f"batch {self.batch_id}: {self.counts[before]} items {before}")
        if (
            n
            and self.changes is not None
            and before is not ItemState.LEASED
            and before.is_final != after.is_final
        ):
            self.changes.lose(version=self.version + 1)  # many at once, by one statement to the journal
        if before.is_final != after.is_final:
            self.open_by_domain[domain] = self.open_by_domain.get(domain, 0) + (n if before.is_final else -n)
            if before is ItemState.LEASED and after is not ItemState.CANCELLED:
                self._count_done(n, now)
        self.version += 1

    def note(self, change: ItemChange, *, now: float) -> None:
        """Keep an item's change for who watches, before it is moved; one that only goes back into the queue is in the counts."""
        if self.changes is not None and (change.after.is_final or change.after is ItemState.WAITING):
            item = change.item
            told = ItemChanged(item.id, item.url, change.after, item.attempt, change.reason, now)
            self.changes.note(item.id, told, version=self.version + 1)

    def lose(self, node: LostNode) -> None:
        """Note a node that was lost with items of the batch."""
        self.lost_nodes.append(node)
        self.version += 1

    def rehome(self, before: str, after: str) -> None:
        """Count an open item from one domain to another (a redirect)."""
        self.open_by_domain[before] = self.open_by_domain.get(before, 0) - 1
        self.open_by_domain[after] = self.open_by_domain.get(after, 0) + 1

    def rate_per_s(self, now: float) -> float:
        """Items done per second, over the last half minute (or since the first): those that a task had and that became
        final. What is cancelled, or dies with its lane, is not done."""
        while self.finals and self.finals[0][0] < now - RATE_WINDOW_S:
            self.finals.popleft()
        if self.first_at is None or not self.finals:
            return 0.0
        return sum(n for _, n in self.finals) / max(1.0, min(RATE_WINDOW_S, now - self.first_at))

    def mean_per_s(self, elapsed_s: float) -> float:
        """Items that succeeded per second, over all the time that it took; of one that is over nothing else is kept."""
        return self.counts.get(ItemState.SUCCEEDED, 0) / max(1.0, elapsed_s)

    def _count_done(self, n: int, now: float) -> None:
        if self.first_at is None:
            self.first_at = now
        if self.finals and self.finals[-1][0] > now - 0.25:
            self.finals[-1] = (self.finals[-1][0], self.finals[-1][1] + n)
        else:
            self.finals.append((now, n))
