"""Which items need no fetch, because another batch's fetch of the same page answers them?

Two ways lead here. A batch that begins is held against the results that are kept (`offer`); nothing of it is
fetched before that is done (`BatchBook.is_answering`). And while a page is being fetched for one batch, other
batches' items of the same page are held back (`without_twins`); when its lease lets go of it they have their
turn, and the journal says whether a row is there by then.

Items that are answered are leased like all others, so whatever dies they are not lost; but no permit is spent on
them, and their domains know nothing of them (`Lease.unfetched`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import ItemState
from tlray.core.model.outcome import KeptResult
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.lease import Lease, LeasedItem

KEPT_PER_GRANT = 256
"""Items with kept results that a task is given at once, besides what it fetches."""
MAX_UNANSWERED = 3
"""After so many kept rows that were not there an item is fetched."""


class Answering:
    """Items that kept results answer, and pages that are leased."""

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._offered: deque[tuple[FrontierItem, KeptResult]] = deque()
        self._n_leased: dict[str, int] = {}
        """Fingerprint → leased items of that page."""
        self._n_drops: dict[int, int] = {}
        """Batch → how often items of it were forgotten."""

    @property
    def n_offered(self) -> int:
        """Items that wait for a task to answer them."""
        return len(self._offered)

    def ticket(self, batch: int) -> int:
        """Return what `offer` asks for: taken before the journal is read, it tells whether that still holds."""
        return self._n_drops.setdefault(batch, 0)

    def offer(self, batch: int, kept: Iterable[tuple[FrontierItem, KeptResult]], ticket: int) -> bool:
        """Take in queued items of a batch that is being answered, with what answers them; False where items of it
        were cancelled or died since the ticket was taken, and they are to be read again."""
        if self._n_drops.get(batch) != ticket:
            return False
        self._offered.extend(kept)
        return True

    def close(self, batch: int) -> None:
        """Forget a batch."""
        self.drop(batch)
        self._n_drops.pop(batch, None)

    def drop(self, batch: int, domain: str | None = None) -> None:
        """Forget what was offered of a batch, of one domain or of all."""
        if batch in self._n_drops:
            self._n_drops[batch] += 1
        self._offered = deque(
            (item, kept)
            for item, kept in self._offered
            if item.batch != batch or (domain is not None and item.domain != domain)
        )

    def take(self, lease: Lease, *, now: float) -> list[tuple[FrontierItem, KeptResult]]:
        """Take offered items into a lease."""
        taken: list[tuple[FrontierItem, KeptResult]] = []
        while self._offered and len(taken) < KEPT_PER_GRANT:
            item, kept = self._offered.popleft()
            if self._state.frontier.is_closed(item.batch, item.domain):
                continue  # its end is being written down
            self._state.frontier.take_stored(item)
            self.hold(lease, item)
            lease.unfetched.add(item.id)
            book = self._state.books[item.batch]
            book.move(ItemState.QUEUED, ItemState.LEASED, item.domain, now=now)
            book.n_being_answered += 1
            taken.append((item, kept))
        return taken

    def without_twins(self, items: Iterable[FrontierItem]) -> list[FrontierItem]:
        """Return the items whose page nobody is fetching; the others are held back, where a result may answer them.

        A domain of which nothing is leased after all has not had its turn: no end of a fetch would bring it the next one.
        """
        alone = []
        first: set[str] = set()
        held_back: set[str] = set()
        for item in items:
            is_twin = item.fingerprint in self._n_leased or item.fingerprint in first
            if is_twin and self._state.books[item.batch].fresh_for_s > 0:
                self._state.frontier.hold_back(item)
                held_back.add(item.domain)
            else:
                first.add(item.fingerprint)
                alone.append(item)
        for domain in held_back.difference(item.domain for item in alone):
            self._state.frontier.unpark(domain)
        return alone

    def may_answer(
        self, leased: Iterable[LeasedItem], lease: Lease, *, wall: float
    ) -> list[tuple[int, float]]:
        """Return those just leased that a kept result may answer by now, each with the moment since which a fetch
        counts; ``wall`` is now, in epoch seconds."""
        found = []
        for told in leased:
            item = lease.items[told.item_id]
            fresh_for_s = self._state.books[item.batch].fresh_for_s
            if told.kept is None and fresh_for_s > 0 and item.n_unanswered < MAX_UNANSWERED:
                found.append((item.id, wall - fresh_for_s))
        return found

    def hold(self, lease: Lease, item: FrontierItem) -> None:
        """Put an item into a lease."""
        lease.items[item.id] = item
        self._n_leased[item.fingerprint] = self._n_leased.get(item.fingerprint, 0) + 1

    def let_go(self, lease: Lease, item: FrontierItem) -> None:
        """Take an item out of its lease, and let its twins have their turn."""
        del lease.items[item.id]
        book = self._state.books[item.batch]
        if item.id in lease.unfetched:
            lease.unfetched.discard(item.id)
            book.n_being_answered -= 1
        else:
            domain = self._state.domains[item.domain]
            domain.release(lease.lease_id, priority=book.priority)
            if lease.lease_id not in domain.holders:
                lease.told.discard(item.domain)  # the task may forget it now
        n_left = self._n_leased.pop(item.fingerprint) - 1
        if n_left:
            self._n_leased[item.fingerprint] = n_left
        else:
            self._state.frontier.release(item.fingerprint)


def answered_by(leased: LeasedItem, kept: KeptResult | None) -> LeasedItem:
    """Return a leased item with the result that answers it."""
    return leased if kept is None else replace(leased, kept=kept)
