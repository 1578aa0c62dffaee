"""The bare queue: a heap and two dicts that move as many items as the core does, and decide nothing.

An item is made and pushed, popped into a table of what is leased, and taken out of it as done. No domains in
turn, no rates, no robots.txt, no retries, no books per batch, nothing that a crash could be recovered from.
"""

from __future__ import annotations

import heapq
from time import process_time

from tlray.core.model.item import FrontierItem

IN_HAND = 256


def run(n_items: int, n_domains: int) -> float:
    """Return the CPU seconds that moving the items takes."""
    names = [f"d{i}.test" for i in range(n_domains)]
    begun = process_time()
    heap: list[tuple[float, int, FrontierItem]] = []
    leased: dict[int, FrontierItem] = {}
    done: dict[int, str] = {}
    for i in range(n_items):
        name = names[i % n_domains]
        heapq.heappush(heap, (0.0, i, FrontierItem(i, 1, name, f"http://{name}/{i}", f"f{i}")))
    while heap:
        ids = []
        while heap and len(ids) < IN_HAND:
            _, i, item = heapq.heappop(heap)
            leased[i] = item
            ids.append(i)
        for i in ids:
            del leased[i]
            done[i] = "succeeded"
    return process_time() - begun
