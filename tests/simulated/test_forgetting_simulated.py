"""The real coordinator, limiter and scrape task in virtual time: what nobody needs is forgotten, and no promise with it."""

from __future__ import annotations

import asyncio

import pytest
from simulated import Site, World

from tlray.cluster.ports.registration import Registration
from tlray.cluster.workers.limiter import SWEEP_EVERY_S, Limiter
from tlray.core.model.lifecycle import BatchEvent
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.limiter_gate import UNASKED_S, PermitRequest
from tlray.core.scheduling.lease import NO_STOPS


def later(world: World, seconds: float) -> None:
    """Let time go on."""
    at = world.loop.now + seconds
    world.until(lambda: world.loop.now >= at)


def limiters_known(world: World) -> set[str]:
    assert world.coordinator.instance is not None
    limiters = world.coordinator.instance._limiters
    return {*limiters._sent, *limiters._confirmed}


def n_gates(world: World) -> int:
    assert world.limiter.instance is not None
    return len(world.limiter.instance._gates)


def test_when_a_batch_has_ended_the_coordinator_and_the_limiter_soon_hold_nothing_of_its_domains() -> None:
    names = [f"d{i}.test" for i in range(150)]
    with World(1, [Site(name) for name in names]) as world:
        world.submit(dict.fromkeys(names, 1), rate=2.0)
        world.run()
        assert len(world.engine.domains) == n_gates(world) == 150
        later(world, 60)
        assert world.engine.domains == {}
        assert limiters_known(world) == set()
        assert n_gates(world) == 0
        assert world.coordinator.instance is not None
        assert len(world.coordinator.instance._limiters._numbers) <= world.settings.limiter_actors
        world.submit({names[7]: 3}, rate=2.0)  # it is known again when it is needed
        world.run()


@pytest.mark.parametrize("after_s", [3.0, 15.0, 26.0, 55.0, 120.0])
def test_a_domain_that_comes_back_keeps_its_spacing(after_s: float) -> None:
    site = Site("a.test", latency_s=0.1)
    with World(2, [site]) as world:
        world.submit({"a.test": 1}, rate=1 / 30)
        world.run()
        later(world, after_s)
        assert ("a.test" in world.engine.domains) == (after_s < 40)
        world.submit({"a.test": 2}, rate=1 / 30)
        world.run()
    gaps = [b - a for a, b in zip(site.begins, site.begins[1:], strict=False)]
    assert len(site.begins) == 4  # robots.txt, and three pages
    assert min(gaps) >= 29.9


def test_a_rest_outlasts_its_batch() -> None:
    site = Site("a.test", latency_s=0.1, throttle=1.0, retry_after_s=500.0)
    with World(3, [site]) as world:
        book = world.submit({"a.test": 3}, rate=5.0)
        world.until(lambda: len(site.begins) >= 2)
        later(world, 20)
        world.control(book, BatchEvent.CANCEL)
        world.run()
        later(world, 100)
        n_before, site.throttle = len(site.begins), 0.0
        world.submit({"a.test": 2}, rate=5.0)
        world.run()
    assert site.begins[n_before] - site.begins[n_before - 1] >= 500


def test_a_rest_of_an_earlier_life_holds_for_whoever_is_redirected_there() -> None:
    resting = Site("b.test", latency_s=0.1, throttle=1.0, retry_after_s=500.0)
    with World(4, [resting, Site("a.test", hop_to="b.test", hop=1.0)]) as world:
        book = world.submit({"b.test": 3}, rate=5.0)
        world.until(lambda: len(resting.begins) >= 2)
        later(world, 20)
        world.control(book, BatchEvent.CANCEL)
        world.run()
        world.kill_coordinator()
        later(world, 10)
        n_before, resting.throttle = len(resting.begins), 0.0
        world.submit({"a.test": 2}, rate=5.0)
        world.run()
        assert len(resting.begins) == n_before + 2
    assert resting.begins[n_before] - resting.begins[n_before - 1] >= 499


def test_a_task_that_goes_on_forgets_the_domains_that_it_is_done_with() -> None:
    names = [f"d{i}.test" for i in range(40)]
    with World(5, [Site("slow.test"), *map(Site, names)], max_workers=1) as world:
        long = world.submit({"slow.test": 60}, rate=0.2)
        world.submit(dict.fromkeys(names, 2), rate=5.0)
        later(world, 40)
        (process,) = world.tasks.values()
        task = process.task
        assert task is not None
        assert len(task._pacing._domains) == 41
        later(world, 130)
        assert long.n_open
        assert list(task._pacing._domains) == ["slow.test"]
        assert set(task._robots_text) <= {"slow.test"}
        assert len(task._held) < 10
        world.submit(dict.fromkeys(names, 1), rate=5.0)
        later(world, 20)
        assert len(task._pacing._domains) == 41
        world.run()
        assert process.is_over


class _Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


def test_a_limiter_drops_what_is_at_rest_and_keeps_what_is_owed() -> None:
    async def go() -> None:
        clock = _Clock()
        limiter = Limiter(clock)
        names = [f"d{i}.test" for i in range(5_000)]
        slow, resting = DomainPolicy(rate=0.001), "resting.test"
        told = [Registration(name, DomainPolicy(rate=1.0), False, 0.0, 1) for name in names]
        await limiter.register(
            [
                *told,
                Registration("slow.test", slow, False, 0.0, 1),
                Registration(resting, DomainPolicy(rate=1.0), False, 9_000.0, 1),
            ],
            NO_STOPS,
        )
        await limiter.ask("L", [PermitRequest(name, 1, 0) for name in (*names, "slow.test", resting)])
        everything = [*names, "slow.test", resting, "unknown.test"]
        clock.now += 1.5  # its bucket is full again, yet a permit may be on its way
        await limiter.forget_domains(everything)
        assert len(limiter._gates) == 5_002
        clock.now += 5.0
        await limiter.forget_domains(everything)
        assert set(limiter._gates) == {"slow.test", resting}
        clock.now += 1_000.0
        await limiter.forget_domains(everything)
        assert set(limiter._gates) == {resting}
        clock.now += 9_000.0
        await limiter.forget_domains(everything)
        assert not limiter._gates

    asyncio.run(go())


def test_a_limiter_whose_coordinator_has_died_drops_by_itself_what_nobody_asks_for() -> None:
    async def go() -> None:
        clock = _Clock()
        limiter = Limiter(clock)
        domains = [("a.test", 1.0, 0.0), ("day.test", 1 / 86_400, 0.0), ("rests.test", 1.0, 2 * UNASKED_S)]
        told = [
            Registration(name, DomainPolicy(rate=rate), False, rest_s, 1) for name, rate, rest_s in domains
        ]
        await limiter.register(told, NO_STOPS)
        for _ in range(int(UNASKED_S / SWEEP_EVERY_S)):
            assert len(limiter._gates) == 3
            clock.now += SWEEP_EVERY_S
            await limiter.ask("L", [])
        assert set(limiter._gates) == {"day.test", "rests.test"}
        clock.now += UNASKED_S + SWEEP_EVERY_S
        await limiter.register([], NO_STOPS)
        assert set(limiter._gates) == {"day.test"}
        clock.now += 2 * 86_400
        await limiter.ask("L", [])
        assert not limiter._gates

    asyncio.run(go())
