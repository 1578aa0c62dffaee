"""Since when a batch's items wait, which an alert looks at: not since the batch was made, if they could not be fetched then."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_desk import Desk, chunk

from tlray.io.journal.rows import BatchOptions

LONG_S = 40 * 86_400.0


async def test_dead_letters_that_are_queued_again_wait_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    try:
        began = desk.state.wall()
        await desk.submit("B", chunk(3))
        assert desk.state.book("B") is not None
        await desk.let_die("B")
        monkeypatch.setattr(type(desk.state.ports.clock), "wall", lambda _: began + LONG_S)
        await desk.batches.retry("B", item_ids=None, reason=None)
        book = desk.state.book("B")
        assert book is not None
        assert (round(book.created_at - began), book.waits_since) == (0, began + LONG_S)
    finally:
        desk.close()


async def test_a_batch_that_was_scheduled_waits_since_it_was_due(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    try:
        due = desk.state.wall() + LONG_S
        await desk.submit("B", chunk(3), options=BatchOptions(not_before=due))
        book = desk.state.book("B")
        assert book is not None
        assert book.waits_since == due
    finally:
        desk.close()
