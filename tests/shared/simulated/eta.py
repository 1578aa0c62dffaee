"""How good is the ETA? Batches in the simulated world, asked on their way when they will be done.

`table` is what the test holds: median relative errors of ours and of the naive estimate (elapsed / done × left).
``python -m benchmarks eta`` prints them.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from tlray.core.model.item import Priority

from .site import Site
from .world import World

PROGRESS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Error:
    """One estimate against what became true, as shares of the time truly remaining."""

    progress: float
    ours: float
    naive: float


def mixed_world(seed: int) -> tuple[World, dict[str, int]]:
    """Make domains of all kinds, with faults: errors, timeouts, 429s with and without Retry-After, outages, slow sites."""
    r = random.Random(seed)
    sites, rates, sizes = [], {}, {}
    for i in range(r.randint(3, 8)):
        is_private = r.random() < 0.15
        name = f"127.0.0.{i + 1}:1" if is_private else f"{i}.test"
        site = Site(name, latency_s=r.choice([0.05, 0.3, 1.0, 3.0]))
        site.error, site.gone = r.choice([0, 0, 0.05, 0.15]), r.choice([0, 0.1])
        site.throttle, site.retry_after_s = r.choice([0, 0, 0, 0.01]), r.choice([None, 5.0, 20.0])
        site.crawl_delay_s = r.choice([None, None, None, 2.0])
        if r.random() < 0.15:
            begin = 1000 + 400 * r.random()
            site.outage = (begin, begin + 20 + 40 * r.random())
        sites.append(site)
        sizes[name] = r.choice([100, 400, 1_200])
        if not is_private:
            rates[name] = (r.choice([0.5, 1.0, 2.0, 5.0]), 1.0)
    return World(seed, sites, rates=rates), sizes


def errors(seed: int) -> list[Error]:
    """Run one batch, sometimes beside another, and return the errors of its estimates."""
    world, sizes = mixed_world(seed)
    with world:
        asked, end_at = _run(world, sizes, seed)
    return [
        Error(
            p, abs((ours or 0.0) - (end_at - at)) / (end_at - at), abs(naive - (end_at - at)) / (end_at - at)
        )
        for at, p, ours, naive in asked
        if end_at > at
    ]


def _run(
    world: World, sizes: dict[str, int], seed: int
) -> tuple[list[tuple[float, float, float | None, float]], float]:
    """Return what was estimated on the way (when, at what progress, our estimate, the naive one), and when it was done."""
    r = random.Random(-seed)
    book = world.submit(sizes)
    if seed % 3 == 0:
        rival = {name: n // 3 for name, n in sizes.items() if r.random() < 0.6}
        if rival:
            world.submit(rival, priority=r.choice(list(Priority)))
    begun_at = world.loop.now
    asked: list[tuple[float, float, float | None, float]] = []
    while not book.state.is_final:
        world.step()
        done = 1 - book.n_open / book.total
        if len(asked) < len(PROGRESS) and done >= PROGRESS[len(asked)]:
            now = world.loop.now
            naive = (now - begun_at) / done * (1 - done)
            asked.append((now, PROGRESS[len(asked)], world.engine.remaining_s(book.id, now=now), naive))
    return asked, world.loop.now


def table(seeds: Iterable[int]) -> dict[float, tuple[float, float]]:
    """Return, by progress, the median error of ours and of the naive estimate over batches."""
    found = [error for seed in seeds for error in errors(seed)]
    return {
        p: (
            statistics.median(e.ours for e in found if e.progress == p),
            statistics.median(e.naive for e in found if e.progress == p),
        )
        for p in PROGRESS
    }
