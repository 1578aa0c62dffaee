"""Items that may not be fetched yet, by the moment from which they may. Moments are monotonic seconds."""

from __future__ import annotations

import heapq
from collections import Counter

from tlray.core.model.item import FrontierItem

LOOKED_AT = 4_096


class Waiting:
    """A heap of items by due time, and how many there are of each lane."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, FrontierItem]] = []
        self.n_of: Counter[tuple[int, str]] = Counter()
        """(batch, domain) → items that wait; none is 0."""
        self._order = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, item: FrontierItem, due: float) -> None:
        """Keep an item until ``due``."""
        self.n_of[item.batch, item.domain] += 1
        self._order += 1
        heapq.heappush(self._heap, (due, self._order, item))

    def pop_due(self, now: float) -> list[FrontierItem]:
        """Take out the items whose time has come."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            item = heapq.heappop(self._heap)[2]
            self._count_out(item)
            due.append(item)
        return due

    def lift(self, domain: str, now: float) -> None:
        """Let the items of a domain that were put off with it be due now; what waits after a failure of its own waits on."""
        for place, (_, order, item) in enumerate(self._heap):
            if item.domain == domain and item.snoozed_since is not None:
                item.snoozed_since = None
                self._heap[place] = (now, order, item)
        heapq.heapify(self._heap)

    def drop(self, batch: int, domain: str | None) -> list[FrontierItem]:
        """Take out a batch's items, of one domain or of all."""
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
        """Return how many items of a batch wait; looks at all that wait."""
        return sum(1 for _, _, item in self._heap if item.batch == batch)

    def last_due(self, batch: int) -> dict[str, float]:
        """Return when the last item of each of a batch's domains is due; looks at no more than `LOOKED_AT`."""
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
