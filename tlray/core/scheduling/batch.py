"""A batch in memory: its options, its counts, its rate and its versioned changes.

``total`` is the sum of the counts of all states, after every move.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tlray.core.model.discovery import AddedItems
from tlray.core.model.file_source import shown_url
from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import OPEN_ITEM_STATES, BatchState, ItemState
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.retry_policy import RetryPolicy
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.scheduling.change_log import ChangedItem, ChangeLog
from tlray.core.scheduling.changeset import ItemChange
from tlray.core.scheduling.eta_range import EtaRange
from tlray.core.scheduling.node_loss import MAX_TOLD, LostNode
from tlray.core.scheduling.open_items import OpenItems
from tlray.errors import InvariantBroken

RATE_WINDOW_S = 30.0


@dataclass(slots=True)
class Batch:
    """One batch in memory."""

    id: int
    batch_id: str
    name: str
    priority: Priority
    state: BatchState
    counts: dict[ItemState, int]
    politeness: PolitenessOptions = field(default_factory=PolitenessOptions)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    owner: str = ""
    """Its user; "" on a command line."""
    keeps_pages: bool = True
    """True if its pages are archived."""
    fresh_for_s: float = 0.0
    """A result of another batch that is no older replaces a fetch; 0: every page is fetched."""
    is_matching: bool = False
    """True while its items are matched against results of other batches; until then nothing else of it is leased."""
    networks: tuple[str, ...] | None = None
    """Networks (CIDRs) besides public addresses that may be fetched from, as the service sets them; None: any of its URLs'."""
    terms: BatchConfig | None = None
    """Contact and limits of its fetches; None: those of the coordinator."""
    n_reusing: int = 0
    """Items that tasks hold with the results that replace their fetch."""
    n_duplicates: int = 0
    n_rejected: int = 0
    n_sets: int = 0
    n_tracks: int = 0
    n_retries: int = 0
    n_blocked: int = 0
    n_answered: int = 0
    """Items that results of other batches answered."""
    n_found: int = 0
    """Sets that pages of lists have added."""
    n_lists: int = 0
    """Further pages of lists that they have added."""
    open_by_domain: dict[str, int] = field(default_factory=dict)
    open_items: OpenItems = field(default_factory=OpenItems, repr=False, compare=False)
    """Where its open items are counted with those of the other batches in memory."""
    created_at: float = 0.0
    """Epoch seconds."""
    waits_since: float = 0.0
    """Since when its oldest open item can be fetched: it was submitted, was due to start, or its dead letters were queued again;
    epoch seconds."""
    version: int = 1
    """Grows with every visible change."""
    changes: ChangeLog[ChangedItem] | None = None
    """The changes of items, while a client watches."""
    finals: deque[tuple[float, int]] = field(default_factory=deque)
    """(monotonic moment, items that became final), of the last half minute."""
    first_at: float | None = None
    """When the first item became final; monotonic."""
    eta: EtaRange = field(default_factory=EtaRange, repr=False, compare=False)
    """The range of its end, as it is shown."""
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
        """True unless it is scheduled for later; until then events at its domains do not end its items."""
        return self.state is not BatchState.SCHEDULED

    @property
    def may_lease(self) -> bool:
        """True if its queued items may be leased."""
        return self.state is BatchState.RUNNING and not self.is_matching

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
            self.changes.reset(
                version=self.version + 1
            )  # many items at once, by one statement of the journal
        if before.is_final != after.is_final:
            n_opened = n if before.is_final else -n
            self.open_by_domain[domain] = self.open_by_domain.get(domain, 0) + n_opened
            self.open_items.add(self.owner, n_opened)
            if after.is_final:
                self.open_items.count_final(after, n)
            if before is ItemState.LEASED and after is not ItemState.CANCELLED:
                self._count_done(n, now)
        self.version += 1

    def add_found(self, added: AddedItems) -> None:
        """Count the items that a page of a list has added."""
        self.n_found += added.n_sets
        self.n_lists += added.n_lists
        for domain, n in added.queued.items():
            self.counts[ItemState.QUEUED] = self.counts.get(ItemState.QUEUED, 0) + n
            self.open_by_domain[domain] = self.open_by_domain.get(domain, 0) + n
            self.open_items.add(self.owner, n)
        self.counts[ItemState.SKIPPED] = self.counts.get(ItemState.SKIPPED, 0) + added.n_skipped
        self.open_items.count_final(ItemState.SKIPPED, added.n_skipped)
        if added.n_skipped and self.changes is not None:
            self.changes.reset(version=self.version + 1)  # many items at once
        self.version += 1

    def log_change(self, change: ItemChange, *, now: float) -> None:
        """Add an item's change to the log, before the item is moved. A return to the queue shows only in the counts."""
        if self.changes is not None and (change.after.is_final or change.after is ItemState.WAITING):
            item = change.item
            changed = ChangedItem(
                item.id, shown_url(item.url), change.after, item.attempt, change.reason, now
            )
            self.changes.add(item.id, changed, version=self.version + 1)

    def add_lost_node(self, node: LostNode) -> None:
        """Record a node that was lost with items of the batch."""
        self.lost_nodes.append(node)
        self.version += 1

    def move_domain(self, before: str, after: str) -> None:
        """Count an open item at another domain, after a redirect."""
        self.open_by_domain[before] = self.open_by_domain.get(before, 0) - 1
        self.open_by_domain[after] = self.open_by_domain.get(after, 0) + 1

    def rate_per_s(self, now: float) -> float:
        """Items that became final a second, over the last half minute (or since the first). Cancelled items and given-up lanes
        do not count."""
        while self.finals and self.finals[0][0] < now - RATE_WINDOW_S:
            self.finals.popleft()
        if self.first_at is None or not self.finals:
            return 0.0
        return sum(n for _, n in self.finals) / max(1.0, min(RATE_WINDOW_S, now - self.first_at))

    def mean_per_s(self, elapsed_s: float) -> float:
        """Items that succeeded a second, over the whole time; of a finished batch no other rate is stored."""
        return self.counts.get(ItemState.SUCCEEDED, 0) / max(1.0, elapsed_s)

    def _count_done(self, n: int, now: float) -> None:
        if self.first_at is None:
            self.first_at = now
        if self.finals and self.finals[-1][0] > now - 0.25:
            self.finals[-1] = (self.finals[-1][0], self.finals[-1][1] + n)
        else:
            self.finals.append((now, n))
