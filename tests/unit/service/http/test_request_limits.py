"""A stalled upload costs whoever sent it a 408 or a 429, and nobody else anything; on a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from alone import Desk
from starlette.types import Message
from virtual_time import in_virtual_time

from tlray.core.access.tokens import digest_of
from tlray.service.app import build_app
from tlray.service.auth import stream_limits
from tlray.service.auth.principal import Principal
from tlray.service.deployment import MAX_ONGOING
from tlray.service.http import request_limits
from tlray.settings import Settings

HERE, THERE = "203.0.113.5", "198.51.100.7"
BATCH = "/api/v1/batch"
TOKENS = {user: f"tlray_00000{n}_" + "x" * 43 for n, user in enumerate(("ada", "bob"))}
ROWS = {digest_of(text): {"user": user, "scopes": ("submit",)} for user, text in TOKENS.items()}
MOST = 4


class Served:
    """The whole app, without Ray and without a socket, behind no proxy."""

    def __init__(self, home: Path, *, asks_nobody: bool = False, **env: Any) -> None:
        limits = {"max_open_requests_per_user": MOST, "max_open_requests_per_address": MOST}
        settings = Settings(home=home, **(limits | env))
        says = {
            "requires_token": not asks_nobody,
            "token_holders": ROWS,
            "list_batches": ([], None),
            "ready": 1,
            "redeem_tickets": {},
        }
        self.desk = Desk(settings, says)
        self._app = build_app(self.desk, settings)  # type: ignore[arg-type]

    def client(self, user: str | None = None, address: str = HERE) -> httpx.AsyncClient:
        headers = {"X-Tlray-Client": "tests", "Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {TOKENS[user]}"} if user else {}
        transport = httpx.ASGITransport(app=self._app, client=(address, 40_000))
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)


def nobody(headers: object) -> None:
    return None


async def pieces(n: int, size: int, every_s: float, stall_s: float = 0.0) -> AsyncIterator[bytes]:
    """A body in pieces; at last it stalls."""
    for _ in range(n):
        yield b" " * size
        await asyncio.sleep(every_s)
    await asyncio.sleep(stall_s)
    yield b" "


def stalled() -> AsyncIterator[bytes]:
    return pieces(1, 5, 0.0, stall_s=3_600.0)


def kind(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


# -- how long -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "after_s"),
    [
        (stalled, 10.0),  # nothing comes any more
        (lambda: pieces(1_000, 1, 5.0), 10.002),  # a byte now and then: the rate counts
        (lambda: pieces(1_000, 1_000, 1.0), 120.0),  # fast enough, and longer than all may take
        (lambda: pieces(1, 100_000, 0.0, stall_s=3_600.0), 10.0),
    ],
    ids=["stalled", "dripping", "endless", "stalled late"],
)
def test_a_body_that_comes_too_slowly_is_answered_by_408(tmp_path: Path, body: Any, after_s: float) -> None:
    async def story() -> None:
        async with Served(tmp_path).client("ada") as http:
            answer = await http.post(BATCH, content=body())
        assert kind(answer) == (408, "request-timeout")
        assert answer.headers["connection"] == "close"
        assert "TLRAY" not in answer.text, "it is told in words of the request"
        assert asyncio.get_running_loop().time() == pytest.approx(after_s, abs=0.01)

    in_virtual_time(story())


def test_a_body_that_comes_slowly_but_steadily_is_taken(tmp_path: Path) -> None:
    async def story() -> None:
        async with Served(tmp_path).client("ada") as http:
            answer = await http.post(BATCH, content=pieces(11, 6_000, 9.9))
        assert kind(answer) == (400, "bad-request"), "read to its end, and it is no JSON"
        assert asyncio.get_running_loop().time() > 100

    in_virtual_time(story())


def test_whoever_has_sent_a_body_is_not_hurried(tmp_path: Path) -> None:
    """An answer that lasts waits for the client to leave: that is no body."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        told.append(await receive())

    async def receive() -> Message:
        if not arrived:
            arrived.append(True)
            return {"type": "http.request", "body": b"x", "more_body": False}
        await asyncio.sleep(3_600.0)
        return {"type": "http.disconnect"}

    told: list[Message] = []
    arrived: list[bool] = []
    headers = [(b"content-length", b"1")]
    scope = {"type": "http", "path": BATCH, "headers": headers, "client": (HERE, 1)}
    layer = request_limits.RequestLimits(app, Settings(home=tmp_path), nobody)
    in_virtual_time(layer(scope, receive, None))  # type: ignore[arg-type]
    assert [message["type"] for message in told] == ["http.disconnect"]


