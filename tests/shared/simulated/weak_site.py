"""A site with a hidden capacity: past it its latency grows, and beyond it answers 503."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.rate_text import AUTO_BURST
from tlray.core.scheduling.lease import LeasedItem

from .site import Site
from .world import World

MOST_A_S = 25
"""More pages a second than any site here stands."""


@dataclass
class WeakSite(Site):
    """A queue that is worked off at ``capacity`` pages a second; a full one is answered by 503, at once."""

    capacity: float = 20.0
    longest_queue_s: float = 1.0
    noise: float = 0.0
    """Sigma of the logarithm of its own latency; 0 is ±30 %, evenly."""
    later: tuple[float, float] | None = None
    """(moment, capacity from then on)."""
    free_at: float = 0.0
    answered: deque[tuple[float, bool]] = field(default_factory=deque)
    """(moment, whether it was a page)."""

    def answer(self, item: LeasedItem, now: float, rng: random.Random) -> tuple[float, Outcome]:
        own_s = self.latency_s
        own_s *= rng.lognormvariate(0.0, self.noise) if self.noise else 0.7 + 0.6 * rng.random()
        if self.later is not None and now >= self.later[0]:
            self.capacity = self.later[1]
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
    capacity: float,
    *,
    seed: int = 1,
    rate: tuple[float, float] = (50.0, AUTO_BURST),
    run_s: float = 180.0,
    from_s: float = 60.0,
    **of_site: Any,
) -> tuple[float, float]:
    """Return at how many fetches a second a site was asked from ``from_s`` on, and its share of errors in all."""
    site = WeakSite("a.test", latency_s=0.15, capacity=capacity, **of_site)
    with World(seed, [site], rates={"a.test": rate}) as world:
        book = world.submit({"a.test": int(MOST_A_S * run_s)})
        world.go_on(1000 + run_s - world.loop.now)
        assert book.n_open, "it was asked for all that there was"
    late = sum(1 for at, _ in site.answered if at >= 1000 + from_s)
    n_bad = sum(1 for _, is_page in site.answered if not is_page)
    return late / (run_s - from_s), n_bad / len(site.answered)
