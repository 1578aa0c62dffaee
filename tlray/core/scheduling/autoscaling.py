"""How many scrape tasks does the work that politeness allows now need, and how many do the nodes bear?

Needed are ``max(pages a second × CPU seconds a page, requests in flight ÷ what one loop holds)``, never more than the
items left could keep busy, between the bounds (DESIGN.md 2). A task asks Ray for one CPU and holds no item while it waits for
it, so tasks that wait are real demand, and that alone makes an autoscaler add nodes.

What the nodes bear is told by the tasks on them (`NodeReading`): no further task where others keep every core busy,
one fewer where memory runs out. The CPU of our own scrape tasks is no load of others. More tasks are wanted at once, fewer
one by one, and only after `EXCESS_S`: a task that is ended too soon costs a start. Moments are monotonic seconds.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

LOOP_BOUND = 256
"""Requests that one task keeps in flight."""
ITEMS_WORTH_A_TASK = 24
"""With fewer items left for each, starting another task costs more than it brings."""
CPU_S_PER_PAGE = 0.005
"""Until it is measured."""
UNKNOWN_LATENCY_S = 0.5
"""What an answer takes where none was seen yet."""
LATENCY_SLACK = 2.0
"""A task that is short of CPU sees answers late: without it, the domain may well be twice as fast."""
FULL_SHARE = 0.9
"""A node of whose cores others use so much has no room for a further task."""
LOW_MEMORY, SCARCE_MEMORY = 0.10, 0.07
"""Shares of a node's memory: with less free, no further task; with less free, one fewer. Ray kills workers below 0.05."""
READING_HOLDS_S = 30.0
EXCESS_S = 5.0
"""So long there must be a task too many, before one is ended."""


@dataclass(frozen=True, slots=True)
class NodeReading:
    """How a node stands, as a task on it sees it."""

    node: str
    n_cores: float
    busy_cores: float
    """Cores at work lately, for whomever."""
    memory_free: float
    """Share of the memory that can be had without swapping, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The work that politeness allows now."""

    pages_per_s: float
    """Of all domains that have something to fetch; infinite where one has no ceiling and its latency is not known."""
    n_ready: int
    """Items queued on them, or leased."""
    n_in_flight: float = 0.0
    """Requests that those rates keep in flight, at the latency that was seen."""
    has_more: bool = True
    """Whether a further task would be given anything."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What one domain comes to, if nothing but its manners and its latency bounds it."""

    pages_per_s: float
    n_in_flight: float


@dataclass(slots=True)
class _Task:
    """What is known of a task that has reported."""

    node: str = ""
    cpu_per_s: float = 0.0
    heard_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Node:
    """What is known of a node, and since when."""

    n_cores: float
    others_share: float
    """Of its cores, what others than our scrape tasks use."""
    memory_free: float
    at: float


def flow(*, rate: float, slots: int, latency_s: float) -> Flow:
    """Return what a domain comes to at a rate, with so many slots; a latency of 0 is not known yet."""
    if latency_s <= 0:
        return Flow(rate, min(slots, rate * UNKNOWN_LATENCY_S))
    return Flow(min(rate, LATENCY_SLACK * slots / latency_s), min(slots, rate * latency_s))


def workers_wanted(
    demand: Demand, *, cpu_s_per_page: float, min_workers: int, max_workers: int, bearable: float = math.inf
) -> int:
    """Return how many tasks should run; ``bearable`` is how many the nodes bear (one, whatever they say)."""
    if demand.n_ready == 0:
        return 0
    by_cpu = demand.pages_per_s * cpu_s_per_page
    by_loop = demand.n_in_flight / LOOP_BOUND
    by_items = math.ceil(demand.n_ready / ITEMS_WORTH_A_TASK)
    wanted = min(max(by_cpu, by_loop, 1.0), by_items, max_workers)
    within = max(min_workers, min(max_workers, math.ceil(wanted - 1e-9)))
    return int(min(within, max(1.0, bearable)))


