"""How many scrape tasks does the work that politeness allows now need?

``max(pages a second allowed × CPU seconds a page, requests in flight ÷ what one loop holds)``, never more
than the items left could keep busy, between the bounds (DESIGN.md 2). A task asks Ray for one CPU, so tasks
that wait are real demand, and that alone makes an autoscaler add nodes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LOOP_BOUND = 256
"""Requests that one task keeps in flight."""
ITEMS_WORTH_A_TASK = 24
"""With fewer items left for each, starting another task costs more than it brings."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The work that politeness allows now."""

    pages_per_s: float
    """The sum of the rates of all domains that have something to fetch; may be infinite."""
    n_ready: int
    """Items queued on them."""
    n_in_flight: float = 0.0
    """Requests that those rates keep in flight, at the latency that was seen."""


def workers_wanted(demand: Demand, *, cpu_s_per_page: float, min_workers: int, max_workers: int) -> int:
    """Return how many tasks should run."""
    if demand.n_ready == 0:
        return 0
    by_cpu = demand.pages_per_s * cpu_s_per_page
    by_loop = demand.n_in_flight / LOOP_BOUND
    by_items = math.ceil(demand.n_ready / ITEMS_WORTH_A_TASK)
    wanted = min(max(by_cpu, by_loop, 1.0), by_items, max_workers)
    return max(min_workers, min(max_workers, math.ceil(wanted - 1e-9)))
