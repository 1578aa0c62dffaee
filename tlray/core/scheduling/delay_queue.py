"""Items that wait for a moment: retries and snoozes. Moments are monotonic seconds."""

from __future__ import annotations

import heapq
from collections import Counter

from tlray.core.model.item import FrontierItem

LOOKED_AT = 4_096


class DelayQueue:
    """A heap of items by due time, and their number by lane."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, FrontierItem]] = []
        self.n_of: Counter[tuple[int, str]] = Counter()
        """(batch, domain) → items that wait; none is 0."""
        self._order = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, item: FrontierItem, due: float) -> None:
        """Add an item that is due at ``due``."""
        self.n_of[item.batch, item.domain] += 1
        self._order += 1
        heapq.heappush(self._heap, (due, self._order, item))

    def pop_due(self, now: float) -> list[FrontierItem]:
        """Remove and return the items that are due."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            item = heapq.heappop(self._heap)[2]
            self._count_out(item)
            due.append(item)
        return due

    def lift(self, domain: str, now: float) -> None:
        """Make the snoozed items of a domain due now; items after a failure of their own still wait."""
        for place, (_, order, item) in enumerate(self._heap):
            if item.domain == domain and item.snoozed_since is not None:
                item.snoozed_since = None
                self._heap[place] = (now, order, item)
        heapq.heapify(self._heap)

    def drop(self, batch: int, domain: str | None) -> list[FrontierItem]:
        """Remove and return a batch's items, of one domain or of all."""
        if domain is not None and not self.n_of[batch, domain]:
            return []
        gone, stay = [], []
        for entry in self._heap:
            item = entry[2]
            if item.batch == batch and domain in (None, item.domain):
                self._count_out(item)
                gone.append(item)
            else:
                stay.append(entry)
        heapq.heapify(stay)
        self._heap = stay
        return gone

    def n(self, batch: int) -> int:
        """Return how many items of a batch wait; O(n) in all that wait."""
        return sum(1 for _, _, item in self._heap if item.batch == batch)

    def last_due(self, batch: int) -> dict[str, float]:
        """Return when the last item of each of a batch's domains is due; only the first `LOOKED_AT` items count."""
        last: dict[str, float] = {}
        for due, _, item in self._heap[:LOOKED_AT]:
            if item.batch == batch:
                last[item.domain] = max(due, last.get(item.domain, due))
        return last

    def next_due(self) -> float | None:
        """Return when the next item is due, or None."""
        return self._heap[0][0] if self._heap else None

    def _count_out(self, item: FrontierItem) -> None:
        self.n_of[item.batch, item.domain] -= 1
        if not self.n_of[item.batch, item.domain]:
            del self.n_of[item.batch, item.domain]
