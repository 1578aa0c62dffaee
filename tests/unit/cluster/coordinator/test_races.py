"""Races between the coordinator's own calls, each as the simulator found it and told again in small."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_desk import Desk, chunk
from simulated import Site, World

from tlray.cluster.coordinator.limiter_pool import LimiterPool
from tlray.cluster.ports.registration import Registration
from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchEvent, BatchState, ItemState
from tlray.core.politeness.override import DomainOverride
from tlray.core.scheduling.changeset import Changeset, LaneDeath
from tlray.core.scheduling.lease import Stops
from tlray.errors import Conflict, InvariantBroken
from tlray.io.intake.url_list import read_chunks


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


class SlowLimiter:
    """A limiter that answers when it is told to, and remembers what it was sent."""

    def __init__(self) -> None:
        self.life = "one"
        self.sent: list[Registration] = []
        self.reuse_candidates = asyncio.Event()

    async def register(self, domains: list[Registration], stops: Stops) -> str:
        self.sent += domains
        await self.reuse_candidates.wait()
        return self.life

    async def stop_batches(self, stops: Stops) -> None: ...

    async def forget(self, holder: str) -> None: ...


async def limiters_of(desk: Desk) -> tuple[LimiterPool, SlowLimiter]:
    await desk.submit("B", chunk(3))
    limiters, limiter = LimiterPool(desk.state), SlowLimiter()
    limiters.actors.append(limiter)
    limiters._numbers |= {"e.test": 0, "f.test": 0}
    return limiters, limiter


async def sent(limiter: SlowLimiter, n: int) -> None:
    async with asyncio.timeout(20):
        while len(limiter.sent) < n:  # noqa: ASYNC110 - a double, not an actor
            await asyncio.sleep(0.001)


async def test_a_gentler_policy_that_comes_while_a_domain_is_being_registered_is_sent(desk: Desk) -> None:
    limiters, limiter = await limiters_of(desk)
    registering = asyncio.create_task(limiters.register({"e.test"}))
    await sent(limiter, 1)
    desk.state.engine.registry.set_override("e.test", DomainOverride(rate=0.1))
    limiter.reuse_candidates.set()
    await registering
    assert limiter.sent[-1].policy.rate == 0.1
    assert limiters.is_current("e.test")
    assert [one.call for one in limiter.sent] == sorted({one.call for one in limiter.sent})


async def test_what_a_limiter_confirmed_in_an_earlier_life_counts_no_more(desk: Desk) -> None:
    limiters, limiter = await limiters_of(desk)
    await desk.submit("C", next(read_chunks(["http://f.test/1"])))
    limiter.reuse_candidates.set()
    await limiters.register({"e.test", "f.test"})
    assert limiters.is_current("e.test")
    assert limiters.is_current("f.test")
    desk.state.engine.domains["e.test"].rest_until = 1e9
    limiter.life = "two"  # it was restarted, and has heard of nothing but this
    await limiters.register({"e.test"})
    assert not limiters.is_current("f.test")
    await limiters.register({"e.test", "f.test"})
    assert [one.domain for one in limiter.sent] == ["e.test", "f.test", "e.test", "f.test"]
    assert [one.starts_empty for one in limiter.sent[2:]] == [True, True], "it has forgotten what it gave"
    await limiters.remind({"e.test", "unknown.test"})
    assert len(limiter.sent) == 5


async def test_a_resume_whose_look_came_before_a_cancel_is_a_conflict(desk: Desk) -> None:
    await desk.submit("B", chunk(5))
    book = desk.state.book("B")
    assert book is not None
    async with desk.state.one_at_a_time("B"):
        resuming = asyncio.create_task(desk.coordinator.control("B", BatchEvent.RESUME))
        await asyncio.sleep(0.05)  # it has looked, and waits for whoever changes the batch
        await desk.state.write(desk.state.journal.set_batch_state, book.id, BatchState.CANCELLING)
        book.state = BatchState.CANCELLING
    with pytest.raises(Conflict, match="cancelling; there is nothing to resume"):
        await resuming


async def test_nothing_is_leased_of_a_lane_while_its_end_is_written_down(desk: Desk) -> None:
    await desk.submit("B", chunk(5))
    state, engine = desk.state, desk.state.engine
    for lane in engine.frontier.wanting():
        items = state.journal.load_lane(lane.batch, lane.domain, after_id=0, limit=99)
        engine.loaded(lane, items, last_id=items[-1].id, is_last=True)
    engine.domains["e.test"].apply_robots("", None, now=time.monotonic())
    changeset = Changeset("", deaths=[LaneDeath(1, "e.test", "parked: blocked")])
    engine.prepare(changeset)
    assert engine.frontier.next_at("e.test") is None
    assert not engine.frontier.takeable_domains()
    assert not engine.grant("L", 9, now=time.monotonic()).items, "another report leases meanwhile"
    killed = state.journal.commit(changeset, now=0.0, wall=0.0, node="").killed
    assert killed == [(5, 0)]
    assert engine.apply(changeset, now=time.monotonic(), killed=killed) == [1]
    engine.check_invariants()


def test_a_bug_of_the_coordinator_halts_it_and_no_page_is_to_blame() -> None:
    with World(1, [Site("a.test", latency_s=0.1)]) as world:
        book = world.submit({"a.test": 20}, rate=20.0)
        world.until(lambda: book.counts.get(ItemState.SUCCEEDED, 0) >= 3)
        world.break_code()
        instance = world.coordinator.instance
        assert instance is not None
        world.until(lambda: instance._state.trouble is not None, within_s=60)
        assert isinstance(instance._state.trouble, InvariantBroken)
        world.until(lambda: not world.tasks, within_s=60)
        rows = world.rows(book.id)
        assert not any(row.n_lost or row.state is ItemState.DEAD for row in rows)
        world.kill_coordinator()  # what the next call that changes something does
        world.run()
        assert {row.state for row in world.rows(book.id)} == {ItemState.SUCCEEDED}


def test_what_kills_the_reader_of_a_robots_txt_ends_no_batch_that_was_put_off() -> None:
    with World(2, [Site("a.test", robots_kills=True)], tick_s=0.5) as world:
        later = world.submit_lines(world.pages("a.test", 4), not_before_s=400.0)
        world.until(later.done)
        first = world.submit({"a.test": 2}, priority=Priority.IMMEDIATE)
        world.until(lambda: first.state.is_final, within_s=300)
        assert world.counts(first.id) == {ItemState.DEAD: 2}
        assert world.counts(1) == {ItemState.QUEUED: 4}
        world.sites["a.test"].robots_kills = False
        world.run()
        assert world.counts(1) == {ItemState.SUCCEEDED: 4}


def test_a_task_that_hangs_before_its_first_report_keeps_no_other_from_being_started() -> None:
    with World(3, [Site("a.test")], max_workers=1) as world:
        book = world.submit({"a.test": 2})
        world.until(lambda: any(task.has_begun for task in world.tasks.values()))
        world.hang(next(iter(world.tasks.values())))
        world.run(until_s=300)
        assert book.counts[ItemState.SUCCEEDED] == 2
