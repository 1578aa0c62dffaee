"""The bound on open items: journalled and not final, in all and per owner.

Items of batches that are received, run, are paused or sleep count. Those of batches in memory are counted by the batches
(`InMemory`), the others here. A list without room may wait while other items are on their way to be final; of lists that only
wait for each other, the youngest is refused. Moments are monotonic seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tlray.core.scheduling.open_items import OpenItems

ABANDONED_AFTER_S = 3_600.0
"""A list whose sender was silent for this time may be dropped."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The largest numbers of open items."""

    in_all: int = 5_000_000
    per_owner: int = 2_000_000


@dataclass(frozen=True, slots=True)
class BatchLoad:
    """A batch in memory."""

    owner: str
    n_open: int
    is_running: bool
    left_s: Callable[[], float | None] = lambda: None
    """Seconds until it is done; called only if a list has to wait."""


@dataclass(frozen=True, slots=True)
class InMemory:
    """The batches in memory."""

    open_items: OpenItems
    loads: Callable[[], Sequence[BatchLoad]]
    """The single batches; called only if a list has no room."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal of items."""

    is_per_owner: bool
    bound: int
    n_open: int
    """Open items of that owner, or in all."""
    retry_after_s: float | None
    """When there may be room; None: unknown."""
    can_wait: bool
    """True if there will be room without an action."""


@dataclass(slots=True)
class _StoredBatch:
    """A batch that is not in memory."""

    owner: str
    n_open: int
    is_receiving: bool
    heard_at: float
    began: int
    is_waiting: bool = False


class Backlog:
    """The items that are not final."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._stored: dict[str, _StoredBatch] = {}
        self._open_items = OpenItems()
        """Of the batches that are not in memory."""
        self._n_begun = 0

    def add(
        self, batch_id: str, owner: str, *, n_open: int = 0, is_receiving: bool = True, now: float
    ) -> None:
        """Count a batch that is received, or that sleeps; a known one stays as it is."""
        self._n_begun += 1
        if batch_id not in self._stored:
            self._stored[batch_id] = _StoredBatch(owner, 0, is_receiving, now, self._n_begun)
            self._count(self._stored[batch_id], n_open)

    def is_receiving(self, batch_id: str) -> bool:
        """True if a batch is counted here and is being received."""
        stored = self._stored.get(batch_id)
        return stored is not None and stored.is_receiving

    @property
    def is_any_receiving(self) -> bool:
        """True while a list is being received."""
        return any(stored.is_receiving for stored in self._stored.values())

    def forget(self, batch_id: str) -> None:
        """Stop counting a batch here: it is in memory, or it was dropped."""
        if (stored := self._stored.pop(batch_id, None)) is not None:
            self._count(stored, -stored.n_open)

    def reserve(self, batch_id: str, n: int, live: InMemory, *, now: float) -> Refusal | None:
        """Count ``n`` more items of a batch that is received; without room, count nothing and return the refusal.

        Items beyond a list's own bound are not refused here: they may be duplicates; see `is_too_long`.
        """
        own = self._stored[batch_id]
        own.heard_at = now
        for is_per_owner, bound in ((True, self.bounds.per_owner), (False, self.bounds.in_all)):
            owner = own.owner if is_per_owner else None
            n_open = self._open_items.of(owner) + live.open_items.of(owner)
            n_over = n_open + min(n, max(0, bound - own.n_open)) - bound
            if n_over > 0:
                own.is_waiting = True
                counted = [s for s in live.loads() if s.is_running and owner in (None, s.owner)]
                retry_after_s = _room_in_s(n_over, counted)
                return Refusal(
                    is_per_owner, bound, n_open, retry_after_s, self._can_wait(own, counted, is_per_owner)
                )
        own.is_waiting = False
        self._count(own, n)
        return None

    def give_back(self, batch_id: str, n: int) -> None:
        """Count ``n`` items less: they were duplicates, or were not stored."""
        if (own := self._stored.get(batch_id)) is not None:
            self._count(own, -n)

    def is_too_long(self, batch_id: str, *, less: int = 0) -> Refusal | None:
        """Return the refusal of a list that would not fit into an empty backlog; None if it fits. ``less`` items of it do not
        count."""
        own = self._stored[batch_id]
        for is_per_owner, bound in ((True, self.bounds.per_owner), (False, self.bounds.in_all)):
            if own.n_open - less > bound:
                return Refusal(is_per_owner, bound, own.n_open, None, can_wait=False)
        return None

    def abandoned(self, now: float) -> list[str]:
        """Return the lists without a sender."""
        return [
            batch_id
            for batch_id, stored in self._stored.items()
            if stored.is_receiving and now - stored.heard_at > ABANDONED_AFTER_S
        ]

    def _count(self, stored: _StoredBatch, n: int) -> None:
        stored.n_open += n
        self._open_items.add(stored.owner, n)

    def _can_wait(self, own: _StoredBatch, running: Iterable[BatchLoad], is_per_owner: bool) -> bool:
        if any(standing.n_open for standing in running):
            return True
        others = [
            stored
            for stored in self._stored.values()
            if stored is not own
            and stored.is_receiving
            and stored.n_open
            and (not is_per_owner or stored.owner == own.owner)
        ]
        return any(not other.is_waiting or other.began > own.began for other in others)


def _room_in_s(n: int, running: Sequence[BatchLoad]) -> float | None:
    """Return the seconds until ``n`` items are final, by the estimates of the batches."""
    if sum(standing.n_open for standing in running) < n:
        return None
    left = [(standing.n_open, left_s) for standing in running if (left_s := standing.left_s())]
    per_s = sum(n_open / left_s for n_open, left_s in left if math.isfinite(left_s))
    return n / per_s if per_s else None
