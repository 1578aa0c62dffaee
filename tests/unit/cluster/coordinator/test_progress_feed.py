"""What a coordinator hands to a sink of progress, and what it holds while there is none; without Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from made_desk import Desk, chunk

from tlray.cluster.coordinator import progress_feed
from tlray.cluster.coordinator.progress_feed import ProgressFeed
from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.progress import ProgressUpdate
from tlray.core.scheduling.change_log import MAX_KEPT
from tlray.core.scheduling.changeset import ItemChange
from tlray.errors import CannotFinish

SOON_S = 30.0


class Sink:
    """Keeps what it is given, while it is ready."""

    def __init__(self) -> None:
        self.is_ready = True
        self.refuses = False
        self.fails = False
        self.taken: list[ProgressUpdate] = []
        self.got = asyncio.Event()

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def write(self, updates: Sequence[ProgressUpdate], *, now: float) -> set[str]:
        if self.fails:
            raise RuntimeError("a bug of the sink")
        if self.refuses:
            return set()
        self.taken += updates
        self.got.set()
        return {update.message["batch_id"] for update in updates}

    async def close(self) -> None: ...

    def items(self, batch_id: str = "b1") -> list[str]:
        of_batch = [update for update in self.taken if update.message["batch_id"] == batch_id]
        return [item["item_id"] for update in of_batch for item in update.message["items"]]


class Stage:
    def __init__(self, home: Path) -> None:
        self.sink = Sink()
        self.desk = Desk(home, progress=self.sink)
        feed = self.desk.coordinator._feed
        assert feed is not None
        self.feed: ProgressFeed = feed
        self.n_done = 0

    def finish(self, n: int, batch_id: str = "b1") -> None:
        book = self.desk.state.book(batch_id)
        assert book is not None
        now = time.monotonic()
        for number in range(self.n_done + 1, self.n_done + n + 1):
            item = FrontierItem(number, book.id, "e.test", f"http://e.test/{number}", f"f{number}")
            change = ItemChange(
                item, ItemState.LEASED, ItemState.SUCCEEDED, ItemEvent.FETCHED, 1, 0, 0, item.url, "e.test"
            )
            book.log_change(change, now=now)
            book.move(ItemState.QUEUED, ItemState.LEASED, "e.test", now=now)
            book.move(ItemState.LEASED, ItemState.SUCCEEDED, "e.test", now=now)
        self.n_done += n
        self.desk.state.announce(book.id)

    async def until_taken(self, n_done: int) -> None:
        async with asyncio.timeout(SOON_S):
            while not any(
                update.message["counts"]["succeeded"] >= n_done for update in self.sink.taken
            ):  # fmt: skip
                self.sink.got.clear()
                await self.sink.got.wait()


@asynccontextmanager
async def running(home: Path) -> AsyncIterator[Stage]:
    stage = Stage(home)
    stage.feed.start()
    try:
        yield stage
    finally:
        await stage.feed.close()
        stage.desk.close()


async def test_a_sink_that_refuses_everything_holds_up_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_feed, "LAST_S", 0.05)
    async with running(tmp_path) as stage:
        stage.sink.refuses = True
        await stage.desk.submit("b1", chunk(4))
    assert stage.feed._marked


async def test_each_message_says_which_one_was_before_it(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await stage.desk.submit("b1", chunk(40))
        for _ in range(20):
            stage.finish(2)
            await asyncio.sleep(0.002)
        await stage.until_taken(40)
    updates = [update for update in stage.sink.taken if update.is_news]
    assert [update.since for update in updates[1:]] == [update.message["version"] for update in updates[:-1]]
    assert updates[0].since == 0
    assert not updates[0].message["items_complete"], "nobody knows what an earlier life has told"
    assert all(update.message["items_complete"] for update in updates[1:])
    assert stage.sink.items() == [str(n) for n in range(1, 41)]
    assert len(updates) < 20, "what comes within a tick is one message"
    assert {update.owner for update in updates} == {"ada"}


async def test_what_is_not_stored_is_sent_again_with_what_came_meanwhile(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await stage.desk.submit("b1", chunk(10))
        await stage.until_taken(0)
        stage.sink.refuses = True
        stage.finish(3)
        await asyncio.sleep(0.1)
        stage.sink.refuses = False
        stage.finish(2)
        await stage.until_taken(5)
    assert stage.sink.items() == ["1", "2", "3", "4", "5"]


async def test_a_sink_with_a_bug_ends_neither_the_feed_nor_the_coordinator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_feed, "LOOK_S", 0.05)
    async with running(tmp_path) as stage:
        await stage.desk.submit("b1", chunk(10))
        await stage.until_taken(0)
        stage.sink.fails = True
        stage.finish(3)
        await asyncio.sleep(0.2)
        assert stage.desk.state.trouble is None
        stage.sink.fails = False
        await stage.until_taken(3)


async def test_what_waits_for_a_sink_that_is_away_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_feed, "MAX_ITEMS_OF_ALL", 100)
    monkeypatch.setattr(progress_feed, "MAX_FINISHED", 2)
    monkeypatch.setattr(progress_feed, "LOOK_S", 0.02)
    monkeypatch.setattr(progress_feed, "AWAY_S", 0.02)
    async with running(tmp_path) as stage:
        stage.sink.is_ready = False
        await stage.desk.submit("b1", chunk(1_000))
        for n in range(5):
            await stage.desk.submit(f"done{n}", chunk(2, named=f"d{n}-"))
            await stage.desk.let_die(f"done{n}")
        stage.finish(500)
        await asyncio.sleep(0.3)
        assert sum(len(followed.changes) for followed in stage.feed._followed.values()) <= 100
        assert set(stage.feed._followed) == {"b1", "done3", "done4"}, "the oldest that are over are forgotten"
        stage.sink.is_ready = True
        await stage.until_taken(500)
        last = [update for update in stage.sink.taken if update.message["batch_id"] == "b1"][-1]
        assert not last.message["items_complete"]
        assert last.message["counts"]["succeeded"] == 500


async def test_the_end_is_the_last_message_and_a_retry_goes_on_from_it(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await stage.desk.submit("b1", chunk(3))
        await stage.desk.let_die("b1")
        async with asyncio.timeout(SOON_S):
            while stage.feed._followed:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert stage.sink.taken[-1].is_last
        version = stage.sink.taken[-1].message["version"]
        await stage.desk.coordinator.retry("b1", item_ids=None, reason=None)
        async with asyncio.timeout(SOON_S):
            while stage.sink.taken[-1].is_last:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert stage.sink.taken[-1].message["version"] > version


async def test_changes_stay_for_a_watcher_and_go_where_there_is_none(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await stage.desk.submit("b1", chunk(10))
        stage.finish(2)
        await stage.until_taken(2)
        told = await stage.desk.coordinator.watch_items("b1", None, 0.0, "test")
        stage.finish(3)
        await stage.until_taken(5)
        later = await stage.desk.coordinator.watch_items("b1", told["version"], 0.0, "test")
        assert ([item["item_id"] for item in later["items"]], later["items_complete"]) == (
            ["3", "4", "5"],
            True,
        )
        assert len(stage.feed._followed["b1"].changes) <= MAX_KEPT
        stage.desk.coordinator._refresh_watchers(time.monotonic() + 1_000)  # nobody asks any more
        stage.finish(2)
        await stage.until_taken(7)
        await asyncio.sleep(0.05)
        assert len(stage.feed._followed["b1"].changes) == 0


async def test_a_batch_that_cannot_be_read_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as stage:
        await stage.desk.submit("b1", chunk(3))
        await stage.until_taken(0)

        async def broken(batch_id: str) -> None:
            raise CannotFinish("the disk is gone")

        monkeypatch.setattr(stage.feed, "_status", broken)
        stage.finish(1)
        await asyncio.sleep(0.2)
        assert not stage.feed._followed


async def test_an_idle_batch_is_written_again_before_its_key_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_feed, "LOOK_S", 0.02)
    async with running(tmp_path) as stage:
        await stage.desk.submit("b1", chunk(3))
        await stage.desk.batches.pause("b1")
        await asyncio.sleep(0.1)
        n_before = len(stage.sink.taken)
        await asyncio.sleep(0.1)
        assert len(stage.sink.taken) == n_before, "a paused batch does not change"
        monkeypatch.setattr(progress_feed, "ALIVE_S", 0.05)
        async with asyncio.timeout(SOON_S):
            while len(stage.sink.taken) == n_before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert not stage.sink.taken[-1].is_news
