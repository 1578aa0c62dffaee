"""Progress, request rates and submission keys in a real Redis, with tlray's own user there; a real coordinator, without Ray.

Redis is a skip where it is missing, or a failure where TLRAY_REQUIRE_PARTS=1 says that all parts must be there.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from broker import free_ports
from made_desk import Desk, chunk
from redis_server import PASSWORD, ROOT, RedisServer, rights

from tlray.cluster.coordinator import progress_feed
from tlray.core.access.rate_limit import RateLimit
from tlray.core.access.tokens import digest_of
from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.scheduling.changeset import ItemChange
from tlray.errors import Conflict, CoordinatorLost, UsageError
from tlray.io.journal.rows import VERSIONS_PER_LIFE
from tlray.io.redis.address import RedisAddress
from tlray.io.redis.link import Link, check
from tlray.io.redis.progress import RedisProgress
from tlray.io.redis.rates import rate_of
from tlray.io.redis.submissions import SubmissionKeys
from tlray.service.app import build_app
from tlray.service.backend import gateway as gateway_module
from tlray.service.backend import live_hub
from tlray.service.backend.gateway import Gateway
from tlray.settings import read_settings

pytestmark = [pytest.mark.parts, pytest.mark.timeout(120)]
WAIT_S = 60.0
DOMAIN = "e.test"


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not claim():  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.02)


class Writer:
    """A coordinator that writes its progress."""

    def __init__(self, server: RedisServer, home: Path, **more: Any) -> None:
        self.server = server
        self.link = Link(RedisAddress(server.url), "h0me")
        self.desk = Desk(home, progress=RedisProgress(self.link), **more)
        self.feed = self.desk.coordinator._feed
        assert self.feed is not None
        self.n_done: dict[str, int] = {}

    async def submit(self, batch_id: str, n: int, **more: Any) -> None:
        await self.desk.submit(batch_id, chunk(n, named=batch_id), **more)

    def finish(self, batch_id: str, n: int = 1) -> None:
        """Let the next items succeed, as a report does."""
        book = self.desk.state.book(batch_id)
        assert book is not None
        now, first = time.monotonic(), self.n_done.get(batch_id, 0) + 1
        for number in range(first, first + n):
            item = FrontierItem(number, book.id, DOMAIN, f"http://{DOMAIN}/{number}", f"f{number}")
            change = ItemChange(
                item, ItemState.LEASED, ItemState.SUCCEEDED, ItemEvent.FETCHED, 1, 0, 0, item.url, DOMAIN
            )
            book.log_change(change, now=now)
            book.move(ItemState.QUEUED, ItemState.LEASED, DOMAIN, now=now)
            book.move(ItemState.LEASED, ItemState.SUCCEEDED, DOMAIN, now=now)
        self.n_done[batch_id] = first + n - 1
        self.desk.state.announce(book.id)

    async def end(self, batch_id: str) -> None:
        book = self.desk.state.book(batch_id)
        assert book is not None
        self.desk.batches.finish_soon(book.id)
        await self.desk.state.settle(5)

    def snapshot(self, batch_id: str, owner: str = "ada") -> dict[str, Any]:
        with self.server.admin() as client:
            text = client.hget(f"tlray:h0me:user:{owner}:{batch_id}", "snapshot")
        return dict(json.loads(text)) if text else {}

    async def until_stored(self, batch_id: str, n_done: int) -> None:
        await until(lambda: self.snapshot(batch_id).get("counts", {}).get("succeeded") == n_done)


@asynccontextmanager
async def writing(server: RedisServer, home: Path, **more: Any) -> AsyncIterator[Writer]:
    writer = Writer(server, home, **more)
    assert writer.feed is not None
    writer.feed.start()
    try:
        yield writer
    finally:
        await writer.feed.close()
        writer.desk.close()


def follow_of_the_docs() -> Callable[..., Any]:
    text = (ROOT / "docs" / "redis.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(code[1], names)  # noqa: S102 - our own documentation
    return names["follow"]  # type: ignore[no-any-return]


class Follower(threading.Thread):
    """Another program, with the function of docs/redis.md."""

    def __init__(self, url: str, batch_id: str, user: str = "ada") -> None:
        super().__init__(daemon=True)
        self.url, self.batch_id, self.user = url, batch_id, user
        self.versions: list[int] = []
        self.items: set[str] = set()
        self.last: dict[str, Any] = {}
        self.is_stopped = False
        self.start()

    def run(self) -> None:
        with closing(follow_of_the_docs()(self.url, "h0me", self.user, self.batch_id)) as messages:
            for told, items in messages:
                self.last = told
                self.versions.append(told["version"])
                self.items |= {item["item_id"] for item in items}
                if self.is_stopped:
                    return

    async def until_done(self, n: int) -> None:
        await until(lambda: bool(self.last) and self.last["counts"]["succeeded"] >= n)


# -- progress -----------------------------------------------------------------------------------------


async def test_another_program_follows_a_batch_to_its_end(redis_there: RedisServer, tmp_path: Path) -> None:
    async with writing(redis_there, tmp_path) as writer:
        await writer.submit("b1", 60)
        follower = Follower(redis_there.url, "b1")
        await follower.until_done(0)
        for _ in range(30):
            writer.finish("b1", 2)
            await asyncio.sleep(0.005)
        await follower.until_done(60)
        await writer.end("b1")
        await asyncio.to_thread(follower.join, WAIT_S)
        assert follower.last["state"] == writer.snapshot("b1")["state"] == "completed"
        assert follower.items == {str(n) for n in range(1, 61)}
        assert follower.versions == sorted(set(follower.versions))
        assert len(follower.versions) < 30, "several changes are one message"
        with redis_there.admin() as client:
            endless = [key for key in client.scan_iter() if client.ttl(key) < 0]
        assert not endless
        feed = writer.feed
        assert feed is not None
        await until(lambda: not feed._followed)  # what is over and written is forgotten


async def test_a_killed_redis_loses_nothing_and_is_told_once(
    redis_there: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with writing(redis_there, tmp_path) as writer:
        await writer.submit("b1", 5_000)
        await writer.submit("b2", 3)
        follower = Follower(redis_there.url, "b1")
        writer.finish("b1", 10)
        await follower.until_done(10)
        redis_there.kill()
        await asyncio.sleep(0.5)
        for _ in range(49):  # in one batch as much as some 20 s at 300 items/s bring
            writer.finish("b1", 100)
        writer.finish("b2", 3)
        await writer.end("b2")
        await until(lambda: not writer.link.is_up)
        await asyncio.sleep(1.0)
        redis_there.start()
        await follower.until_done(4_910)
        await writer.until_stored("b2", 3)
        assert writer.snapshot("b2")["state"] == "completed"
        assert writer.snapshot("b1")["counts"]["succeeded"] == 4_910
    records = [record.getMessage() for record in caplog.records if "redis is" in record.getMessage()]
    assert [text.split(" address")[0] for text in records] == ["redis is away", "redis is back"]
    assert PASSWORD not in caplog.text
    assert follower.items == {str(n) for n in range(1, 4_911)}


async def test_a_redis_that_does_not_answer_holds_nobody_up(redis_there: RedisServer, tmp_path: Path) -> None:
    async with writing(redis_there, tmp_path) as writer:
        await writer.submit("b1", 500)
        writer.finish("b1", 1)
        await writer.until_stored("b1", 1)
        redis_there.stop_answering()
        try:
            begun = time.monotonic()
            writer.finish("b1", 100)
            await writer.submit("b2", 5)
            await writer.desk.coordinator.status("b1")
            assert time.monotonic() - begun < 1.5, "a call to Redis takes 2 s now"
            await until(lambda: not writer.link.is_up)
            assert "no answer" in str(writer.link.problem)
        finally:
            redis_there.stop_answering(for_good=False)
        await writer.until_stored("b1", 101)


async def test_a_full_redis_is_one_warning_and_is_written_to_again(
    redis_there: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with writing(redis_there, tmp_path) as writer:
        await writer.submit("b1", 50)
        writer.finish("b1", 1)
        await writer.until_stored("b1", 1)
        with redis_there.admin() as client:
            client.config_set("maxmemory", 1)
            writer.finish("b1", 5)
            await until(lambda: not writer.link.is_up)
            await asyncio.sleep(1.5)
            assert writer.link.problem == "it is full (maxmemory with noeviction)"
            client.config_set("maxmemory", 0)
        await writer.until_stored("b1", 6)
    assert caplog.text.count("redis is away") == caplog.text.count("redis is back") == 1


@pytest.mark.parametrize("age_s", [0.0, 3_600.0])
async def test_a_later_version_is_of_a_living_coordinator_or_of_before_a_restored_copy(
    redis_there: RedisServer, tmp_path: Path, age_s: float
) -> None:
    key, later = "tlray:h0me:user:ada:b1", 99 * VERSIONS_PER_LIFE
    with redis_there.admin() as client:
        client.xadd(f"{key}:changes", {"since": 1, "items": "[]", "items_complete": "true"}, id=f"{later}-0")
        client.hset(key, mapping={"version": later, "at": time.time() - age_s, "snapshot": "{}"})
        async with writing(redis_there, tmp_path) as writer:
            await writer.submit("b1", 5)
            writer.finish("b1", 2)
            if age_s:
                await writer.until_stored("b1", 2)
            else:
                await asyncio.sleep(1.5)
                assert writer.link.is_up, "it is refused, not away"
            last = client.xrevrange(f"{key}:changes", count=1)
            assert last[0][0] == f"{client.hget(key, 'version')}-0"
            assert (client.hget(key, "version") == str(later)) is not bool(age_s)


async def test_an_update_whose_answer_was_lost_is_stored_once(
    redis_there: RedisServer, tmp_path: Path
) -> None:
    async with writing(redis_there, tmp_path) as writer:
        await writer.submit("b1", 5)
        writer.finish("b1", 2)
        await writer.until_stored("b1", 2)
        feed = writer.feed
        assert feed is not None
        await until(lambda: not feed._marked)
        version = writer.snapshot("b1")["version"]
        followed = feed._followed["b1"]
        followed.sent = followed.changes._known_since = version - 1  # as before the answer
        feed._marked["b1"] = None
        await feed._round()
        assert followed.sent == version
        with redis_there.admin() as client:
            ids = [name for name, _ in client.xrange("tlray:h0me:user:ada:b1:changes")]
        assert ids.count(f"{version}-0") == 1


async def test_snapshots_that_are_costly_are_made_less_often(
    redis_there: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(redis_there, tmp_path) as writer:
        assert writer.feed is not None
        status, n_made = writer.feed._status, 0

        async def costly(batch_id: str) -> Any:
            nonlocal n_made
            n_made += 1
            begun = time.thread_time()
            while time.thread_time() - begun < 0.02:
                pass
            return await status(batch_id)

        monkeypatch.setattr(writer.feed, "_status", costly)
        await writer.submit("b1", 100)
        begun = time.monotonic()
        for _ in range(50):
            writer.finish("b1")
            await asyncio.sleep(0.02)
        spent_s = time.monotonic() - begun
        assert n_made <= 2 + spent_s / (progress_feed.SHARE_OF_TIME * 0.02)
        await writer.until_stored("b1", 50)


# -- who may see and use it ---------------------------------------------------------------------------


async def test_a_reader_with_the_rights_of_the_docs_sees_one_users_batches(
    redis_there: RedisServer, tmp_path: Path
) -> None:
    text = (ROOT / "docs" / "redis.md").read_text(encoding="utf-8").replace("HOME", "h0me")
    line = re.search(r"^ACL SETUSER ada-reader on >password (.*)$", text, re.MULTILINE)
    assert line is not None
    with redis_there.admin() as client:
        client.execute_command("ACL", "SETUSER", "ada-reader", "reset", "on", ">readme", *line[1].split())
    url = f"redis://ada-reader:readme@127.0.0.1:{redis_there.port}/0"
    async with writing(redis_there, tmp_path) as writer:
        await writer.submit("b1", 3)
        await writer.submit("b2", 3, owner="bob")
        await until(lambda: bool(writer.snapshot("b2", "bob")))
        follower = Follower(url, "b1")
        writer.finish("b1", 3)
        await follower.until_done(3)
    with redis.Redis.from_url(url) as reader:
        for call in (
            lambda: reader.hgetall("tlray:h0me:user:bob:b2"),
            lambda: reader.xrange("tlray:h0me:user:bob:b2:changes"),
            lambda: reader.get("tlray:h0me:owner:b2"),
            lambda: reader.keys("*"),
            lambda: list(reader.scan_iter()),
            lambda: reader.set("tlray:h0me:user:ada:b1", "x"),
            lambda: reader.publish("tlray:h0me:user:ada:b1", "x"),
            reader.pubsub_channels,
            reader.client_list,
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                call()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://tlray:wr0ng-secret@127.0.0.1:PORT/0", "wrong user or password"),
        ("redis://:wr0ng-secret@127.0.0.1:PORT/0", "wrong user or password"),
        ("redis://127.0.0.1:PORT/0", "wrong user or password, or none where one is needed"),
        ("redis://weak:wr0ng-secret@127.0.0.1:PORT/0", "its user lacks a right"),
        ("redis://mute:wr0ng-secret@127.0.0.1:PORT/0", "its user lacks a right"),
        ("redis://unscripted:wr0ng-secret@127.0.0.1:PORT/0", "its user lacks a right"),
        ("redis://tlray:wr0ng-secret@127.0.0.1:9/0", "no connection"),
        ("redis://tlray:wr0ng-secret@no-such-host.invalid:1/0", "no connection"),
    ],
)
async def test_a_redis_that_cannot_be_used_is_one_warning_without_its_secret(
    redis_there: RedisServer, caplog: pytest.LogCaptureFixture, url: str, reason: str
) -> None:
    with redis_there.admin() as client:
        for name, given in (
            ("weak", "~other:* &* +@all"),
            ("mute", "~* resetchannels +@all"),
            ("unscripted", "~* &* +@all -@scripting"),
        ):
            client.execute_command("ACL", "SETUSER", name, "reset", "on", ">wr0ng-secret", *given.split())
    address = RedisAddress(url.replace("PORT", str(redis_there.port)))
    assert reason in str(await check(address))
    link = Link(address, "h0me")
    for _ in range(3):
        await link.probe()
    assert not link.is_up
    assert reason in str(link.problem)
    assert caplog.text.count("redis is away") == 1
    assert "wr0ng-secret" not in caplog.text + repr(link.client) + repr(link.client.connection_pool) + repr(
        address
    )
    await link.close()


async def test_an_old_redis_does_not_make_its_error_tell_the_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, redis_there: RedisServer
) -> None:
    server = RedisServer(tmp_path, 'rename-command HELLO ""')  # as it is before Redis 6
    server.start()
    try:
        link = Link(RedisAddress(server.url), "h0me")
        await link.probe()
        assert "too old" in str(link.problem)
        assert PASSWORD not in caplog.text
        await link.close()
    finally:
        server.kill()


async def test_redis_over_tls_with_a_ca_of_ones_own(tmp_path: Path, redis_there: RedisServer) -> None:
    subprocess.run(  # noqa: ASYNC221 - nothing else runs
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    (tls,) = free_ports(1)
    server = RedisServer(
        tmp_path, f"tls-port {tls}", f"tls-cert-file {tmp_path}/cert.pem", f"tls-key-file {tmp_path}/key.pem",
        "tls-auth-clients no",
    )  # fmt: skip
    server.start()
    try:
        url = server.url.replace("redis://", "rediss://").replace(f":{server.port}/", f":{tls}/")
        assert await check(RedisAddress(f"{url}?ssl_ca_certs={tmp_path / 'cert.pem'}")) is None
        assert "TLS fails" in str(await check(RedisAddress(url)))
        plain = server.url.replace("redis://", "rediss://")
        assert "no answer" in str(await check(RedisAddress(plain))), "a server without TLS waits for more"
    finally:
        server.kill()


# -- what replicas and services share -----------------------------------------------------------------


async def link_to(server: RedisServer, home_id: str = "h0me") -> Link:
    link = Link(RedisAddress(server.url), home_id)
    await link.probe()
    assert link.is_up, link.problem
    return link


async def test_replicas_count_a_users_requests_together(redis_there: RedisServer) -> None:
    links = [await link_to(redis_there) for _ in range(2)]
    rates = [rate_of(link, "user", RateLimit(0.01, 10.0)) for link in links]
    waits = [await rates[n % 2].take("ada", now=0.0) for n in range(12)]
    assert waits[:10] == [0.0] * 10
    assert all(90 < wait_s <= 100 for wait_s in waits[10:])
    assert await rates[0].take("bob", now=0.0) == 0.0, "every user has a count of their own"
    with redis_there.admin() as client:
        keys = [key for key in client.keys("tlray:*") if "probe" not in key]
        assert not [key for key in keys if "ada" in key], "names are hashed"
        assert all(0 < client.ttl(key) <= 1_002 for key in keys)
    for link in links:
        await link.close()


async def test_a_replica_counts_alone_while_redis_is_away(redis_there: RedisServer) -> None:
    link = await link_to(redis_there)
    rate = rate_of(link, "user", RateLimit(0.01, 2.0))
    redis_there.kill()
    assert [await rate.take("ada", now=0.0) for _ in range(3)] == [0.0, 0.0, 100.0]
    redis_there.start()
    await link.probe()
    assert await rate.take("ada", now=0.0) == 0.0, "the shared count is asked again"
    await link.close()


async def test_one_key_makes_one_batch_over_several_services(redis_there: RedisServer) -> None:
    ours, theirs = await link_to(redis_there, "a1"), await link_to(redis_there, "b2")
    here, there = SubmissionKeys(ours), SubmissionKeys(theirs)
    async with here.claimed("ada", "k1", "batch-1"):
        with pytest.raises(Conflict, match="batch-1"):
            async with there.claimed("ada", "k1", "batch-2"):
                pytest.fail("another service has the key")
    async with here.claimed("ada", "k1", "batch-3"):
        pass  # the journal of this home knows what to answer
    with pytest.raises(Conflict):
        async with there.claimed("ada", "k1", "batch-2"):
            pytest.fail("it has it for a day")
    async with there.claimed("bob", "k1", "batch-4"), there.claimed("ada", None, "batch-5"):
        pass
    with redis_there.admin() as client:
        (name, _) = sorted(client.keys("tlray:submission:*"))
        assert 80_000 < client.ttl(name) <= 86_400
    await ours.close()
    await theirs.close()


async def test_a_refused_list_frees_its_key_and_an_unknown_end_does_not(redis_there: RedisServer) -> None:
    ours, theirs = await link_to(redis_there, "a1"), await link_to(redis_there, "b2")
    here, there = SubmissionKeys(ours), SubmissionKeys(theirs)
    with pytest.raises(UsageError):
        async with here.claimed("ada", "refused", "batch-1"):
            raise UsageError("no line is a URL")
    async with there.claimed("ada", "refused", "batch-2"):
        pass
    with pytest.raises(CoordinatorLost):
        async with here.claimed("ada", "unknown", "batch-1"):
            raise CoordinatorLost("it may have it")
    with pytest.raises(Conflict):
        async with there.claimed("ada", "unknown", "batch-2"):
            pytest.fail("it may be in the journal of the other home")
    redis_there.kill()
    async with there.claimed("ada", "away", "batch-3"):
        pass
    redis_there.start()
    await ours.close()
    await theirs.close()


# -- the service while the coordinator is away --------------------------------------------------------


class Away:
    """A coordinator that answers, or does not."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.is_away = False

    def __getattr__(self, method: str) -> Any:
        async def call(*args: Any, **given: Any) -> Any:
            if self.is_away:
                await asyncio.sleep(3600)
            return await getattr(self.desk.coordinator, method)(*args, **given)

        return call


