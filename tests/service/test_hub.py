"""The way of a snapshot from the coordinator to any number of clients, without Ray; the sockets are real."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
import websockets
from conftest import free_port
from stage import BATCH, Stage

from tlray.core.scheduling.change_log import MAX_KEPT
from tlray.errors import CoordinatorLost, NoSuchBatch
from tlray.service.app import build_app
from tlray.service.backend.live_hub import Frame, Hub
from tlray.service.routes import progress
from tlray.settings import Settings

SOON_S = 30.0


def told(frame: Frame | None) -> dict[str, object]:
    assert frame is not None, "no frame in time"
    return dict(json.loads(frame.text))


def item_ids(frame: Frame | None) -> list[int]:
    items = told(frame)["items"]
    assert isinstance(items, list)
    return [int(item["item_id"]) for item in items]


async def until(claim: str, *, holds: Callable[[], bool]) -> None:
    """Wait until a claim about the test's objects holds."""
    deadline = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < deadline, f"not so: {claim}"
        await asyncio.sleep(0.01)


# -- feeds --------------------------------------------------------------------------------------------


async def test_the_first_frame_is_how_things_stand_though_nothing_changes() -> None:
    hub = Hub(Stage(10).gateway)
    async with hub.feed(BATCH, None) as feed:
        frame = await feed.first()
        assert told(frame)["counts"]["leased"] == told(frame)["total"] == 10  # type: ignore[index]
        assert told(frame)["items_complete"] is True
        assert await feed.next(0.2) is None


async def test_a_change_is_told_once_with_its_items() -> None:
    stage = Stage(10)
    async with Hub(stage.gateway).feed(BATCH, None) as feed:
        first = await feed.first()
        stage.finish(2)
        second = await feed.next(SOON_S)
        assert (item_ids(second), told(second)["items_complete"]) == ([1, 2], True)
        stage.finish(1)
        third = await feed.next(SOON_S)
        assert item_ids(third) == [3]
        versions = [told(frame)["version"] for frame in (first, second, third)]
        assert versions == sorted(set(versions))  # type: ignore[type-var]
        assert await feed.next(0.2) is None


async def test_many_clients_cost_the_coordinator_one_call() -> None:
    stage = Stage(10)
    hub = Hub(stage.gateway)
    feeds = [hub.feed(BATCH, None) for _ in range(200)]
    await asyncio.gather(*(feed.first() for feed in feeds))
    waiting = [asyncio.create_task(feed.next(SOON_S)) for feed in feeds]
    await asyncio.sleep(0.05)
    stage.finish(3)
    frames = await asyncio.gather(*waiting)
    assert all(item_ids(frame) == [1, 2, 3] for frame in frames)
    assert len({id(frame) for frame in frames}) == 1, "it is written out once"
    assert stage.max_polls == 1
    for feed in feeds:
        await feed.__aexit__(None, None, None)


async def test_a_slow_client_gets_the_newest_with_all_that_it_missed() -> None:
    stage = Stage(100)
    hub = Hub(stage.gateway)
    async with hub.feed(BATCH, None) as quick, hub.feed(BATCH, None) as slow:
        await quick.first()
        await slow.first()
        stage.finish(1)
        await slow.next(SOON_S)
        for _ in range(5):
            stage.finish(2)
            newest = await quick.next(SOON_S)
        frame = await slow.next(SOON_S)
        assert frame is not None
        assert newest is not None
        assert frame.version == newest.version
        assert item_ids(frame) == list(range(2, 12))
        assert told(frame)["items_complete"] is True


async def test_who_comes_back_is_told_what_was_missed() -> None:
    stage = Stage(100)
    hub = Hub(stage.gateway)
    async with hub.feed(BATCH, None) as feed:
        seen = (await feed.first()).version
    stage.finish(7)
    async with hub.feed(BATCH, seen) as feed:
        frame = await feed.first()
        assert (item_ids(frame), told(frame)["items_complete"]) == (list(range(1, 8)), True)
    async with Hub(stage.gateway).feed(BATCH, seen) as feed:  # another replica
        assert item_ids(await feed.first()) == list(range(1, 8))


@pytest.mark.parametrize("since", [0, 2**50])
async def test_who_names_a_version_that_is_not_remembered_is_told_so(since: int) -> None:
    stage = Stage(100)
    stage.finish(7)
    async with Hub(stage.gateway).feed(BATCH, since) as feed:
        frame = await feed.first()
        assert told(frame)["items_complete"] is False
        assert told(frame)["counts"]["succeeded"] == 7  # type: ignore[index]
        stage.finish(1)
        assert item_ids(await feed.next(SOON_S)) == [8]


async def test_more_changes_than_are_kept_are_a_gap_that_is_told() -> None:
    stage = Stage(10_000)
    async with Hub(stage.gateway).feed(BATCH, None) as feed:
        await feed.first()
        stage.finish(MAX_KEPT + 1)
        frame = await feed.next(SOON_S)
        assert told(frame)["items_complete"] is False
        assert told(frame)["counts"]["succeeded"] == MAX_KEPT + 1  # type: ignore[index]


async def test_the_end_is_told_at_once_even_after_a_long_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tlray.service.backend.live_hub.BYTES_PER_S", 100)
    stage = Stage(800)
    async with Hub(stage.gateway).feed(BATCH, None) as feed:
        await feed.first()
        stage.finish(800)
        long = await feed.next(SOON_S)
        assert long is not None
        assert len(long.text) / 100 > 2 * SOON_S, "so long the next frame is held back"
        stage.complete()
        frame = await feed.next(SOON_S)
        assert frame is not None
        assert frame.is_last
        assert told(frame)["state"] == "completed"