class Workforce:
    """How many tasks there should be, from what the tasks tell."""

    def __init__(self, *, min_workers: int, max_workers: int) -> None:
        self._min = min_workers
        self.max_workers = max_workers
        """The largest number of tasks; it may change, and goes before the least."""
        self._tasks: dict[str, _Task] = {}
        self._nodes: dict[str, _Node] = {}
        self._too_many_since: float | None = None
        self.cpu_s_per_page = CPU_S_PER_PAGE
        self.n_wanted = 0
        """What `change` found last, whether or not there was something for each."""

    def heard(
        self, lease_id: str, *, cpu_s: float, n_pages: int, reading: NodeReading | None, now: float
    ) -> None:
        """Take in what a task's report says of its work and its node."""
        task = self._tasks.setdefault(lease_id, _Task())
        if task.heard_at is not None and now > task.heard_at:
            weight = min(1.0, (now - task.heard_at) / EXCESS_S)
            task.cpu_per_s += weight * (cpu_s / (now - task.heard_at) - task.cpu_per_s)
        task.heard_at = now
        if n_pages >= 8:
            self.cpu_s_per_page += 0.2 * (cpu_s / n_pages - self.cpu_s_per_page)
        if reading is not None:
            task.node = reading.node
            ours = sum(other.cpu_per_s for other in self._tasks.values() if other.node == reading.node)
            share = max(0.0, reading.busy_cores - ours) / reading.n_cores
            self._nodes[reading.node] = _Node(reading.n_cores, share, reading.memory_free, now)

    def gone(self, lease_id: str) -> None:
        """Forget a task that has ended."""
        self._tasks.pop(lease_id, None)

    def nodes(self, now: float) -> list[str]:
        """Return the nodes of which it is known how they stand now."""
        return [name for name, node in self._nodes.items() if now - node.at <= READING_HOLDS_S]

    def bearable(self, n_tasks: int, now: float, *, has_room: bool = False) -> float:
        """Return how many tasks the nodes bear, of which ``n_tasks`` are there already; infinite where nothing is known.

        ``has_room`` says that a further task would run on no node that is known, or wait for one.
        """
        n_bearable, n_placed, n_scarce = 0.0, 0, 0
        known = self.nodes(now)
        for name in known:
            node = self._nodes[name]
            n_here = sum(1 for task in self._tasks.values() if task.node == name)
            n_placed += n_here
            n_scarce += node.memory_free < SCARCE_MEMORY
            if node.memory_free < SCARCE_MEMORY:
                n_bearable += n_here - 1
            elif node.memory_free < LOW_MEMORY or node.others_share >= FULL_SHARE:
                n_bearable += n_here
            else:
                n_bearable += max(n_here, node.n_cores)
        if not known or (has_room and not n_scarce):
            return math.inf
        return n_bearable + max(0, n_tasks - n_placed)

    def to_end(self, lease_ids: Collection[str]) -> str:
        """Return which of several tasks should end: one that has not begun, or one on the node with the least memory."""

        def memory_free(lease_id: str) -> float:
            task = self._tasks.get(lease_id)
            node = self._nodes.get(task.node) if task else None
            return -1.0 if task is None else math.inf if node is None else node.memory_free

        return min(lease_ids, key=memory_free)

    def change(self, demand: Demand, *, n_tasks: int, has_room: bool = False, now: float) -> int:
        """Return how many tasks to start, or -1 where one should end; ``has_room`` as in `bearable`."""
        wanted = workers_wanted(
            demand,
            cpu_s_per_page=self.cpu_s_per_page,
            min_workers=min(self._min, self.max_workers),
            max_workers=self.max_workers,
            bearable=self.bearable(n_tasks, now, has_room=has_room),
        )
        self.n_wanted = wanted
        if wanted >= n_tasks:
            self._too_many_since = None
            return wanted - n_tasks if demand.has_more else 0
        if self._too_many_since is None:
            self._too_many_since = now
        if now - self._too_many_since < EXCESS_S:
            return 0
        self._too_many_since = now
        return -1
