"""A stream of few items at a steady pace: it keeps up with any number of changes, and many clients share its frames."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from itertools import pairwise

import pytest
from stage import BATCH, Stage
from virtual_time import in_virtual_time

from tlray.service.backend import live_hub
from tlray.service.backend.live_hub import WHOLE, Frame, Hub, View
from tlray.service.http.shutdown import Shutdown
from tlray.service.routes import progress

PAGE = View(20, 0.25)
PER_S = 300
MINUTES = 3
BYTES_PER_S = 28_000
"""The items here have less than half of the 274 bytes that one has on a real site."""


@pytest.fixture(autouse=True)
def _pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_hub, "BYTES_PER_S", BYTES_PER_S)


async def works(stage: Stage, seconds: float) -> None:
    """Let items succeed, 30 each tenth of a second."""
    for _ in range(round(seconds * 10)):
        stage.finish(PER_S // 10)
        await asyncio.sleep(0.1)


async def follows(hub: Hub, view: View, seconds: float) -> list[tuple[float, Frame]]:
    """Return the frames of a client that reads at once, each with its moment."""
    loop = asyncio.get_running_loop()
    found = []
    async with hub.feed(BATCH, None, view) as feed:
        found.append((loop.time(), await feed.first()))
        until = loop.time() + seconds
        while loop.time() < until:
            frame = await feed.next(15.0)
            if frame is not None:
                found.append((loop.time(), frame))
    return found


def watched(
    view: View, *, n_clients: int = 1, seconds: float = MINUTES * 60
) -> list[list[tuple[float, Frame]]]:
    async def story() -> list[list[tuple[float, Frame]]]:
        stage = Stage(round(PER_S * seconds) + 1_000)
        hub = Hub(stage.gateway)
        work = asyncio.create_task(works(stage, seconds))
        found = await asyncio.gather(*(follows(hub, view, seconds - 1) for _ in range(n_clients)))
        work.cancel()
        assert stage.max_polls <= 1
        return found

    return in_virtual_time(story())


def gaps(frames: Sequence[tuple[float, Frame]]) -> list[float]:
    return [after - before for (before, _), (after, _) in pairwise(frames)]


def test_a_page_keeps_up_with_300_items_a_second_for_minutes() -> None:
    (frames,) = watched(PAGE)
    assert max(gaps(frames)) <= 0.5
    assert len(frames) >= MINUTES * 60 * 3.9
    seen = [json.loads(frame.text) for _, frame in frames]
    assert all(len(frame["items"]) <= 20 for frame in seen)
    assert (
        sum(frame["n_changed"] for frame in seen)
        == seen[-1]["counts"]["succeeded"] - seen[0]["counts"]["succeeded"]
    )
    assert not seen[-1]["items_complete"], "75 have changed, 20 are named"
    newest = [int(item["item_id"]) for item in seen[-1]["items"]]
    assert newest == list(range(seen[-1]["counts"]["succeeded"] - 19, seen[-1]["counts"]["succeeded"] + 1))
    bytes_per_s = sum(len(frame.text) for _, frame in frames) / (MINUTES * 60)
    assert bytes_per_s < BYTES_PER_S


def test_a_stream_of_all_items_falls_behind_and_says_so() -> None:
    (frames,) = watched(WHOLE, seconds=60)
    assert max(gaps(frames)) > 1.0
    assert any(json.loads(frame.text)["n_changed"] is None for _, frame in frames)


def test_fifty_pages_share_their_frames() -> None:
    clients = watched(PAGE, n_clients=50, seconds=20)
    n_frames = sum(len(frames) for frames in clients)
    made = {id(frame) for frames in clients for _, frame in frames}
    assert n_frames > 50 * 60
    assert len(made) <= n_frames / 50 + 60, "one a tick, and the first of each client"


@pytest.mark.parametrize(
    ("most", "n", "is_complete"), [(0, 0, False), (20, 3, True), (2, 2, False), (None, 3, True)]
)
async def test_a_view_has_as_many_items_as_it_asks_for(most: int | None, n: int, is_complete: bool) -> None:
    stage = Stage(10)
    view = View(most)
    async with Hub(stage.gateway).feed(BATCH, None, view) as feed:
        first = await feed.first()
        assert json.loads(first.text)["n_changed"] == 0
        stage.finish(3)
        frame = await feed.next(30.0)
        assert frame is not None
        told = json.loads(frame.text)
        assert (len(told["items"]), told["n_changed"], told["items_complete"]) == (n, 3, is_complete)
    async with Hub(stage.gateway).feed(BATCH, first.version, view) as feed:  # who comes back
        told = json.loads((await feed.first()).text)
        assert (len(told["items"]), told["n_changed"], told["items_complete"]) == (n, 3, is_complete)


def test_the_end_does_not_wait_for_the_next_tick() -> None:
    async def story() -> float:
        stage = Stage(10)
        async with Hub(stage.gateway).feed(BATCH, None, View(20, 30.0)) as feed:
            await feed.first()
            stage.finish(10)
            work = asyncio.create_task(feed.next(60.0))
            await asyncio.sleep(1.0)
            stage.complete()
            frame = await work
            while frame is not None and not frame.is_last:
                frame = await feed.next(60.0)
        return asyncio.get_running_loop().time()

    assert in_virtual_time(story()) < 5.0


def test_a_page_alone_is_polled_for_as_often_as_it_wants_a_frame() -> None:
    async def story() -> int:
        stage = Stage(10_000)
        asked: list[float] = []
        watch = stage.watch

        async def counted(batch_id: str, since: int | None, timeout_s: float) -> object:
            asked.append(timeout_s)
            return await watch(batch_id, since, timeout_s)

        stage.watch = counted  # type: ignore[method-assign,assignment]
        work = asyncio.create_task(works(stage, 20))
        await follows(Hub(stage.gateway), PAGE, 10)
        work.cancel()
        return len(asked)

    assert in_virtual_time(story()) <= 10 * 4 + 3


async def test_silence_is_a_beat_that_a_script_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT_S", 0.05)
    feed = Hub(Stage(1).gateway).feed(BATCH, None, PAGE)
    async with aclosing(progress._events(feed, await feed.first(), Shutdown())) as texts:
        found = [await anext(texts) for _ in range(4)]
    assert found[0].startswith("retry: ")
    assert found[1].startswith("id: ")
    assert found[2] == found[3] == "event: beat\ndata: {}\n\n"
