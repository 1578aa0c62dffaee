"""A coordinator whose journal cannot be reached any more: it halts, says so, and makes room for a new life when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_desk import Desk, chunk

from tlray.cluster.handlers.coordinator import LOOK_AGAIN_S
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
