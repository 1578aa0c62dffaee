"""The frontier: all items that are not final, in the order priority ▸ domain round robin ▸ due time.

An item stands in one *lane*: one batch's items of one domain. Only a window of a lane is in memory (``ready``); the journal has
the rest, and loads it (`wanting`) when the window runs low, so a batch of a million URLs is not a million objects. Items that
may not be fetched yet are in one heap by due time. A domain of which nothing may be leased now (``allowance`` is 0) is
suspended, for that priority and lower ones, and costs nothing until `resume_domain`. An item that may kill its worker (it was
being read, or its lease was lost twice) is isolated, and leased alone.

To take, give back and finish are O(log n) in the items waiting and O(1) in all else. Moments are monotonic seconds.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable
from itertools import chain

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.scheduling.delay_queue import LOOKED_AT, DelayQueue
from tlray.core.scheduling.lanes import Dropped, Lane

WINDOW = 512
"""Items of a lane that are loaded at once, at most."""
SMALLEST_WINDOW = 8
"""Some seconds of a polite domain. So much of each of many lanes, however many there are."""
MOST_LOADED = 262_144
"""About so many items of all lanes are in memory: of many lanes fewer each."""
MOST_PASSED = 1_024
"""The most domains in a row that are passed over in one call; the next call begins behind them."""
ISOLATE_AFTER_LOST = 2
"""An item whose lease was lost so often is leased alone."""

_NO_LANES = (0,) * len(Priority)


class Frontier:
    """All open items that no lease holds."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[int, str], Lane] = {}
        self._rings: dict[Priority, OrderedDict[str, deque[Lane]]] = {p: OrderedDict() for p in Priority}
        self._parked: dict[str, Priority] = {}
        """Domain → the highest priority that may take nothing of it now."""
        self._waiting = DelayQueue()
        self._by_batch: dict[int, dict[str, Lane]] = {}
        self._by_domain: dict[str, OrderedDict[int, Lane]] = {}
        """Each domain's lanes, the one taken from last at the end; a suspended domain keeps the order."""
        self._n_lanes: dict[str, list[int]] = {}
        """The number of each domain's lanes, by priority."""
        self._hungry: OrderedDict[int, OrderedDict[str, None]] = OrderedDict()
        """Batch → its domains whose lanes are to be loaded."""
        self._aside: OrderedDict[tuple[int, str], Lane] = OrderedDict()
        """Lanes with isolated items."""
        self._closed: Counter[tuple[int, str]] = Counter()
        """Lanes whose end is being journalled, with the number of times that they were closed."""
        self._held: set[int] = set()
        self._twins: dict[str, list[FrontierItem]] = {}
        """Fingerprint of a leased page → items of other batches that wait for its result."""

    def __repr__(self) -> str:
        n_ready = sum(len(lane.ready) for lane in self._lanes.values())
        parts = f"{len(self._lanes)} lanes, {n_ready} ready, {len(self._waiting)} waiting"
        return f"<Frontier {parts}, {len(self._parked)} parked>"

    # -- filling ---------------------------------------------------------------------------

    @property
    def window(self) -> int:
        """Items of a lane that are to be loaded at once; with less than half of it in memory, a lane is loaded again."""
        return max(SMALLEST_WINDOW, min(WINDOW, MOST_LOADED // max(1, len(self._lanes))))

    def add_lane(
        self, batch: int, domain: str, priority: Priority, n_stored: int, *, is_paused: bool = False
    ) -> None:
        """Add a lane with ``n_stored`` queued items in the journal."""
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
        lane.is_restocked = lane.is_loading
        lane.is_paused = lane.is_paused if known else is_paused
        self._feed(lane)

    def wanting(self, most: int = LOOKED_AT) -> list[Lane]:
        """Return the lanes to be loaded, at most so many, the batches in turn; they are marked as loading."""
        lanes: list[Lane] = []
        while self._hungry and len(lanes) < most:
            batch, domains = self._hungry.popitem(last=False)
            domain, _ = domains.popitem(last=False)
            if domains:
                self._hungry[batch] = domains
            if (lane := self._lanes.get((batch, domain))) is not None:
                lane.is_loading = True
                lanes.append(lane)
        return lanes

    def loaded(self, lane: Lane, items: Iterable[FrontierItem], *, last_id: int, is_last: bool) -> None:
        """Add items that the journal loaded to a lane's window."""
        lane.is_loading = False
        if self._lanes.get((lane.batch, lane.domain)) is not lane:
            return  # dropped in the meantime
        n_read = 0
        for item in items:
            if item.id not in self._held:
                n_read += 1
                self._held.add(item.id)
                self._queue(lane, item)
        if lane.is_restocked:  # new items may lie before those just read: begin again
            lane.is_restocked, lane.cursor = False, 0
            lane.n_stored = max(0, lane.n_stored - n_read)
        else:
            lane.cursor = max(lane.cursor, last_id)
            lane.n_stored = 0 if is_last else max(0, lane.n_stored - n_read)
        self._activate(lane)
        self._feed(lane)

    def push(
        self, item: FrontierItem, priority: Priority, *, first: bool = False, is_paused: bool = False
    ) -> None:
        """Queue an item at the end of its lane, or at its front if it was leased before."""
        lane = self._lanes.get((item.batch, item.domain))
        if lane is None:
            lane = self._lane(item.batch, item.domain, priority)
            lane.is_paused = is_paused
        self._held.add(item.id)
        self._queue(lane, item, first=first)
        self._activate(lane)

    def wait(self, item: FrontierItem, due: float) -> None:
        """Add an item that is due at ``due``."""
        self._held.add(item.id)
        self._waiting.add(item, due)

    def lift(self, domain: str, now: float) -> None:
        """Make the snoozed items of a domain due now."""
        self._waiting.lift(domain, now)

    def pop_due(self, now: float) -> list[FrontierItem]:
        """Remove and return the waiting items that are due; the caller pushes them as queued."""
        return self._waiting.pop_due(now)

    # -- taking ----------------------------------------------------------------------------

    def take(
        self,
        n: int,
        allowance: Callable[[str], int],
        *,
        first: Priority = Priority.IMMEDIATE,
        up_to: Priority = Priority.LOW,
    ) -> list[FrontierItem]:
        """Take up to ``n`` items in order, at most ``allowance(domain)`` of each domain, of the priorities from ``first`` to
        ``up_to``. A negative allowance leaves the domain to other tasks."""
        taken: list[FrontierItem] = []
        left: dict[str, int] = {}
        for priority, ring in self._rings.items():
            if not first <= priority <= up_to:
                continue
            quantum = max(1, n // max(1, len(ring)))
            n_passed = 0
            while ring and len(taken) < n and n_passed < min(len(ring), MOST_PASSED):
                domain, lanes = next(iter(ring.items()))
                if domain not in left:
                    left[domain] = allowance(domain)
                if left[domain] < 0:
                    ring.move_to_end(domain)
                    n_passed += 1
                    continue
                n_passed = 0
                k = min(quantum, n - len(taken), left[domain])
                if k <= 0:
                    self._park(domain, priority)
                    continue
                lane = lanes[0]
                for _ in range(min(k, len(lane.ready))):
                    taken.append(lane.ready.popleft())
                    left[domain] -= 1
                lanes.rotate(-1)
                self._by_domain[domain].move_to_end(lane.batch)
                ring.move_to_end(domain)
                if not lane.ready:
                    self._deactivate(lane)
                self._feed(lane)
        return taken

    def take_alone(self, allowance: Callable[[str], int]) -> FrontierItem | None:
        """Take one isolated item, of the highest priority first; None if none may go."""
        for lane in sorted(self._aside.values(), key=lambda lane: lane.priority):
            if self._is_takeable(lane) and allowance(lane.domain) > 0:
                item = lane.isolated.pop(0)
                if not lane.isolated:
                    del self._aside[lane.batch, lane.domain]
                return item
        return None

    def take_stored(self, item: FrontierItem) -> None:
        """Remove from its lane's count an item that was read from the journal out of order, while the lane was not loading."""
        self._lanes[item.batch, item.domain].n_stored -= 1
        self._held.add(item.id)

    def hold_back(self, item: FrontierItem) -> None:
        """Hold an item that was just taken until the lease of its twin ends."""
        self._lanes[item.batch, item.domain].behind[item.id] = item
        self._twins.setdefault(item.fingerprint, []).append(item)

    def release(self, fingerprint: str) -> None:
        """Queue the items that waited for a twin, at the front of their lanes."""
        for item in self._twins.pop(fingerprint, ()):
            lane = self._lanes.get((item.batch, item.domain))
            if lane is not None and lane.behind.pop(item.id, None) is not None:
                self._queue(lane, item, first=True)
                self._activate(lane)

    def finish(self, item: FrontierItem) -> None:
        """Forget an item that is final."""
        self._held.discard(item.id)

    # -- domains and batches ---------------------------------------------------------------

    def resume_domain(self, domain: str) -> None:
        """Let a suspended domain take its turns again."""
        if self._parked.pop(domain, None) is not None:
            for lane in self.lanes_at(domain):
                self._activate(lane)

    def forget(self, domain: str) -> None:
        """Forget a domain that has no lanes."""
        self._parked.pop(domain, None)

    def close_lane(self, batch: int, domain: str) -> None:
        """Take nothing of a lane until `reopen_lane`: its end is being journalled."""
        self._closed[batch, domain] += 1
        if (lane := self._lanes.get((batch, domain))) is not None:
            self._deactivate(lane)

    def reopen_lane(self, batch: int, domain: str) -> None:
        """Undo one `close_lane`."""
        self._closed[batch, domain] -= 1
        if not self.is_closed(batch, domain):
            del self._closed[batch, domain]

    def is_closed(self, batch: int, domain: str) -> bool:
        """True while the end of a lane is being journalled."""
        return self._closed.get((batch, domain), 0) > 0

    def pause(self, batch: int, *, is_paused: bool) -> None:
        """Pause or resume a batch's lanes."""
        for lane in self.lanes_of(batch):
            lane.is_paused = is_paused
            if is_paused:
                self._deactivate(lane)
            else:
                self._activate(lane)
                self._feed(lane)

    def set_priority(self, batch: int, priority: Priority) -> None:
        """Give a batch's lanes another priority."""
        for lane in self.lanes_of(batch):
            self._deactivate(lane)
            self._n_lanes[lane.domain][lane.priority] -= 1
            self._n_lanes[lane.domain][priority] += 1
            lane.priority = priority
            self._activate(lane)

    def drop(self, batch: int, domain: str | None = None) -> Dropped:
        """Remove a batch's queued and waiting items, of one domain or of all."""
        n_queued = 0
        gone: list[FrontierItem] = []
        if domain is None:
            lanes = self.lanes_of(batch)
        else:
            lanes = [lane for lane in (self._lanes.get((batch, domain)),) if lane is not None]
        for lane in lanes:
            n_queued += lane.n_queued
            gone += (*lane.ready, *lane.isolated, *lane.behind.values())
            self._forget(lane)
        waited = self._waiting.drop(batch, domain)
        self._held.difference_update(item.id for item in chain(gone, waited))
        return Dropped(n_queued, len(waited))

    def lanes_of(self, batch: int) -> list[Lane]:
        """Return a batch's lanes."""
        return list(self._by_batch.get(batch, {}).values())

    def lanes_at(self, domain: str) -> list[Lane]:
        """Return a domain's lanes, the next one first."""
        return list(self._by_domain.get(domain, {}).values())

    def priority_at(self, domain: str) -> Priority | None:
        """Return the highest priority of a domain's lanes; None where it has none."""
        return next((p for p in Priority if self._n_lanes.get(domain, _NO_LANES)[p]), None)

    def next_at(self, domain: str) -> FrontierItem | None:
        """Return an item of a domain that is in memory and not paused, or None."""
        for lane in self.lanes_at(domain):
            if (lane.ready or lane.isolated) and self._is_takeable(lane):
                return lane.ready[0] if lane.ready else lane.isolated[0]
        return None

    def n_queued(self, domain: str) -> int:
        """Queued items of a domain that are not paused, in memory or not."""
        return sum(lane.n_queued for lane in self.lanes_at(domain) if not lane.is_paused)

    def has_queued(self, domain: str) -> bool:
        """True if there are such items."""
        return any(lane.n_queued for lane in self.lanes_at(domain) if not lane.is_paused)

    def n_waiting(self, batch: int) -> int:
        """Return how many of a batch's items wait; O(n) in all that wait."""
        return self._waiting.n(batch)

    def last_due(self, batch: int) -> dict[str, float]:
        """Return the due time of the last waiting item of each of a batch's domains; see `DelayQueue.last_due`."""
        return self._waiting.last_due(batch)

    def takeable_domains(self) -> list[str]:
        """Return the domains with ready or isolated items that are not suspended."""
        alone = (lane.domain for lane in self._aside.values() if self._is_takeable(lane))
        return list(dict.fromkeys(chain(*self._rings.values(), alone)))

    def next_due(self) -> float | None:
        """Return when the next waiting item is due, or None."""
        return self._waiting.next_due()

    # -- within ----------------------------------------------------------------------------

    def _lane(self, batch: int, domain: str, priority: Priority) -> Lane:
        lane = self._lanes.get((batch, domain))
        if lane is None:
            lane = self._lanes[batch, domain] = Lane(batch, domain, priority)
            self._by_domain.setdefault(domain, OrderedDict())[batch] = lane
            self._n_lanes.setdefault(domain, list(_NO_LANES))[priority] += 1
            self._by_batch.setdefault(batch, {})[domain] = lane
        return lane

    def _is_takeable(self, lane: Lane) -> bool:
        return not lane.is_paused and not self.is_closed(lane.batch, lane.domain)

    def _forget(self, lane: Lane) -> None:
        self._deactivate(lane)
        del self._lanes[lane.batch, lane.domain]
        self._aside.pop((lane.batch, lane.domain), None)
        of_domain = self._by_domain[lane.domain]
        del of_domain[lane.batch]
        self._n_lanes[lane.domain][lane.priority] -= 1
        if not of_domain:
            del self._by_domain[lane.domain], self._n_lanes[lane.domain]
        of_batch = self._by_batch[lane.batch]
        del of_batch[lane.domain]
        if not of_batch:
            del self._by_batch[lane.batch]

    def _queue(self, lane: Lane, item: FrontierItem, *, first: bool = False) -> None:
        if item.is_suspect or item.n_lost >= ISOLATE_AFTER_LOST:
            lane.isolated.append(item)
            self._aside[lane.batch, lane.domain] = lane
        elif first:
            lane.ready.appendleft(item)
        else:
            lane.ready.append(item)

    def _feed(self, lane: Lane) -> None:
        is_low = len(lane.ready) < self.window // 2
        if lane.n_stored and is_low and not lane.is_loading and not lane.is_paused:
            self._hungry.setdefault(lane.batch, OrderedDict())[lane.domain] = None

    def _activate(self, lane: Lane) -> None:
        if not lane.ready or not self._is_takeable(lane):
            return
        if lane.domain in self._parked and self._parked[lane.domain] <= lane.priority:
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

    def _park(self, domain: str, priority: Priority) -> None:
        self._parked[domain] = min(priority, self._parked.get(domain, priority))
        for of, ring in self._rings.items():
            if of >= priority:
                ring.pop(domain, None)
