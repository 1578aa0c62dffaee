"""Who goes next? All items that are not final, in the order priority ▸ domain round robin ▸ due time.

An item stands in one *lane*: one batch's items of one domain. Of a lane only a window is in memory
(``ready``); the rest stays in the journal and is asked for (`wanting`) when the window runs low, so a batch
of a million URLs is not a million objects. Items that may not be fetched yet are in one heap by due time. A
domain that may not be leased from now (``allowance`` says 0) is parked and costs nothing until `unpark`.

Taking, giving back and finishing are O(log n) in the items waiting and O(1) in everything else.
Times are seconds of the caller's monotonic clock.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum

WINDOW = 512
"""Items of a lane that are loaded at once."""
LOW_WATER = 256
"""With fewer in memory, and more in the journal, a lane wants loading."""


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
    snoozed_since: float | None = None
    """When it was first put off without an attempt; monotonic."""


@dataclass(slots=True)
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
    is_paused: bool = False
    is_loading: bool = False

    @property
    def n_queued(self) -> int:
        """Queued items, in memory or not."""
        return self.n_stored + len(self.ready)


class Frontier:
    """All open items that no lease holds."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[int, str], Lane] = {}
        self._rings: dict[Priority, OrderedDict[str, deque[Lane]]] = {p: OrderedDict() for p in Priority}
        self._parked: set[str] = set()
        self._waiting: list[tuple[float, int, FrontierItem]] = []
        self._by_domain: dict[str, set[int]] = {}
        self._hungry: OrderedDict[tuple[int, str], None] = OrderedDict()
        self._held: set[int] = set()
        self._order = 0

    def __repr__(self) -> str:
        n_ready = sum(len(lane.ready) for lane in self._lanes.values())
        return f"<Frontier {len(self._lanes)} lanes, {n_ready} ready, {len(self._waiting)} waiting, {len(self._parked)} parked>"

    # -- filling ---------------------------------------------------------------------------

    def add_lane(
        self, batch: int, domain: str, priority: Priority, n_stored: int, *, is_paused: bool = False
    ) -> None:
        """Make a lane known, with ``n_stored`` queued items in the journal."""
        lane = self._lane(batch, domain, priority)
        lane.n_stored, lane.cursor, lane.is_paused = n_stored, 0, is_paused
        self._feed(lane)

    def restock(
        self, batch: int, domain: str, priority: Priority, n: int, *, is_paused: bool = False
    ) -> None:
        """Count ``n`` more queued items of a lane that are in the journal only, anywhere in its order."""
        known = (batch, domain) in self._lanes
        lane = self._lane(batch, domain, priority)
        lane.n_stored, lane.cursor = lane.n_stored + n, 0
        lane.is_paused = lane.is_paused if known else is_paused
        self._feed(lane)

    def wanting(self) -> list[Lane]:
        """Return the lanes whose window runs low while the journal holds more, and count them as being
        loaded."""
        lanes = [self._lanes[key] for key in self._hungry if key in self._lanes]
        self._hungry.clear()
        for lane in lanes:
            lane.is_loading = True
        return lanes

    def loaded(self, lane: Lane, items: Iterable[FrontierItem], *, last_id: int, is_last: bool) -> None:
        """Put items that the journal gave for a lane into its window."""
        lane.is_loading = False
        if (lane.batch, lane.domain) not in self._lanes:
            return
        n_read = 0
        for item in items:
            if item.id not in self._held:
                n_read += 1
                self._held.add(item.id)
                lane.ready.append(item)
        lane.cursor = max(lane.cursor, last_id)
        lane.n_stored = 0 if is_last else max(0, lane.n_stored - n_read)
        self._activate(lane)
        self._feed(lane)

    def push(
        self, item: FrontierItem, priority: Priority, *, first: bool = False, is_paused: bool = False
    ) -> None:
        """Queue an item: behind its lane, or before it where it has been on its way already."""
        lane = self._lanes.get((item.batch, item.domain))
        if lane is None:
            lane = self._lane(item.batch, item.domain, priority)
            lane.is_paused = is_paused
        self._held.add(item.id)
        (lane.ready.appendleft if first else lane.ready.append)(item)
        self._activate(lane)

    def wait(self, item: FrontierItem, due: float) -> None:
        """Keep an item until ``due``."""
        self._held.add(item.id)
        self._order += 1
        heapq.heappush(self._waiting, (due, self._order, item))

    def pop_due(self, now: float) -> list[FrontierItem]:
        """Take out the waiting items whose time has come; the caller pushes them back as queued."""
        due = []
        while self._waiting and self._waiting[0][0] <= now:
            due.append(heapq.heappop(self._waiting)[2])
        return due

    # -- taking ----------------------------------------------------------------------------

    def take(
        self, n: int, allowance: Callable[[str], int], *, up_to: Priority = Priority.LOW
    ) -> list[FrontierItem]:
        """Take up to ``n`` items, in order, at most ``allowance(domain)`` of each domain; ``up_to`` is the
        last priority."""
        taken: list[FrontierItem] = []
        left: dict[str, int] = {}
        for priority, ring in self._rings.items():
            if priority > up_to or len(taken) >= n:
                break
            quantum = max(1, n // max(1, len(ring)))
            while ring and len(taken) < n:
                domain, lanes = next(iter(ring.items()))
                if domain not in left:
                    left[domain] = allowance(domain)
                k = min(quantum, n - len(taken), left[domain])
                if k <= 0:
                    self._park(domain)
                    continue
                lane = lanes[0]
                for _ in range(min(k, len(lane.ready))):
                    taken.append(lane.ready.popleft())
                    left[domain] -= 1
                lanes.rotate(-1)
                ring.move_to_end(domain)
                if not lane.ready:
                    self._deactivate(lane)
                self._feed(lane)
        return taken

    def finish(self, item: FrontierItem) -> None:
        """Forget an item that is final."""
        self._held.discard(item.id)

    # -- domains and batches ---------------------------------------------------------------

    def unpark(self, domain: str) -> None:
        """Let a domain take its turns again."""
        if domain in self._parked:
            self._parked.remove(domain)
            for batch in self._by_domain.get(domain, ()):
                self._activate(self._lanes[batch, domain])

    def pause(self, batch: int, *, is_paused: bool) -> None:
        """Stop or go on taking a batch's items."""
        for lane in self.lanes_of(batch):
            lane.is_paused = is_paused
            if is_paused:
                self._deactivate(lane)
            else:
                self._activate(lane)
                self._feed(lane)

    def drop(self, batch: int, domain: str | None = None) -> list[FrontierItem]:
        """Forget a batch's lanes and waiting items, of one domain or of all, and return the items that were
        in memory."""
        gone: list[FrontierItem] = []
        for lane in self.lanes_of(batch):
            if domain is None or lane.domain == domain:
                self._deactivate(lane)
                gone.extend(lane.ready)
                del self._lanes[batch, lane.domain]
                self._by_domain[lane.domain].discard(batch)
        stay = []
        for entry in self._waiting:
            item = entry[2]
            if item.batch == batch and (domain is None or item.domain == domain):
                gone.append(item)
            else:
                stay.append(entry)
        heapq.heapify(stay)
        self._waiting = stay
        for item in gone:
            self._held.discard(item.id)
        return gone

    def lanes_of(self, batch: int) -> list[Lane]:
        """Return a batch's lanes."""
        return [lane for (of, _), lane in self._lanes.items() if of == batch]

    def lanes_at(self, domain: str) -> list[Lane]:
        """Return a domain's lanes."""
        return [self._lanes[batch, domain] for batch in self._by_domain.get(domain, ())]

    def n_queued(self, domain: str) -> int:
        """Queued items of a domain that are not paused, in memory or not."""
        return sum(lane.n_queued for lane in self.lanes_at(domain) if not lane.is_paused)

    def domains(self) -> list[str]:
        """Return the domains that have a lane."""
        return [domain for domain, batches in self._by_domain.items() if batches]

    def takeable_domains(self) -> list[str]:
        """Return the domains that have their turn now: something ready, and not parked."""
        return list(dict.fromkeys(domain for ring in self._rings.values() for domain in ring))

    def next_due(self) -> float | None:
        """Return when the next waiting item is due, or None."""
        return self._waiting[0][0] if self._waiting else None

    # -- within ----------------------------------------------------------------------------

    def _lane(self, batch: int, domain: str, priority: Priority) -> Lane:
        lane = self._lanes.get((batch, domain))
        if lane is None:
            lane = self._lanes[batch, domain] = Lane(batch, domain, priority)
            self._by_domain.setdefault(domain, set()).add(batch)
        return lane

    def _feed(self, lane: Lane) -> None:
        if lane.n_stored and len(lane.ready) < LOW_WATER and not lane.is_loading and not lane.is_paused:
            self._hungry[lane.batch, lane.domain] = None

    def _activate(self, lane: Lane) -> None:
        if not lane.ready or lane.is_paused or lane.domain in self._parked:
            return
        lanes = self._rings[lane.priority].setdefault(lane.domain, deque())
        if lane not in lanes:
            lanes.append(lane)

    def _deactivate(self, lane: Lane) -> None:
        ring = self._rings[lane.priority]
        if (lanes := ring.get(lane.domain)) is not None:
            if lane in lanes:
                lanes.remove(lane)
            if not lanes:
                del ring[lane.domain]

    def _park(self, domain: str) -> None:
        self._parked.add(domain)
        for ring in self._rings.values():
            ring.pop(domain, None)
