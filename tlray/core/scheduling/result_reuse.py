"""The reuse of results: items that another batch's fetch of the same page answers.

There are two ways. A new batch is matched against the journal's results (`offer`); nothing of it is fetched before that is done
(`Batch.is_matching`). And while a page is being fetched for one batch, other batches' items of that page wait
(`without_twins`); when its lease ends they are queued, and the journal has the result by then.

Reused items are leased like all others, so no crash loses them; they need no permit, and their domains do not count them
(`Lease.unfetched`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import ItemState
from tlray.core.model.outcome import ReusableResult
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.lease import Lease, LeasedItem

KEPT_PER_GRANT = 256
"""Items with a result that one grant may add to the items to fetch."""
MAX_UNANSWERED = 3
"""After so many missing results an item is fetched."""


class ResultReuse:
    """Items with results, and leased pages."""

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._offered: deque[tuple[FrontierItem, ReusableResult]] = deque()
        self._n_leased: dict[str, int] = {}
        """Fingerprint → leased items of that page."""
        self._n_drops: dict[int, int] = {}
        """Batch → how often items of it were dropped."""

    @property
    def n_offered(self) -> int:
        """Items with results that wait for a task."""
        return len(self._offered)

    def ticket(self, batch_no: int) -> int:
        """Return the ticket for `offer`; it is taken before the journal is read."""
        return self._n_drops.setdefault(batch_no, 0)

    def offer(
        self, batch_no: int, result: Iterable[tuple[FrontierItem, ReusableResult]], ticket: int
    ) -> bool:
        """Add queued items of a matched batch with their results; False if items of it were cancelled or ended since the ticket
        was taken: read them again."""
        if self._n_drops.get(batch_no) != ticket:
            return False
        self._offered.extend(result)
        return True

    def close(self, batch_no: int) -> None:
        """Forget a batch."""
        self.drop(batch_no)
        self._n_drops.pop(batch_no, None)

    def drop(self, batch_no: int, domain: str | None = None) -> None:
        """Drop the offered items of a batch, of one domain or of all."""
        if batch_no in self._n_drops:
            self._n_drops[batch_no] += 1
        self._offered = deque(
            (item, result)
            for item, result in self._offered
            if item.batch != batch_no or (domain is not None and item.domain != domain)
        )

    def take(self, lease: Lease, *, now: float) -> list[tuple[FrontierItem, ReusableResult]]:
        """Take offered items into a lease."""
        taken: list[tuple[FrontierItem, ReusableResult]] = []
        while self._offered and len(taken) < KEPT_PER_GRANT:
            item, result = self._offered.popleft()
            if self._state.frontier.is_closed(item.batch, item.domain):
                continue  # its end is being journalled
            self._state.frontier.take_stored(item)
            self.lease_item(lease, item)
            lease.unfetched.add(item.id)
            batch = self._state.batches[item.batch]
            batch.move(ItemState.QUEUED, ItemState.LEASED, item.domain, now=now)
            batch.n_reusing += 1
            taken.append((item, result))
        return taken

    def without_twins(self, items: Iterable[FrontierItem]) -> list[FrontierItem]:
        """Return the items whose page is not being fetched; the others wait, if a result may answer them.

        A domain without an item left is resumed: no end of a fetch would do it.
        """
        alone = []
        first: set[str] = set()
        held_back: set[str] = set()
        for item in items:
            is_twin = item.fingerprint in self._n_leased or item.fingerprint in first
            if is_twin and self._state.batches[item.batch].fresh_for_s > 0:
                self._state.frontier.hold_back(item)
                held_back.add(item.domain)
            else:
                first.add(item.fingerprint)
                alone.append(item)
        for domain in held_back.difference(item.domain for item in alone):
            self._state.frontier.resume_domain(domain)
        return alone

    def reuse_candidates(
        self, leased: Iterable[LeasedItem], lease: Lease, *, wall: float
    ) -> list[tuple[int, float]]:
        """Return the leased items that a result may answer by now, each with the oldest fetch that counts; ``wall`` is now, in
        epoch seconds."""
        found = []
        for leased_item in leased:
            item = lease.items[leased_item.item_id]
            fresh_for_s = self._state.batches[item.batch].fresh_for_s
            if leased_item.reused is None and fresh_for_s > 0 and item.n_unanswered < MAX_UNANSWERED:
                found.append((item.id, wall - fresh_for_s))
        return found

    def lease_item(self, lease: Lease, item: FrontierItem) -> None:
        """Add an item to a lease."""
        lease.items[item.id] = item
        self._n_leased[item.fingerprint] = self._n_leased.get(item.fingerprint, 0) + 1

    def release_item(self, lease: Lease, item: FrontierItem) -> None:
        """Remove an item from its lease, and queue its twins."""
        del lease.items[item.id]
        batch = self._state.batches[item.batch]
        if item.id in lease.unfetched:
            lease.unfetched.discard(item.id)
            batch.n_reusing -= 1
        else:
            domain = self._state.domains[item.domain]
            domain.release(lease.lease_id, priority=batch.priority)
            if lease.lease_id not in domain.holders:
                lease.configured.discard(item.domain)  # the task may forget it now
        n_left = self._n_leased.pop(item.fingerprint) - 1
        if n_left:
            self._n_leased[item.fingerprint] = n_left
        else:
            self._state.frontier.release(item.fingerprint)


def with_result(leased: LeasedItem, result: ReusableResult | None) -> LeasedItem:
    """Return a leased item with its result."""
    return leased if result is None else replace(leased, reused=result)
