"""Hundreds of stalled uploads through Ray Serve: each costs its sender a 408 or a 429, and nobody else anything."""

from __future__ import annotations

import asyncio
import collections
import itertools
import time

import httpx
import pytest
from conftest import BODY_GAP_S, Service

from tlray.settings import Settings

pytestmark = pytest.mark.ray
N = 400
HEAD = (
    "POST /api/v1/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Tlray-Client: tests\r\n"
    'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"urls"'
)
GIVE_UP_S = 90.0
PATIENCE_S = 20.0
"""A machine that is busy with other things as well."""


async def stalled(port: int) -> tuple[str, str]:
    """Send half a body and nothing more; return the status and the type of the problem once the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD.encode())
    answer = (await reader.read()).decode()
    writer.close()
    return answer[9:12], answer.partition("urn:tlray:problem:")[2].partition('"')[0]


def test_hundreds_of_stalled_uploads_are_refused_and_others_are_answered(service: Service) -> None:
    async def story() -> None:
        port = int(service.url.rpartition(":")[2])
        begun = [asyncio.create_task(stalled(port)) for _ in range(N)]
        slowest_s, began = 0.0, time.monotonic()
        async with httpx.AsyncClient(base_url=service.url, timeout=GIVE_UP_S) as http:
            while not all(task.done() for task in begun):
                assert time.monotonic() - began < GIVE_UP_S, "some were neither answered nor closed"
                for path in ("/api/v1/batch", "/healthz"):
                    asked = time.monotonic()
                    assert (await http.get(path)).status_code == 200
                    slowest_s = max(slowest_s, time.monotonic() - asked)
                await asyncio.sleep(0.1)
        told = collections.Counter(task.result() for task in begun)
        n_held = Settings().max_open_requests_per_address // 2
        assert set(told) == {("408", "request-timeout"), ("429", "rate-limited")}, told
        assert told["429", "rate-limited"] >= N - 2 * n_held, told
        assert time.monotonic() - began >= BODY_GAP_S
        assert slowest_s < PATIENCE_S

    asyncio.run(story())


def test_nobody_on_this_machine_chooses_the_address_that_they_are_counted_for(service: Service) -> None:
    """Ray Serve's proxy would by default believe an ``X-Forwarded-For`` from loopback."""
    wrong = {"Authorization": "Bearer tlray_000000_" + "a" * 43}
    numbers, began = itertools.count(), time.monotonic()
    with httpx.Client(base_url=service.url, timeout=GIVE_UP_S) as http:
        while True:
            forged = {"X-Forwarded-For": f"203.0.{next(numbers) % 256}.1"}
            answer = http.get("/api/v1/batch", headers=wrong | forged)
            if answer.status_code == 429:
                break
            assert answer.status_code == 401, answer.text
            assert time.monotonic() - began < 30, "each counts for another address"
    time.sleep(1.0)  # other tests have wrong tokens, too: some are allowed by then
