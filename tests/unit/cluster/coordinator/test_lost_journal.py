"""A coordinator whose journal cannot be reached any more: it halts, says so, and makes room for a new life when it is back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from made_desk import Desk, chunk

from tlray.cluster.handlers import coordinator
from tlray.cluster.handlers.coordinator import LOOK_AGAIN_S
from tlray.cluster.ports.coordinator import Meters
from tlray.core.model.lifecycle import BatchEvent
from tlray.errors import JournalLost

LOST = JournalLost("postgresql://db (schema tlray)", "no answer within 15 s")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


def lose(*_: object) -> None:
    raise LOST


async def test_a_write_that_may_count_or_not_halts_and_the_next_life_reads_what_counts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.submit("B", chunk(3))
    died: list[bool] = []
    desk.state.ports = replace(desk.state.ports, die=lambda: died.append(True))
    with pytest.raises(JournalLost):
        await desk.state.write(lose)
    assert "no answer within 15 s" in str((await desk.batches.status("B"))["trouble"])
    for batch_id in ("B", "C"):
        with pytest.raises(JournalLost):
            await desk.coordinator.control(batch_id, BatchEvent.PAUSE)

    now = desk.state.now()
    with monkeypatch.context() as away:
        away.setattr(type(desk.state.ports.reader), "_reader", lose)
        desk.coordinator._look_again(now + LOOK_AGAIN_S)
        await desk.state.settle(5)
        assert not died
    desk.coordinator._look_again(now + LOOK_AGAIN_S + 1)
    await desk.state.settle(5)
    assert not died, "it looks now and then"
    desk.coordinator._look_again(now + 2 * LOOK_AGAIN_S)
    await desk.state.settle(5)
    assert died


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_coordinator_whose_journal_is_lost_ends_in_order(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    monkeypatch.setattr(type(desk.state.journal), "end_incarnation", lose)
    if is_known:
        desk.state.halt(LOST)
    desk.is_closed = True
    await desk.coordinator.stop()
    assert desk.state.trouble is LOST


class Shown:
    """Meters that say when they were shown."""

    def __init__(self) -> None:
        self.often = asyncio.Event()
        self.n = 0

    def show(self, engine: object, **state: Any) -> None:
        self.n += 1
        if self.n == 3:
            self.often.set()


async def test_figures_are_shown_while_the_journal_hangs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, hangs = Shown(), threading.Event()
    monkeypatch.setattr(coordinator, "SHOW_EVERY_S", 0.01)
    desk.state.ports = replace(desk.state.ports, meters=cast(Meters, shown))
    hanging = asyncio.create_task(desk.state.write(hangs.wait, 30))
    running = asyncio.create_task(desk.coordinator.run())
    try:
        async with asyncio.timeout(10):
            await shown.often.wait()
    finally:
        desk.is_closed = True
        stopping = asyncio.create_task(desk.coordinator.stop())
        await asyncio.sleep(0)
        hangs.set()
        await asyncio.gather(stopping, running, hanging)
    n = shown.n
    await asyncio.sleep(0.1)
    assert shown.n == n, "it ends with the coordinator"
