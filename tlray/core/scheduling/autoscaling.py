"""The number of scrape tasks: as many as politeness allows work for, and as the nodes can bear.

Needed are ``max(pages a second × CPU seconds a page, requests in flight ÷ requests of one loop)``, within the bounds, and at
most as many as the open items keep busy. A task asks Ray for one CPU and holds no item while it waits, so waiting tasks are
real demand; that alone makes an autoscaler add nodes.

The tasks report the load of their nodes (`NodeLoad`). There is no further task while other processes keep every core busy, and
one fewer while memory is scarce. Our own tasks do not count as other processes. Tasks are added at once, and removed one by one
after `EXCESS_S`, because a start costs time. Moments are monotonic seconds.
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
"""The value before the first measurement."""
UNKNOWN_LATENCY_S = 0.5
"""The latency of a domain before its first answer."""
LATENCY_SLACK = 2.0
"""A task without enough CPU sees answers late: the domain may be twice as fast as it looks."""
FULL_SHARE = 0.9
"""At this share of its cores in use by other processes, a node gets no further task."""
LOW_MEMORY, SCARCE_MEMORY = 0.10, 0.07
"""Shares of free memory: below the first no further task, below the second one fewer. Ray kills workers below 0.05."""
READING_HOLDS_S = 30.0
EXCESS_S = 5.0
"""A task is removed after there was one too many for this time."""


@dataclass(frozen=True, slots=True)
class NodeLoad:
    """The load of a node, as a task on it measures it."""

    node: str
    n_cores: float
    busy_cores: float
    """Cores in use, by any process."""
    memory_free: float
    """Share of the memory that is free without swapping, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The work that politeness allows now."""

    pages_per_s: float
    """Of all domains with something to fetch; infinite if one has no ceiling and no known latency."""
    n_ready: int
    """Items queued at them, or leased."""
    n_in_flight: float = 0.0
    """Requests that these rates keep in flight at the measured latency."""
    has_more: bool = True
    """True if a further task would get items."""


@dataclass(frozen=True, slots=True)
class ExpectedLoad:
    """The throughput of one domain, bounded by its policy and its latency."""

    pages_per_s: float
    n_in_flight: float


@dataclass(slots=True)
class _Task:
    """The reports of one task."""

    node: str = ""
    cpu_per_s: float = 0.0
    reported_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Node:
    """The last load of a node, and its moment."""

    n_cores: float
    others_share: float
    """Share of its cores in use by other processes."""
    memory_free: float
    at: float


def expected_load(*, rate: float, slots: int, latency_s: float) -> ExpectedLoad:
    """Return the throughput of a domain at a rate and a number of slots; latency 0: not known yet."""
    if latency_s <= 0:
        return ExpectedLoad(rate, min(slots, rate * UNKNOWN_LATENCY_S))
    return ExpectedLoad(min(rate, LATENCY_SLACK * slots / latency_s), min(slots, rate * latency_s))


def needed_workers(
    demand: Demand, *, cpu_s_per_page: float, min_workers: int, max_workers: int, bearable: float = math.inf
) -> int:
    """Return how many tasks should run; ``bearable`` is the limit of the nodes, at least one."""
    if demand.n_ready == 0:
        return 0
    by_cpu = demand.pages_per_s * cpu_s_per_page
    by_loop = demand.n_in_flight / LOOP_BOUND
    by_items = math.ceil(demand.n_ready / ITEMS_WORTH_A_TASK)
    wanted = min(max(by_cpu, by_loop, 1.0), by_items, max_workers)
    within = max(min_workers, min(max_workers, math.ceil(wanted - 1e-9)))
    return int(min(within, max(1.0, bearable)))


class Autoscaler:
    """The number of tasks, from their reports."""

    def __init__(self, *, min_workers: int, max_workers: int) -> None:
        self._min = min_workers
        self.max_workers = max_workers
        """The largest number of tasks; it may change, and wins over the smallest."""
        self._tasks: dict[str, _Task] = {}
        self._nodes: dict[str, _Node] = {}
        self._too_many_since: float | None = None
        self.cpu_s_per_page = CPU_S_PER_PAGE
        self.n_wanted = 0
        """The number that the last `change` found, even if there was no work for each."""

    def record_report(
        self, lease_id: str, *, cpu_s: float, n_pages: int, reading: NodeLoad | None, now: float
    ) -> None:
        """Record the CPU time, the pages and the node of a task's report."""
        task = self._tasks.setdefault(lease_id, _Task())
        if task.reported_at is not None and now > task.reported_at:
            weight = min(1.0, (now - task.reported_at) / EXCESS_S)
            task.cpu_per_s += weight * (cpu_s / (now - task.reported_at) - task.cpu_per_s)
        task.reported_at = now
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
        """Return the nodes with a recent report."""
        return [name for name, node in self._nodes.items() if now - node.at <= READING_HOLDS_S]

    def capacity(self, n_tasks: int, now: float, *, has_room: bool = False) -> float:
        """Return how many tasks the nodes can bear, the ``n_tasks`` that exist included; infinite while nothing is known.

        ``has_room``: a further task would run on a node without a report, or wait for one.
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

    def choose_to_end(self, lease_ids: Collection[str]) -> str:
        """Return the task to end: one that has not begun, or one on the node with the least free memory."""

        def memory_free(lease_id: str) -> float:
            task = self._tasks.get(lease_id)
            node = self._nodes.get(task.node) if task else None
            return -1.0 if task is None else math.inf if node is None else node.memory_free

        return min(lease_ids, key=memory_free)

    def change(self, demand: Demand, *, n_tasks: int, has_room: bool = False, now: float) -> int:
        """Return how many tasks to start, or -1 to end one; ``has_room`` as in `capacity`."""
        wanted = needed_workers(
            demand,
            cpu_s_per_page=self.cpu_s_per_page,
            min_workers=min(self._min, self.max_workers),
            max_workers=self.max_workers,
            bearable=self.capacity(n_tasks, now, has_room=has_room),
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
