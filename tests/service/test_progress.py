"""Live progress over real sockets, from the coordinator through Ray Serve to the client."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import websockets
from conftest import Service, Site, StartSite
from plain_service import plain_service

pytestmark = pytest.mark.ray
Frame = dict[str, Any]
WAIT_S = 40.0


@pytest.fixture(scope="module")
def site(start_site: StartSite) -> Site:
    """A demo with sets enough to watch for a while."""
    return start_site("--sites=2", "--sets=60")


def socket_url(url: str, batch_id: str, since: int | str | None = None) -> str:
    query = "" if since is None else f"?since={since}"
    return f"{url.replace('http', 'ws', 1)}/ws/batch/{batch_id}/progress{query}"


async def frames(socket: websockets.ClientConnection) -> AsyncIterator[Frame]:
    """Yield what comes until the socket is closed, or breaks."""
    with suppress(websockets.ConnectionClosedError):
        async with asyncio.timeout(WAIT_S):
            async for text in socket:
                yield json.loads(text)


async def watched(url: str, batch_id: str, since: int | str | None = None) -> tuple[list[Frame], int | None]:
    """Return all frames of a batch, and the code that the socket was closed with."""
    async with websockets.connect(socket_url(url, batch_id, since)) as socket:
        return [frame async for frame in frames(socket)], socket.close_code


def events_of(text: str) -> list[dict[str, str]]:
    """Return the events of a stream, comments left out."""
    found = []
    for block in text.strip().split("\n\n"):
        lines = [line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")]
        if lines:
            found.append(dict(lines))
    return found


def slow_options(site: Site, per_s: float) -> dict[str, Any]:
    """Options under which a batch takes its time, whatever was fetched before."""
    return {"fresh_for": 0, "rates": {base.removeprefix("http://"): f"{per_s}/s" for base in site.bases}}


def last_states(told: list[Frame]) -> dict[int, str]:
    """Return the last state that was told of each item."""
    return {item["item_id"]: item["state"] for frame in told for item in frame["items"]}


# -- a batch from its beginning to its end -------------------------------------------------------------


async def test_a_socket_tells_a_batch_to_its_end_and_is_closed(service: Service, site: Site) -> None:
    batch = service.submit(site.urls()[:40], options=slow_options(site, 15))
    told, code = await watched(service.url, batch)
    assert code == 1000
    assert told[0]["total"] == 40
    assert told[0]["state"] == "running"
    versions = [frame["version"] for frame in told]
    assert versions == sorted(set(versions)), "versions only grow"
    for frame in told:
        assert sum(frame["counts"].values()) == 40
        assert frame["items_complete"] is True
    assert [frame["state"] for frame in told].count("completed") == 1
    assert told[-1]["state"] == "completed"
    assert told[-1]["counts"]["succeeded"] == 40
    assert sorted(last_states(told).values()) == ["succeeded"] * 40
    assert len(told) > 3
    assert any(frame["rate_per_min"] > 0 and frame["domains"] for frame in told)
    assert any(frame["estimated_completion"] for frame in told)


async def test_events_are_the_same_messages(service: Service, site: Site) -> None:
    batch = service.submit(site.urls()[:20], options=slow_options(site, 15))
    async with httpx.AsyncClient(base_url=service.url, timeout=WAIT_S) as http:
        answer = await http.get(f"/api/v1/batch/{batch}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = events_of(answer.text)
        assert "retry" in found[0]
        told = [json.loads(event["data"]) for event in found[:-1]]
        assert [int(event["id"]) for event in found[:-1]] == [frame["version"] for frame in told]
        assert found[-1]["event"] == "end"
        assert told[-1]["state"] == "completed"
        assert sorted(last_states(told).values()) == ["succeeded"] * 20

        again = await http.get(
            f"/api/v1/batch/{batch}/events", headers={"Last-Event-ID": str(told[-2]["version"])}
        )
        [missed, _] = events_of(again.text)
        assert json.loads(missed["data"])["state"] == "completed"
        seen_all = {"Last-Event-ID": str(told[-1]["version"])}
        assert (await http.get(f"/api/v1/batch/{batch}/events", headers=seen_all)).status_code == 204


async def test_a_finished_batch_gives_one_frame_and_ends(service: Service, site: Site) -> None:
    batch = service.submit(site.urls()[:3])
    done = service.wait_for(batch)
    for since in (None, done["version"], 1):
        told, code = await watched(service.url, batch, since)
        assert [(frame["state"], frame["total"]) for frame in told] == [("completed", 3)]
        assert code == 1000


async def test_pause_and_cancel_are_told_at_once(service: Service, site: Site) -> None:
    batch = service.submit(site.urls(), options=slow_options(site, 2))
    async with (
        httpx.AsyncClient(base_url=service.url, timeout=WAIT_S) as http,
        websockets.connect(socket_url(service.url, batch)) as socket,
    ):
        states = []
        for action, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
            began_at = time.monotonic()
            assert (await http.post(f"/api/v1/batch/{batch}/{action}")).status_code == 200
            async for frame in frames(socket):
                states.append(frame["state"])
                if frame["state"] == state:
                    break
            assert time.monotonic() - began_at < WAIT_S, f"{action} was told late"
        assert [frame async for frame in frames(socket)] == []
        assert socket.close_code == 1000


# -- coming back ---------------------------------------------------------------------------------------


async def test_who_comes_back_misses_nothing(service: Service, site: Site) -> None:
    batch = service.submit(site.urls()[:50], options=slow_options(site, 12))
    told: list[Frame] = []
    since: int | None = None
    while not told or told[-1]["state"] != "completed":
        async with websockets.connect(socket_url(service.url, batch, since)) as socket:
            async for frame in frames(socket):
                told.append(frame)
                if len(told) % 3 == 0:
                    break
        since = told[-1]["version"]
        await asyncio.sleep(0.3)
    assert all(frame["items_complete"] for frame in told)
    assert sorted(last_states(told).values()) == ["succeeded"] * 50


async def test_a_replica_that_dies_loses_nothing(service: Service, site: Site) -> None:
    with plain_service(service) as (url, process):
        batch = service.submit(site.urls()[:40], options=slow_options(site, 12))
        told: list[Frame] = []
        async with websockets.connect(socket_url(url, batch)) as socket:
            async for frame in frames(socket):
                told.append(frame)
                if len(told) == 4:
                    process.kill()
            assert socket.close_code == 1006
        rest, _ = await watched(service.url, batch, told[-1]["version"])
    told += rest
    assert all(frame["items_complete"] for frame in told)
    assert sorted(last_states(told).values()) == ["succeeded"] * 40


async def test_a_killed_coordinator_is_a_pause_and_versions_grow_on(service: Service, site: Site) -> None:
    batch = service.submit(site.urls()[:40], options=slow_options(site, 8))
    told: list[Frame] = []
    async with websockets.connect(socket_url(service.url, batch)) as socket:
        async for frame in frames(socket):
            told.append(frame)
            if len(told) == 4:
                os.kill(service.coordinator_pid(), signal.SIGKILL)
        assert socket.close_code == 1000
    versions = [frame["version"] for frame in told]
    assert versions == sorted(set(versions))
    assert all(sum(frame["counts"].values()) == 40 for frame in told)
    assert told[-1]["state"] == "completed"
    assert told[-1]["counts"]["succeeded"] == 40
    # what changed while nobody looked is not known item by item, and that is said
    assert any(not frame["items_complete"] for frame in told[4:])
    again, _ = await watched(service.url, batch, versions[3])
    assert [(frame["state"], frame["items_complete"]) for frame in again] == [("completed", False)]


# -- what is refused -----------------------------------------------------------------------------------


def test_a_batch_that_is_not_there_has_no_progress(service: Service, http: httpx.Client) -> None:
    assert asyncio.run(watched(service.url, "nobody-knows-it")) == ([], 4404)
    answer = http.get("/api/v1/batch/nobody-knows-it/events")
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("not-found")


def test_a_socket_elsewhere_or_with_a_name_that_it_does_not_know_is_closed_with_words(
    service: Service,
) -> None:
    async def closing(path: str) -> tuple[int, str]:
        async with websockets.connect(f"{service.url.replace('http', 'ws')}{path}") as socket:
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code, closed.value.rcvd.reason

    code, reason = asyncio.run(closing("/ws/batches/1"))
    assert (code, "/ws/batch/{id}/progress" in reason) == (4404, True)
    code, reason = asyncio.run(closing("/ws/batch/1/progress?sinse=4"))
    assert (code, "did you mean since?" in reason) == (4422, True)


@pytest.mark.parametrize("since", ["-1", "x", "1.5", "9" * 5_000, ""])
def test_a_version_that_is_none_is_refused(
    service: Service, http: httpx.Client, site: Site, since: str
) -> None:
    batch = service.submit(site.urls()[:1])
    assert asyncio.run(watched(service.url, batch, since)) == ([], 4400)
    if since:
        answer = http.get(f"/api/v1/batch/{batch}/events", headers={"Last-Event-ID": since})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