class Service:
    """The service in front of a coordinator, without Ray."""

    def __init__(self, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gateway_module, "AWAY_S", 0.3)
        monkeypatch.setattr(gateway_module, "CALL_TIMEOUT_S", 1.0)
        settings = read_settings(home=writer.desk.state.home.path, redis=writer.server.url, allowed_hosts="*")
        self.gateway = Gateway(settings)
        self.coordinator = Away(writer.desk)

        async def connected() -> Any:
            return self.coordinator

        monkeypatch.setattr(self.gateway, "_connected", connected)
        app = build_app(self.gateway, settings)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", timeout=30
        )

    async def get(self, path: str, user: str = "ada") -> httpx.Response:
        return await self.http.get(path, headers={"Authorization": f"Bearer {token(user)}"})


def token(user: str) -> str:
    return f"tlray_{user.encode().hex()[:6]:0<6}_{user:x<43}"


@pytest.fixture
async def service(
    redis_there: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Writer, Service]]:
    async with writing(redis_there, tmp_path) as writer:
        writer.link.keys = type(writer.link.keys)(writer.desk.state.settings.terms.identity)
        for user, scopes in (("ada", ("read",)), ("bob", ("read",)), ("root", ("admin",))):
            await writer.desk.coordinator.create_token(user, digest_of(token(user)), user, scopes)
        made = Service(writer, monkeypatch)
        assert made.gateway.redis is not None
        await made.gateway.redis.probe()
        yield writer, made
        await made.http.aclose()
        await made.gateway.close()


