"""As many tasks as the work needs, in virtual time: few for slow work, more for fast, and fewer again."""

from __future__ import annotations

import pytest
from simulated.site import Site
from simulated.world import World

from tlray.core.model.lifecycle import ItemState

CPU_S = 0.05
"""A page."""


def test_items_at_one_a_second_use_one_task() -> None:
    world = World(1, [Site("a.test")], max_workers=10, cpu_s_per_page=CPU_S)
    book = world.submit({"a.test": 300}, rate=1.0)
    world.run()
    assert book.counts[ItemState.SUCCEEDED] == 300
    assert world.most_tasks == 1
    assert world.loop.now - 1_000 < 310


@pytest.mark.costly
@pytest.mark.parametrize(
    ("n_domains", "rate", "latency_s", "n_tasks"),
    [
        (8, 1.0, 0.2, 1),  # 8 pages/s at 0.05 s of CPU each are less than half a core
        (10, 10.0, 0.2, 5),  # 100 pages/s are five
        (12, 20.0, 0.2, 6),  # twelve, but there are six tasks at most
    ],
)
def test_tasks_follow_what_the_domains_may_do(
    n_domains: int, rate: float, latency_s: float, n_tasks: int
) -> None:
    names = [f"{i}.test" for i in range(n_domains)]
    world = World(2, [Site(name, latency_s=latency_s) for name in names], max_workers=6, cpu_s_per_page=CPU_S)
    book = world.submit(dict.fromkeys(names, int(rate * 10)), rate=rate)
    world.run()
    assert book.counts[ItemState.SUCCEEDED] == book.total
    assert world.most_tasks == n_tasks


@pytest.mark.costly
def test_when_the_fast_domains_are_done_the_tasks_are_too_but_for_one() -> None:
    fast = [f"fast{i}.test" for i in range(10)]
    slow = [f"slow{i}.test" for i in range(6)]
    world = World(3, [Site(name) for name in (*fast, *slow)], max_workers=6, cpu_s_per_page=CPU_S)
    quick = world.submit(dict.fromkeys(fast, 60), rate=10.0)
    long = world.submit(dict.fromkeys(slow, 60), rate=1.0)
    world.until(lambda: not quick.n_open)
    assert world.most_tasks >= 4
    world.go_on(45)
    assert len(world.tasks) == 1
    before = world.most_tasks
    world.run()
    assert long.counts[ItemState.SUCCEEDED] == 360
    assert world.most_tasks == before
    assert world.loop.now - 1_000 < 70, "no domain lost time when its task ended"
