"""A site with a hidden capacity: past it its latency grows, and beyond it answers 503."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

from tlray.core.lease import LeasedItem
from tlray.core.outcome import Outcome, OutcomeKind
from tlray.core.policy import AUTO_BURST

from .site import Site
from .world import World


@dataclass
class WeakSite(Site):
    """A queue that is worked off at ``capacity`` pages a second; a full one is answered by 503, at once."""

    capacity: float = 20.0
    longest_queue_s: float = 1.0
    free_at: float = 0.0
    answered: deque[tuple[float, bool]] = field(default_factory=deque)
    """(moment, whether it was a page)."""

    def answer(self, item: LeasedItem, now: float, rng: random.Random) -> tuple[float, Outcome]:
        own_s = self.latency_s * (0.7 + 0.6 * rng.random())
        queue_s = max(0.0, self.free_at - now)
        is_page = queue_s <= self.longest_queue_s
        self.answered.append((now, is_page))
        if not is_page:
            return 0.005, Outcome(item.item_id, OutcomeKind.UNAVAILABLE, status=503, latency_s=0.005)
        self.free_at = max(self.free_at, now) + 1 / self.capacity
        return queue_s + own_s, Outcome(
            item.item_id, OutcomeKind.FETCHED, n_sets=1, latency_s=queue_s + own_s
        )


def held(
    capacity: float, *, rate: tuple[float, float] = (50.0, AUTO_BURST), run_s: float = 240.0
) -> tuple[float, float]:
    """Return at how many fetches a second a site was asked after a minute, and its share of errors in all."""
    site = WeakSite("a.test", latency_s=0.15, capacity=capacity)
    world = World(1, [site], rates={"a.test": rate})
    world.submit({"a.test": int(60 * run_s)})
    while world.loop.now < 1000 + run_s:
        world.loop.step()
    late = sum(1 for at, _ in site.answered if at >= 1060)
    n_bad = sum(1 for _, is_page in site.answered if not is_page)
    return late / (run_s - 60), n_bad / len(site.answered)
