"""The terms of a batch are its own, for as long as it lives; what all batches of a home share is refused where it differs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from made_desk import Desk, NoLimiters, chunk

from tlray.cluster.coordinator.leasing import Leasing
from tlray.cluster.coordinator.limiter_pool import LimiterPool
from tlray.cluster.coordinator.shutdown import Shutdown
from tlray.cluster.driver.connect import require_settings
from tlray.cluster.driver.session import shared_settings
from tlray.cluster.ports.coordinator import EndKind, StartedTask, TaskEnd
from tlray.core.schedules.schedule import CatchUp, Decision, Overlap, ScheduleState, Timing
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.scheduling.frontier import WINDOW
from tlray.errors import OtherSettings
from tlray.io.journal.rows import BatchOptions
from tlray.io.journal.service_rows import ScheduleRow
from tlray.settings import read_settings

ANN = BatchConfig("ann@example.org", 20.0, 1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


def terms_of(desk: Desk, batch_id: str) -> BatchConfig | None:
    book = desk.state.book(batch_id)
    assert book is not None
    return book.terms


# -- in whose name ------------------------------------------------------------------------------------


async def test_two_batches_of_one_coordinator_keep_their_own_terms_over_its_death(desk: Desk) -> None:
    bob = BatchConfig("bob@example.org")
    await desk.submit("A", chunk(2), options=BatchOptions(terms=ANN))
    await desk.submit("B", chunk(2, named="b"), options=BatchOptions(terms=bob))
    await desk.submit("old", chunk(2, named="c"))
    assert [terms_of(desk, name) for name in ("A", "B", "old")] == [ANN, bob, None]
    later = desk.next_life()
    for name in ("A", "B", "old"):
        await later.batches.open(name)
    assert [terms_of(later, name) for name in ("A", "B", "old")] == [ANN, bob, None]
    later.close()


async def test_a_resumed_batch_keeps_its_terms_but_for_those_that_are_given(desk: Desk) -> None:
    await desk.submit("A", chunk(2), options=BatchOptions(terms=ANN))
    for given, after in (
        ({}, ANN),
        ({"max_workers": 7}, replace(ANN, max_workers=7)),
        ({"contact": "new@example.org"}, BatchConfig("new@example.org", 20.0, 7)),
    ):
        await desk.batches.pause("A")
        await desk.batches.resume("A", **given)  # type: ignore[arg-type]
        assert terms_of(desk, "A") == after
    later = desk.next_life()  # now it sleeps, and is not in memory
    await later.batches.resume("A", contact="last@example.org")
    assert terms_of(later, "A") == BatchConfig("last@example.org", 20.0, 7)
    later.close()


async def test_a_resumed_batch_of_before_there_were_terms_takes_those_that_are_given(desk: Desk) -> None:
    await desk.submit("old", chunk(2))
    await desk.batches.resume("old")
    assert terms_of(desk, "old") is None
    await desk.batches.resume("old", contact="me@example.org")
    assert terms_of(desk, "old") == BatchConfig("me@example.org", 60.0)
    await desk.let_die("old")
    told = await desk.batches.resume("old", contact="late@example.org")
    row = desk.state.journal.find_batch("old")
    assert told["state"] == "completed"
    assert row is not None
    assert row.options.terms == BatchConfig("me@example.org", 60.0), "what it was fetched under"


async def test_a_run_of_a_schedule_is_the_services_as_it_is_then(desk: Desk) -> None:
    options = BatchOptions(keeps_pages=False, terms=ANN).to_json()
    work = {"urls": ["https://example.org/1"], "priority": "low", "contact": None, "options": options}
    timing = Timing("@yearly", "UTC", Overlap.SKIP, CatchUp.NONE)
    row = ScheduleRow("s1", "", "yearly", timing, False, 0.0, ScheduleState(0.0), work=work)
    desk.state.journal.add_schedule(row=row)

    async def run(at: float) -> ScheduleRow:
        await desk.scheduler.run_once(row, Decision(at, row.standing), at)
        after = desk.state.journal.schedule(schedule_id="s1")
        assert after is not None
        return after

    trouble = (await run(1.0)).failure
    assert trouble is not None
    assert "public host" in trouble, "it was made without a contact, and no service was heard of yet"
    now = BatchConfig("service@example.org", 30.0, 2)
    desk.scheduler.note_service(now)
    desk.scheduler.note_service()  # one that says nothing changes nothing
    after = await run(2.0)
    assert after.failure is None
    assert terms_of(desk, str(after.last_batch)) == now


# -- how many tasks -----------------------------------------------------------------------------------


@dataclass
class Waiting:
    """A task that waits for a CPU."""

    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def ended(self) -> TaskEnd:
        await self.over.wait()
        return TaskEnd(EndKind.CANCELLED, "cancelled")

    def cancel(self, *, force: bool = False) -> None:
        self.over.set()


@dataclass
class Starter:
    started: list[Waiting] = field(default_factory=list)

    def start(self, lease_id: str, name: str) -> StartedTask:
        self.started.append(Waiting())
        return self.started[-1]

    def n_nodes(self) -> int:
        return 1

    def is_full(self) -> bool:
        return False

    def address(self, node: str) -> str:
        return node

    @property
    def n(self) -> int:
        return sum(1 for task in self.started if not task.over.is_set())


class NoneToForget(NoLimiters):
    def forget(self, lease_id: str) -> None: ...


@dataclass
class Clock:
    now: float = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1.7e9 + self.now


async def test_the_number_of_tasks_follows_the_running_batch_that_asks_for_the_most(desk: Desk) -> None:
    starter, clock = Starter(), Clock()
    desk.state.ports = replace(desk.state.ports, tasks=starter, clock=clock)
    leasing = Leasing(desk.state, cast(LimiterPool, NoneToForget()), on_empty=lambda _: None)

    async def submit(name: str, terms: BatchConfig | None) -> None:
        lines = chunk(400, named=name)
        for entry in lines.entries:  # a host of no ceiling, so that tasks are worth it
            lines.entries[lines.entries.index(entry)] = entry._replace(
                domain="127.0.0.1", url=f"http://127.0.0.1/{name}/{entry.line}"
            )
        await desk.submit(name, lines, options=BatchOptions(terms=terms))
        for lane in desk.state.engine.frontier.wanting():
            items = desk.state.journal.load_lane(lane.batch, lane.domain, after_id=0, limit=WINDOW)
            desk.state.engine.loaded(lane, items, last_id=items[-1].id, is_last=True)

    async def follow(for_s: float = 0.0) -> int:
        until = clock.now + for_s
        leasing.follow_demand()
        while clock.now < until:
            clock.now += 1.0
            leasing.follow_demand()
            for _ in range(10):  # what has ended is taken in
                await asyncio.sleep(0)
        return starter.n

    await submit("one", BatchConfig(max_workers=1))
    assert await follow() == 1
    await submit("three", BatchConfig(max_workers=3))
    assert await follow() == 3
    await desk.batches.pause("three")
    assert await follow(for_s=30.0) == 1, "a batch that is paused asks for none"
    await submit("unsaid", BatchConfig())
    assert await follow() == 4, "the machine's default, not what another batch asked for"
    await desk.batches.pause("unsaid")
    assert await follow(for_s=30.0) == 1
    await submit("old", None)
    assert await follow() == 2, "the coordinator's own"


async def test_a_drain_waits_for_the_fetch_that_may_take_the_longest(desk: Desk) -> None:
    ending = Shutdown(
        desk.state,
        cast(Any, None),
        cast(Any, None),
        desk.scheduler,
        n_drivers=lambda: 0,
        close=cast(Any, None),
    )
    assert ending._longest_fetch_s() == 60.0
    await desk.submit("A", chunk(2), options=BatchOptions(terms=BatchConfig(fetch_timeout_s=300.0)))
    await desk.submit("old", chunk(2, named="b"))
    assert ending._longest_fetch_s() == 300.0


# -- what all batches share -----------------------------------------------------------------------------


def test_a_shared_setting_that_differs_is_refused_with_its_name_both_values_and_a_way_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = desk.state.settings.shared()
    hello = cast(Any, {"settings": runs})
    require_settings(hello, shared_settings(read_settings()), "/sets")
    monkeypatch.setenv("TLRAY_LEASE_S", "30")  # as it is
    monkeypatch.setenv("TLRAY_MAX_WORKERS", "12")  # each batch's own
    monkeypatch.setenv("TLRAY_FETCH_TIMEOUT_S", "12")
    monkeypatch.setenv("TLRAY_CONTACT", "me@example.org")
    require_settings(hello, shared_settings(read_settings()), "/sets")
    monkeypatch.setenv("TLRAY_LEASE_S", "45.5")
    monkeypatch.setenv("TLRAY_MAX_OPEN_ITEMS", "1000000")
    monkeypatch.setenv("TLRAY_JOURNAL", "postgresql://u:secret@db.example.org/sets")
    with pytest.raises(
        OtherSettings, match=r"TLRAY_JOURNAL=postgresql://u@db.example.org:5432/sets .*\(unset\)"
    ):
        require_settings(hello, shared_settings(read_settings()), "/sets")
    monkeypatch.delenv("TLRAY_JOURNAL")
    with pytest.raises(OtherSettings) as caught:
        require_settings(hello, shared_settings(read_settings()), "/sets")
    assert str(caught.value) == (
        "TLRAY_LEASE_S=45.5, TLRAY_MAX_OPEN_ITEMS=1000000 is not possible: the coordinator of /sets runs with"
        " TLRAY_LEASE_S=30, TLRAY_MAX_OPEN_ITEMS=5000000, which all batches of a home share; leave it out, or end the"
        " coordinator with `tlray stop --drain --home /sets` and try again"
    )
    assert caught.value.exit_code == 2


def test_every_shared_setting_is_a_setting(desk: Desk) -> None:
    named = {
        name: getattr(read_settings(), name) for name in desk.state.settings.shared() if name != "journal"
    }
    assert set(shared_settings(read_settings(**{k: v or 2 for k, v in named.items()}))) == {"journal", *named}