# -- how many -----------------------------------------------------------------------------------------


async def stalling(http: httpx.AsyncClient, n: int) -> list[asyncio.Task[httpx.Response]]:
    """Begin uploads that stall."""
    begun = [asyncio.create_task(http.post(BATCH, content=stalled())) for _ in range(n)]
    await asyncio.sleep(0.1)
    return begun


def test_stalled_uploads_of_a_user_cost_nobody_else_anything(tmp_path: Path) -> None:
    async def story() -> None:
        served = Served(tmp_path)
        async with served.client("ada") as ada, served.client("bob") as bob:
            assert (await ada.get(BATCH)).status_code == 200, "her token is known"
            begun = await stalling(ada, 10)
            refused = [task.result() for task in begun if task.done()]
            assert [kind(answer) for answer in refused] == [(429, "rate-limited")] * (10 - MOST // 2)
            assert {answer.headers["connection"] for answer in refused} == {"close"}
            assert {answer.headers["retry-after"] for answer in refused} == {"1"}
            assert "TLRAY_MAX_OPEN_REQUESTS_PER_USER" in refused[0].text
            # from the same address: another user's upload, and her own question
            assert kind(await bob.post(BATCH, content=pieces(1, 5, 0.0))) == (400, "bad-request")
            assert (await ada.get(BATCH)).status_code == 200
            assert {kind(await task)[0] for task in begun} == {429, 408}
            assert kind(await ada.post(BATCH, content=pieces(1, 5, 0.0))) == (400, "bad-request"), "again"

    in_virtual_time(story())


def test_whoever_shows_no_token_has_the_places_of_their_address(tmp_path: Path) -> None:
    async def story() -> None:
        served = Served(tmp_path, asks_nobody=True)
        async with served.client(None, "127.0.0.1") as one, served.client(None, "127.0.0.2") as other:
            begun = await stalling(one, 10)
            assert [kind(task.result())[0] for task in begun if task.done()] == [429] * (10 - MOST // 2)
            assert kind(await other.post(BATCH, content=stalled())) == (429, "rate-limited"), (
                "all of loopback is one"
            )
            assert (await other.get(BATCH)).status_code == 200, "who has nothing to send is answered"
            assert {kind(await task)[0] for task in begun} == {429, 408}

    in_virtual_time(story())


def test_requests_without_a_body_are_bounded_too_and_health_is_answered_all_the_same(tmp_path: Path) -> None:
    async def story() -> None:
        served = Served(tmp_path)
        async with served.client("ada") as ada, served.client("bob") as bob:
            await asyncio.gather(ada.get(BATCH), bob.get(BATCH))  # their tokens are known
            served.desk.is_slow = True
            begun = [asyncio.create_task(ada.get(BATCH)) for _ in range(MOST + 2)]
            await asyncio.sleep(1.0)
            assert [kind(task.result()) for task in begun if task.done()] == [(429, "rate-limited")] * 2
            other = asyncio.create_task(bob.get(BATCH))
            assert (await ada.get("/healthz")).status_code == 200
            assert [task.status_code for task in await asyncio.gather(*begun, other)].count(200) == MOST + 1

    in_virtual_time(story())


def test_all_together_leave_room_for_health(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert request_limits.MAX_OPEN + stream_limits.MAX_ALL_STREAMS + 500 <= MAX_ONGOING
    monkeypatch.setattr(request_limits, "MAX_OPEN", 2)

    async def story() -> None:
        served = Served(tmp_path)
        async with served.client("ada") as ada, served.client("bob", THERE) as bob:
            begun = await stalling(ada, 2)
            answer = await bob.post(BATCH, content=stalled())
            assert kind(answer) == (503, "unavailable")
            assert (answer.headers["retry-after"], answer.headers["connection"]) == ("5", "close")
            assert (await bob.get("/healthz")).status_code == 200
            await asyncio.gather(*begun)
            assert (await bob.get(BATCH)).status_code == 200

    in_virtual_time(story())


def test_health_is_not_asked_without_bound_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_limits, "MAX_HEALTH", 2)

    async def story() -> None:
        served = Served(tmp_path)
        served.desk.is_slow = True
        async with served.client() as flood, served.client(None, THERE) as balancer:
            begun = [asyncio.create_task(flood.get("/readyz")) for _ in range(5)]
            await asyncio.sleep(1.0)
            assert [kind(task.result())[0] for task in begun if task.done()] == [429] * 3
            assert (await balancer.get("/readyz")).status_code == 200
            await asyncio.gather(*begun)

    in_virtual_time(story())


def test_a_socket_is_refused_in_words_where_there_is_no_place(tmp_path: Path) -> None:
    async def story() -> None:
        settings = Settings(home=tmp_path, max_open_requests_per_address=1)
        layer = request_limits.RequestLimits(hangs, settings, nobody)
        scope = {"type": "websocket", "path": "/ws/x", "headers": [], "client": (HERE, 1)}
        first = asyncio.create_task(layer(dict(scope), connected, sent))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        await layer(dict(scope), connected, sent)
        assert [message["type"] for message in told] == ["websocket.accept", "websocket.close"]
        assert told[1]["code"] == 4429
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        third = asyncio.create_task(layer(dict(scope), connected, sent))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        assert not third.done(), "who has left leaves their place"
        third.cancel()

    async def hangs(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(3_600.0)

    async def connected() -> Message:
        return {"type": "websocket.connect"}

    async def sent(message: Message) -> None:
        told.append(message)

    told: list[Message] = []
    in_virtual_time(story())


def test_a_stream_is_no_request_in_progress_and_ends_late_without_harm(tmp_path: Path) -> None:
    limits = request_limits.OpenRequests(Settings(home=tmp_path), nobody)
    scope = {"type": "http", "path": BATCH, "headers": [], "client": (HERE, 1)}
    place = limits.enter(scope)
    assert limits.of_addresses.n_all == 1
    own = stream_limits.RequestStreams(stream_limits.StreamLimits(), place)
    with own.counted(Principal("ada", frozenset())):
        assert limits.of_addresses.n_all == 0
    assert limits.of_addresses.n_all == 1, "who has waited for news goes on with the request"
    broken_off = own.counted(Principal("ada", frozenset()))
    broken_off.__enter__()
    place.end()
    broken_off.__exit__(None, None, None)
    assert limits.of_addresses.n_all == 0


# -- whose --------------------------------------------------------------------------------------------


def test_behind_a_trusted_proxy_the_clients_address_counts(tmp_path: Path) -> None:
    async def story(served: Served, proxy: str) -> list[int]:
        async with served.client(None, proxy) as http:
            both = ({"X-Forwarded-For": address} for address in (HERE, THERE))
            asked = [
                asyncio.create_task(http.get("/readyz", headers=headers))
                for headers in both
                for _ in range(3)
            ]
            return sorted(answer.status_code for answer in await asyncio.gather(*asked))

    def served(**env: Any) -> Served:
        made = Served(tmp_path, **env)
        made.desk.is_slow = True
        return made

    assert in_virtual_time(story(served(trusted_proxies="10.0.0.0/8"), "10.0.0.1")) == [200] * 6
    assert in_virtual_time(story(served(trusted_proxies="10.0.0.0/8"), "192.0.2.1")) == [200] * 4 + [429] * 2
    assert in_virtual_time(story(served(), "10.0.0.1")) == [200] * 4 + [429] * 2, "nobody is, by default"


@pytest.fixture(autouse=True)
def _few_for_health(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_limits, "MAX_HEALTH", 4)


# -- wrong tokens -------------------------------------------------------------------------------------


def test_a_flood_of_wrong_tokens_does_not_lock_out_good_ones_from_the_same_address(tmp_path: Path) -> None:
    wrong = [{"Authorization": f"Bearer tlray_000000_{n:043d}"} for n in range(300)]

    async def story() -> None:
        served = Served(tmp_path, max_open_requests_per_address=1_000)
        served.desk.is_slow = True
        async with served.client() as flood, served.client("ada") as ada:
            begun = [asyncio.create_task(flood.get(BATCH, headers=headers)) for headers in wrong]
            await asyncio.sleep(0.1)
            assert (await ada.get(BATCH)).status_code == 200, "a token that this replica did not know yet"
            answers = await asyncio.gather(*begun)
        assert sorted({kind(answer) for answer in answers}) == [(401, "unauthorized"), (429, "rate-limited")]
        asked = [given for question, given in served.desk.heard if question == "token_holders"]
        assert len(asked) <= 3, "they are looked up together"
        async with served.client("bob") as bob:
            assert (await bob.get(BATCH)).status_code == 200, "nor afterwards"

    in_virtual_time(story())
