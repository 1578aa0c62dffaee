"""What is asked of one batch at the same moment, twice, or just when the coordinator dies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_desk import Desk, chunk

from tlray.core.model.lifecycle import BatchEvent, BatchState
from tlray.core.scheduling.backlog import Bounds
from tlray.core.submission.lines import Chunk
from tlray.errors import BacklogFull, Conflict, ListTooLong, UsageError
from tlray.io.journal.rows import BatchOptions


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, bounds=Bounds(in_all=1_000, per_owner=30))
    yield made
    made.close()


async def at_once(*asked: Any) -> list[Any]:
    return list(await asyncio.gather(*asked, return_exceptions=True))


# -- actions ------------------------------------------------------------------------------------------


async def test_of_cancel_and_pause_at_once_the_batch_ends_cancelled(desk: Desk) -> None:
    await desk.submit("B", chunk(5))
    told = await at_once(
        desk.coordinator.control("B", BatchEvent.CANCEL), desk.coordinator.control("B", BatchEvent.PAUSE)
    )
    await desk.state.settle(2)
    assert told[0]["state"] in ("cancelling", "cancelled")
    assert desk.in_journal("B") == ("cancelled", {"cancelled": 5})
    assert (await desk.batches.status("B"))["state"] == "cancelled"


async def test_a_cancelled_batch_may_be_cancelled_once_more(desk: Desk) -> None:
    await desk.submit("B", chunk(5))
    for _ in range(2):
        await desk.coordinator.control("B", BatchEvent.CANCEL)
        await desk.state.settle(2)
    assert (await desk.coordinator.control("B", BatchEvent.CANCEL))["state"] == "cancelled"


@pytest.mark.parametrize("action", ["pause", "resume", "cancel", "retry"])
@pytest.mark.parametrize("n_turns", range(0, 24, 3))
async def test_an_action_and_the_end_at_once_leave_one_truth(desk: Desk, action: str, n_turns: int) -> None:
    await desk.submit("B", chunk(3))
    await desk.let_die("B", is_finished=False)
    book = desk.state.book("B")
    assert book is not None

    async def act() -> Any:
        for _ in range(n_turns):
            await asyncio.sleep(0.0002)
        if action == "retry":
            return await desk.coordinator.retry("B", item_ids=None, reason=None)
        return await desk.coordinator.control("B", BatchEvent(action))

    desk.batches.finish_soon(book.id)
    (told,) = await at_once(act())
    await desk.state.settle(2)
    state, items = desk.in_journal("B")
    assert (await desk.batches.status("B"))["state"] == state
    assert desk.state.trouble is None
    if action == "retry" and not isinstance(told, Exception):
        assert (state, items) == ("running", {"queued": told["n_retried"]})
    else:
        assert items == {"dead": 3}
        assert state == (
            "cancelled" if action == "cancel" and not isinstance(told, Exception) else "completed"
        )


async def test_a_retry_that_the_coordinator_dies_of_is_made_once(desk: Desk) -> None:
    await desk.submit("B", chunk(5))
    await desk.let_die("B")
    assert desk.in_journal("B")[0] == "completed"
    row = desk.state.journal.find_batch("B")
    assert row is not None
    await desk.state.write(desk.state.journal.revive, row.id)  # and there it is killed
    second = desk.next_life()
    for batch_id, _ in await second.state.write(second.state.journal.open_batches):
        await second.batches.open(batch_id)
    told = await second.coordinator.retry("B", item_ids=None, reason=None)  # Ray says it again
    assert (told["state"], told["counts"]["queued"], told["counts"]["dead"]) == ("running", 5, 0)
    second.close()


async def test_a_batch_that_is_put_off_is_not_harmed_by_what_happens_before(desk: Desk) -> None:
    at = time.time() + 60
    await desk.submit("B", chunk(5), options=BatchOptions(not_before=at))
    engine = desk.state.engine
    engine.domains["e.test"].parked = "parked: blocked 6 times in a row"
    book = desk.state.book("B")
    assert book is not None
    assert book.state is BatchState.SCHEDULED
    assert not book.has_begun
    await desk.batches.start_due(at + 1)
    assert book.state is BatchState.RUNNING
    assert engine.domains["e.test"].parked is None, "it is tried anew"


async def test_what_fails_beside_the_loop_is_told(desk: Desk) -> None:
    async def fail() -> None:
        raise OSError("gone")

    desk.state.background(fail())
    await asyncio.sleep(0.01)
    assert "gone" in str(desk.state.trouble)


# -- whole lists --------------------------------------------------------------------------------------


async def test_two_lists_under_one_key_at_once_are_one_batch_and_a_conflict(desk: Desk) -> None:
    told = await at_once(
        desk.submit("A", chunk(10, named="a"), key="k", digest="1"),
        desk.submit("B", chunk(10, named="b"), key="k", digest="2"),
    )
    assert {type(one) for one in told} == {dict, Conflict}
    (made,) = (one for one in told if isinstance(one, dict))
    assert made["total"] == 10
    assert desk.in_journal(made["batch_id"]) == ("running", {"queued": 10})


async def test_one_list_twice_at_once_is_one_batch(desk: Desk) -> None:
    told = await at_once(*(desk.submit(name, chunk(5), key="k", digest="1") for name in "AB"))
    made = {(one["batch_id"], one["total"]) for one in told}
    assert len(made) == 1
    assert desk.in_journal(told[0]["batch_id"]) == ("running", {"queued": 5})


async def test_a_list_that_the_coordinator_dies_of_is_taken_in_once(desk: Desk) -> None:
    first = await desk.submit("A", chunk(5))
    second = desk.next_life()
    again = await second.submit("A", chunk(5))  # before it has opened anything
    assert {**again, "estimated_completion": None} == {**first, "estimated_completion": None}
    assert second.state.book("A") is not None
    second.close()


async def test_a_list_without_one_good_line_leaves_nothing(desk: Desk) -> None:
    with pytest.raises(UsageError):
        await desk.submit("A", Chunk([], []), key="k", digest="1")
    assert (await desk.submit("B", chunk(2), key="k", digest="2"))["total"] == 2, "its key is free"


async def test_a_whole_list_that_is_too_long_leaves_nothing(desk: Desk) -> None:
    with pytest.raises(ListTooLong):
        await desk.submit("A", chunk(31))
    assert (await desk.submit("B", chunk(30)))["total"] == 30
    with pytest.raises(BacklogFull):
        await desk.submit("C", chunk(1, named="c"))
    with pytest.raises(ListTooLong):  # it would wait in vain
        await desk.submit("D", chunk(31, named="d"))


# -- pieces -------------------------------------------------------------------------------------------


async def test_a_piece_that_makes_a_list_too_long_is_not_kept(desk: Desk) -> None:
    await desk.open_list("P")
    await desk.piece("P", 1, chunk(20))
    with pytest.raises(ListTooLong):
        await desk.piece("P", 2, chunk(15, first=21, named="b"))
    assert (await desk.coordinator.commit_upload("P", 1))["total"] == 20


async def test_duplicates_take_no_room(desk: Desk) -> None:
    await desk.open_list("P")
    same = chunk(1)
    same.entries.extend(same.entries[0]._replace(line=line) for line in range(2, 501))
    assert (await desk.piece("P", 1, same))["duplicates"] == 499
    for _ in range(3):  # it is sent again
        await desk.piece("P", 1, same)
    with pytest.raises(ListTooLong):
        await desk.piece("P", 2, chunk(30, first=501, named="b"))
    await desk.piece("P", 2, chunk(29, first=501, named="b"))
    assert (await desk.coordinator.commit_upload("P", 2))["total"] == 30


async def test_of_two_pieces_with_one_number_one_is_refused(desk: Desk) -> None:
    await desk.open_list("P")
    told = await at_once(
        desk.piece("P", 1, chunk(5, named="a"), digest="a"),
        desk.piece("P", 1, chunk(5, named="b"), digest="b"),
    )
    assert {type(one) for one in told} == {dict, Conflict}
    assert (await desk.coordinator.commit_upload("P", 1))["total"] == 5


async def test_a_piece_and_the_commit_at_once_agree(desk: Desk) -> None:
    await desk.open_list("P")
    await desk.piece("P", 1, chunk(5))
    told = await at_once(
        desk.coordinator.commit_upload("P", None), desk.piece("P", 2, chunk(5, first=6, named="b"))
    )
    n_taken = 5 if isinstance(told[1], Conflict) else 10
    assert desk.in_journal("P") == ("running", {"queued": n_taken})


async def test_of_commit_and_cancel_at_once_what_is_told_is_true(desk: Desk) -> None:
    await desk.open_list("P")
    await desk.piece("P", 1, chunk(20))
    told = await at_once(
        desk.coordinator.commit_upload("P", 1), desk.coordinator.control("P", BatchEvent.CANCEL)
    )
    await desk.state.settle(2)
    assert told[1]["state"] in ("cancelling", "cancelled")
    if isinstance(told[0], Exception):
        assert desk.state.journal.find_batch("P") is None, "it was never real"
    else:
        assert desk.in_journal("P") == ("cancelled", {"cancelled": 20})


async def test_a_list_whose_sender_is_gone_is_forgotten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.open_list("P")
    await desk.piece("P", 1, chunk(20))
    monkeypatch.setattr("tlray.core.scheduling.backlog.ABANDONED_AFTER_S", -1.0)
    await desk.scheduler.step(time.time())
    assert desk.state.journal.find_batch("P") is None
    assert (await desk.submit("B", chunk(30)))["total"] == 30


async def test_a_batch_whose_coordinator_died_while_it_was_cancelled_ends_when_it_is_resumed(
    tmp_path: Path,
) -> None:
    first = Desk(tmp_path)
    await first.submit("B", chunk(3))
    book = first.state.book("B")
    assert book is not None
    first.state.journal.set_batch_state(book.id, BatchState.CANCELLING)
    first.close()
    second = Desk(tmp_path, is_restart=True)
    await second.batches.resume("B")
    await second.state.settle(2)
    assert second.in_journal("B") == ("cancelled", {"cancelled": 3})
    second.close()