async def stored(service: Service, batch_id: str, n_done: int) -> None:
    assert service.gateway._progress is not None
    for _ in range(500):
        found = await service.gateway._progress.stored("ada", batch_id)
        if found is not None and found.message["counts"]["succeeded"] == n_done:
            return
        await asyncio.sleep(0.02)
    pytest.fail("never stored")


async def test_status_and_streams_tell_the_last_known_while_the_coordinator_is_away(
    service: tuple[Writer, Service],
) -> None:
    writer, made = service
    await writer.submit("b1", 10)
    writer.finish("b1", 4)
    await stored(made, "b1", 4)
    answer = await made.get("/api/v1/batch/b1/status")
    assert answer.json()["last_known"] is None
    made.coordinator.is_away = True
    made.gateway._owners.clear()  # as in a replica that has just started
    for user in ("ada", "root"):
        answer = await made.get("/api/v1/batch/b1/status", user)
        assert answer.status_code == 200, answer.text
        assert answer.json()["counts"]["succeeded"] == 4
        assert 0 <= answer.json()["last_known"]["age_s"] < WAIT_S
    assert (await made.get("/api/v1/batch/b1/status", "bob")).status_code == 404
    assert (await made.get("/api/v1/batch/b1/status", "eve")).status_code == 401
    assert (await made.get("/api/v1/batch/none/status")).status_code == 503, "nothing is known of it"
    assert (await made.get("/api/v1/batch/b1/items")).status_code == 503
    hub = made.gateway
    message = await hub.watch("b1", None, 0.0)
    assert message["last_known"] is not None
    assert message["items_complete"] is False