async def test_whoever_waits_is_told_that_the_coordinator_is_lost_and_may_try_again() -> None:
    stage = Stage(10)
    hub = Hub(stage.gateway)
    async with hub.feed(BATCH, None) as feed:
        await feed.first()
        stage.trouble = CoordinatorLost("gone")
        with pytest.raises(CoordinatorLost):
            await feed.next(SOON_S)
    stage.trouble = None
    async with hub.feed(BATCH, None) as feed:
        await feed.first()
        stage.finish(1)
        assert item_ids(await feed.next(SOON_S)) == [1]


async def test_a_batch_that_is_not_there_has_no_first_frame() -> None:
    async with Hub(Stage(1).gateway).feed("other", None) as feed:
        with pytest.raises(NoSuchBatch):
            await feed.first()


async def test_the_last_client_to_leave_ends_the_poll() -> None:
    stage = Stage(10)
    hub = Hub(stage.gateway)
    async with hub.feed(BATCH, None) as feed:
        await feed.first()
        assert await feed.next(0.05) is None
        assert stage.n_polls == 1
    await until("nothing is polled", holds=lambda: stage.n_polls == 0)


async def test_news_are_the_newest_snapshot_or_none_in_time() -> None:
    stage = Stage(10)
    hub = Hub(stage.gateway)
    version = stage.book.version
    assert await hub.news(BATCH, version, 0.1) is None
    waiting = asyncio.create_task(hub.news(BATCH, version, SOON_S))
    await asyncio.sleep(0.05)
    stage.finish(1)
    news = await waiting
    assert news is not None
    assert news["version"] > version


# -- sockets ------------------------------------------------------------------------------------------


@asynccontextmanager
async def served(stage: Stage) -> AsyncIterator[str]:
    """Serve the app with the stage behind it."""
    port = free_port()
    app = build_app(stage.gateway, Settings())
    stage.shutdown = app.state.streams.shutdown
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    running = asyncio.create_task(server.serve())
    await until("it listens", holds=lambda: server.started)
    yield f"127.0.0.1:{port}"
    server.should_exit = server.force_exit = True
    await running


async def test_clients_that_vanish_are_forgotten() -> None:
    stage = Stage(1_000)
    async with served(stage) as place:
        sockets = [await websockets.connect(f"ws://{place}/ws/batch/{BATCH}/progress") for _ in range(20)]
        for client in sockets:
            await client.recv()
        await until("it is polled for them", holds=lambda: stage.n_polls == 1)
        for client in sockets:
            client.transport.abort()
        await until("nobody is left", holds=lambda: stage.n_polls == 0)


async def test_streams_and_sockets_end_with_a_last_word_when_the_replica_is_to_end() -> None:
    stage = Stage(1_000)
    async with served(stage) as place, httpx.AsyncClient(base_url=f"http://{place}", timeout=30) as http:
        async with websockets.connect(f"ws://{place}/ws/batch/{BATCH}/progress") as client:
            version = json.loads(await client.recv())["version"]
            async with http.stream("GET", f"/api/v1/batch/{BATCH}/events") as stream:
                chunks = stream.aiter_text()
                text = await anext(chunks)  # it is served
                assert stage.shutdown is not None
                stage.shutdown.begin()
                text += "".join([chunk async for chunk in chunks])
            with pytest.raises(websockets.ConnectionClosed):
                await client.recv()
            assert client.close_code == 1012
        name, number, data = text.strip().split("\n\n")[-1].splitlines()
        assert (name, number) == ("event: leaving", f"id: {version}")
        told = json.loads(data.removeprefix("data: "))
        assert told["version"] == version
        assert "connect again" in told["reason"] == client.close_reason
        late = await http.get(f"/api/v1/batch/{BATCH}/events")
        assert (late.status_code, late.headers["retry-after"]) == (503, "5")
        await until("nobody is left", holds=lambda: stage.n_polls == 0)


async def test_an_event_stream_whose_reader_vanishes_is_forgotten() -> None:
    stage = Stage(1_000)
    async with served(stage) as place:
        reader, writer = await asyncio.open_connection(*place.split(":"))
        writer.write(f"GET /api/v1/batch/{BATCH}/events HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
        await reader.readuntil(b"data: ")
        await until("it is polled for it", holds=lambda: stage.n_polls == 1)
        writer.transport.abort()
        await until("nobody is left", holds=lambda: stage.n_polls == 0)


async def test_who_does_not_read_is_let_go_and_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SEND_TIMEOUT_S", 0.3)
    stage = Stage(1_000_000)
    async with served(stage) as place:
        host, port = place.split(":")
        idle = socket.socket()
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        idle.setblocking(False)
        await asyncio.get_running_loop().sock_connect(idle, (host, int(port)))
        idle.send(
            f"GET /ws/batch/{BATCH}/progress HTTP/1.1\r\nHost: {place}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        await until("it is polled for it", holds=lambda: stage.n_polls == 1)
        async with websockets.connect(f"ws://{place}/ws/batch/{BATCH}/progress", max_size=None) as quick:
            await quick.recv()
            monkeypatch.setattr("tlray.service.backend.live_hub.BYTES_PER_S", 1e9)  # as much as there is
            deadline = time.monotonic() + SOON_S
            while n_sending() > 1:
                assert time.monotonic() < deadline, "it is still there"
                stage.finish(500)
                assert json.loads(await asyncio.wait_for(quick.recv(), SOON_S))["items_complete"] is True
        idle.close()


def n_sending() -> int:
    """How many clients are being sent frames."""
    return sum(1 for task in asyncio.all_tasks() if "_send" in repr(task.get_coro()))