async def test_a_stream_goes_on_when_the_coordinator_is_back(
    service: tuple[Writer, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "POLL_S", 0.5)
    writer, made = service
    await writer.submit("b1", 10)
    writer.finish("b1", 4)
    await stored(made, "b1", 4)
    made.coordinator.is_away = True
    async with live_hub.Hub(made.gateway).feed("b1", None) as feed:
        first = json.loads((await feed.first()).text)
        assert first["last_known"]["age_s"] >= 0
        waiting = asyncio.create_task(feed.next(WAIT_S))
        await asyncio.sleep(1.0)
        assert not waiting.done()
        made.coordinator.is_away = False
        writer.finish("b1", 2)
        frame = await waiting
        assert frame is not None
        told = json.loads(frame.text)
        assert (told["last_known"], told["counts"]["succeeded"]) == (None, 6)


async def test_replicas_follow_in_redis_and_ask_the_coordinator_while_it_is_away(
    service: tuple[Writer, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, made = service
    await writer.submit("b1", 400)
    await stored(made, "b1", 0)
    made.gateway._owners["b1"] = "ada"
    n_asked = 0
    watch_items = writer.desk.coordinator.watch_items

    async def counted(*args: Any, **given: Any) -> Any:
        nonlocal n_asked
        n_asked += 1
        return await watch_items(*args, **given)

    monkeypatch.setattr(writer.desk.coordinator, "watch_items", counted)
    seen: set[str] = set()
    told: dict[str, Any] = {}

    async def read(feed: live_hub.Feed, n_done: int) -> None:
        while told["counts"]["succeeded"] < n_done:
            frame = await feed.next(WAIT_S)
            assert frame is not None
            told.update(json.loads(frame.text))
            assert told["items_complete"], "nothing is missed"
            seen.update(item["item_id"] for item in told["items"])

    async with live_hub.Hub(made.gateway).feed("b1", None) as feed:
        told.update(json.loads((await feed.first()).text))
        for _ in range(100):
            writer.finish("b1")
            await asyncio.sleep(0.005)
        await read(feed, 100)
        n_before = n_asked
        assert n_before <= 5, "the coordinator is not asked for what Redis tells"
        writer.server.kill()
        for _ in range(50):
            writer.finish("b1", 2)
            await asyncio.sleep(0.005)
        await read(feed, 200)
        assert n_asked > n_before
        writer.server.start()
        await until(lambda: writer.link.is_up)
        assert made.gateway.redis is not None
        await made.gateway.redis.probe()
        for _ in range(95):
            writer.finish("b1", 2)
            await asyncio.sleep(0.005)
        await read(feed, 390)
    n_before = n_asked
    writer.finish("b1", 10)
    await stored(made, "b1", 400)
    async with live_hub.Hub(made.gateway).feed("b1", told["version"]) as feed:  # of another replica
        told = json.loads((await feed.first()).text)
        assert told["items_complete"]
        seen |= {item["item_id"] for item in told["items"]}
    assert n_asked == n_before
    assert seen == {str(n) for n in range(1, 401)}


async def test_readiness_and_metrics_show_whether_redis_answers(service: tuple[Writer, Service]) -> None:
    writer, made = service
    assert made.gateway.redis is not None
    assert (await made.get("/readyz")).json()["redis"] == "ok"
    metrics = (await made.get("/metrics", "root")).text
    assert 'tlray_redis_up{process="coordinator"} 1.0' in metrics
    writer.server.kill()
    await made.gateway.redis.probe()
    await writer.link.probe()
    answer = await made.get("/readyz")
    assert (answer.status_code, answer.json()["redis"]) == (200, "away")
    metrics = (await made.get("/metrics", "root")).text
    assert 'tlray_redis_up{process="coordinator"} 0.0' in metrics
    assert 'tlray_redis_up{process="service"} 0.0' in metrics
    writer.server.start()


def test_the_rights_of_the_docs_are_those_of_these_tests() -> None:
    assert "-@all" in rights()
