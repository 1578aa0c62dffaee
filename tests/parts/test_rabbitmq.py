"""Batch requests from a real RabbitMQ into the journal of a real coordinator, and events back; without Ray but for the last test.

RabbitMQ is a skip where it is missing, or a failure where TLRAY_REQUIRE_PARTS=1 says that all parts must be there.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import secrets
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aio_pika
import pytest
from broker import Broker
from made_desk import Desk

from tlray.cli import run
from tlray.core.messaging import requests
from tlray.core.messaging.request_file import Outgoing, requests_of
from tlray.core.messaging.requests import Request, Submission
from tlray.core.messaging.topology import RequestQueue, queue_kind
from tlray.core.scheduling.backlog import Bounds
from tlray.errors import BrokerUnavailable
from tlray.io.broker.address import broker_address
from tlray.io.broker.consumer import FROM_QUEUE, REASON, Consumer, check
from tlray.io.broker.publisher import publish
from tlray.service.backend.gateway import Gateway
from tlray.service.consuming import Source, consumer_of
from tlray.settings import read_settings

pytestmark = [pytest.mark.parts, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
WAIT_S = 60.0


class Intake:
    """A coordinator, and the consumer of a queue for it."""

    def __init__(self, broker: Broker, home: Path, *, bounds: Bounds | None = None) -> None:
        self.broker, self.desk = broker, Desk(home, bounds=bounds)
        self.queue = RequestQueue(f"requests-{secrets.token_hex(4)}")
        self.address = broker_address(broker.url)
        self.said: list[str] = []
        settings = read_settings(home=home, allow_private_hosts="127.0.0.0/8")
        coordinator = self.desk.coordinator
        self.gateway = SimpleNamespace(
            settings=settings, coordinator=coordinator, within=lambda timeout_s: coordinator
        )

    def consumer(self, **more: Any) -> Consumer:
        source = Source(self.address, self.queue, **{"has_events": False, **more})
        return consumer_of(cast(Gateway, self.gateway), source, self.said.append)

    @asynccontextmanager
    async def consuming(self, consumer: Consumer | None = None, **more: Any) -> AsyncIterator[Consumer]:
        consumer = consumer or self.consumer(**more)
        running = asyncio.create_task(consumer.run())
        try:
            yield consumer
        finally:
            consumer.stop()
            await asyncio.wait_for(running, 30)

    async def publish(self, *requests: Outgoing) -> None:
        await publish(
            self.address, requests, queue=self.queue, max_wait_s=WAIT_S, on_confirmed=lambda request: None
        )  # fmt: skip

    def batches(self) -> Counter[str]:
        """The batches in the journal, by name."""
        rows = self.desk.state.journal.batches(limit=10_000)
        return Counter(row.name for row in rows)

    async def left(self) -> int:
        """The messages in the queue that nobody holds."""
        async with await aio_pika.connect(self.broker.url) as connection:
            channel = await connection.channel()
            found = await channel.declare_queue(self.queue.name, passive=True)
            return int(found.declaration_result.message_count or 0)

    async def until_empty(self) -> None:
        async with asyncio.timeout(WAIT_S):
            while await self.left():  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def dead_letters(self, n: int) -> list[aio_pika.abc.AbstractIncomingMessage]:
        return await taken(self.broker, self.queue.dead_letters, n)


async def taken(broker: Broker, queue: str, n: int) -> list[aio_pika.abc.AbstractIncomingMessage]:
    """Take so many messages from a queue, as soon as they are there."""
    found: list[aio_pika.abc.AbstractIncomingMessage] = []
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        source = await channel.declare_queue(queue, passive=True)
        async with asyncio.timeout(WAIT_S):
            while len(found) < n:
                if (message := await source.get(fail=False)) is None:
                    await asyncio.sleep(0.05)
                    continue
                await message.ack()
                found.append(message)
    return found


def request(name: str, n_urls: int = 2, **more: Any) -> Outgoing:
    urls = [f"http://127.0.0.1:9/{name}/{n}" for n in range(n_urls)]
    body = json.dumps({"urls": urls, "name": name, **more}).encode()
    (made,) = requests_of(body, key=f"key-{name}")
    return made


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not claim():  # noqa: ASYNC110 - of a coordinator and a broker, which set no event of ours
            await asyncio.sleep(0.02)


@pytest.fixture
def intake(broker: Broker, tmp_path: Path) -> Any:
    made = Intake(broker, tmp_path)
    yield made
    made.desk.close()


async def test_requests_become_batches_and_a_repeated_one_none(intake: Intake) -> None:
    names = [f"n{n}" for n in range(30)]
    await intake.publish(*map(request, names))
    await intake.publish(*map(request, names[:10]))
    async with intake.consuming(until_empty=True) as consumer:
        await until(lambda: consumer.taken.accepted + consumer.taken.duplicates == 40)
    assert intake.batches() == Counter(names)
    assert consumer.taken.duplicates == 10
    assert await intake.left() == 0
    kinds = ("classic queue, 5 priorities, RabbitMQ 3.", "quorum queue, two priorities, RabbitMQ 4.")
    assert any(kind in intake.said[0] for kind in kinds)


async def test_of_requests_that_are_submitted_together_one_fails_alone(intake: Intake) -> None:
    await intake.publish(*(request(f"n{n}") for n in range(20)))
    (other,) = requests_of(b'{"urls":["http://127.0.0.1:9/other"]}', key="key-n3")
    await intake.publish(other, request("last"))
    async with intake.consuming(until_empty=True) as consumer:
        (letter,) = await intake.dead_letters(1)
        await until(lambda: consumer.taken.n == 22)
    assert (letter.message_id, letter.body) == ("key-n3", other.body)
    assert "was used for another list before" in str(letter.headers[REASON])
    assert intake.batches() == Counter(["last", *(f"n{n}" for n in range(20))])


async def test_what_is_immediate_is_taken_first(intake: Intake) -> None:
    priorities = ["low", "normal", "immediate", "normal", "low", "immediate"]
    await intake.publish(*(request(f"{p}-{n}", priority=p) for n, p in enumerate(priorities)))
    async with intake.consuming(prefetch=1) as consumer:
        await until(lambda: consumer.taken.accepted == len(priorities))
    rows = intake.desk.state.journal.batches(limit=10)
    in_order = [row.name.partition("-")[0] for row in sorted(rows, key=lambda row: row.id)]
    assert in_order[:2] == ["immediate", "immediate"]
    if "classic" in intake.said[0]:  # a quorum queue has two priorities
        assert in_order[2:] == ["normal", "normal", "low", "low"]


async def test_a_connection_that_is_cut_before_the_acknowledgement_makes_no_second_batch(
    intake: Intake,
) -> None:
    consumer = intake.consumer()
    submit, n_cut = consumer._submit, 0

    async def cut_after(request: Request) -> Submission:
        nonlocal n_cut
        result = await submit(request)
        if n_cut < 2:
            n_cut += 1
            await asyncio.to_thread(intake.broker.ctl, "close_all_connections", "cut")
        return result

    consumer._submit = cut_after
    await intake.publish(*(request(f"n{n}") for n in range(5)))
    async with intake.consuming(consumer):
        await until(lambda: consumer.taken.accepted + consumer.taken.duplicates >= 5)
        await intake.until_empty()
    assert intake.batches() == Counter(f"n{n}" for n in range(5))
    assert consumer.taken.duplicates >= 1
    assert any("connection is lost" in line for line in intake.said)


NESTED = b'{"urls":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
MALFORMED: list[tuple[bytes, dict[str, Any], str]] = [
    (b"", {}, "not JSON"),
    (b"\xff\xfe\x00\xd8", {}, "not JSON"),
    (b"http://127.0.0.1/a", {}, "not JSON"),
    (NESTED, {}, "body"),
    (b"[]", {}, "body"),
    (b'{"urls":[]}', {}, "body.urls"),
    (b'{"urls":["ftp://a/b"]}', {}, "no line is a URL"),
    (b'{"urls":["http://10.0.0.1/x"]}', {}, "private-address"),
    (b'{"urls":["http://127.0.0.1/x"],"who":1}', {}, "body.who"),
    (b'{"urls":["http://127.0.0.1/x"],"options":{"rates":{"1001tracklists.com":"50/s"}}}', {}, "admin"),
    (b'{"template":"no-such"}', {}, "template"),
    (b'{"urls":["https://example.org/x"]}', {}, "TLRAY_CONTACT"),
    (gzip.compress(b'{"urls":["http://127.0.0.1/x"]}'), {"content_encoding": "gzip"}, "content-encoding"),
    (b'{"urls":["' + b"a" * 1_000_000 + b'"]}', {}, "bytes"),
    (b"{}", {"message_id": "k" * 250}, "message id"),
    (b"{}", {"message_id": "two\nlines\x1b[2J"}, "message id"),
    (b"no", {"headers": {"deep": {"er": [1, None, bytearray(b"\xff"), {"x": 2.5}]}, "x-death": "mine"}}, "not JSON"),
    (b"no", {"headers": {"raw": bytearray(b"\xff"), "n": 1, "t": "text", "none": None}}, "not JSON"),
    (b"no", {"reply_to": "x", "correlation_id": "c", "type": "t", "expiration": 60_000}, "not JSON"),
]  # fmt: skip


async def test_a_malformed_message_is_a_dead_letter_with_its_reason(intake: Intake) -> None:
    await intake.publish(request("first"))  # declares the queue
    async with await aio_pika.connect(intake.broker.url) as connection:
        channel = await connection.channel(on_return_raises=True)
        for body, properties, _ in MALFORMED:
            await channel.default_exchange.publish(aio_pika.Message(body, **properties), intake.queue.name)
    await intake.publish(request("last"))
    async with intake.consuming(prefetch=1) as consumer:
        await until(lambda: consumer.taken.accepted == 2)
        letters = await intake.dead_letters(len(MALFORMED))
    for (body, properties, reason), letter in zip(MALFORMED, letters, strict=True):
        assert letter.body == body
        assert reason in str(letter.headers[REASON]), letter.headers
        assert "\n" not in str(letter.headers[REASON])
        assert letter.headers[FROM_QUEUE] == intake.queue.name
        assert properties.get("message_id") in (None, letter.message_id)
    assert intake.batches() == Counter(["first", "last"])
    assert await intake.left() == 0


async def test_where_there_is_no_room_nothing_more_is_taken_and_nothing_requeued(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MAX_WAIT_S", 0.5)
    intake = Intake(broker, tmp_path, bounds=Bounds(in_all=6, per_owner=6))
    await intake.publish(*(request(f"n{n}") for n in range(12)))  # of two items each
    async with intake.consuming(prefetch=4) as consumer:
        await until(lambda: any("waiting" in line for line in intake.said))
        await until(lambda: consumer.taken.accepted == 3)
        assert await intake.left() == 12 - 3 - 4
        while intake.batches().total() < 12:
            for batch in list(intake.desk.state.engine.batches.values()):
                await intake.desk.let_die(batch.batch_id)
            await asyncio.sleep(0.1)
        await until(lambda: consumer.taken.accepted == 12)
    assert intake.batches() == Counter(f"n{n}" for n in range(12))
    assert consumer.taken.duplicates == 0
    intake.desk.close()


async def test_what_waits_for_room_goes_back_when_the_consumer_is_stopped(
    broker: Broker, tmp_path: Path
) -> None:
    intake = Intake(broker, tmp_path, bounds=Bounds(in_all=2, per_owner=2))
    await intake.publish(*(request(f"n{n}") for n in range(5)))
    async with intake.consuming() as consumer:
        await until(lambda: any("waiting" in line for line in intake.said))
    assert consumer.taken.accepted == intake.batches().total() == 1
    assert await intake.left() == 4
    intake.desk.close()


async def test_a_broker_that_is_killed_loses_nothing_and_doubles_nothing(intake: Intake) -> None:
    names = [f"n{n}" for n in range(300)]
    await intake.publish(request("first"))
    async with intake.consuming(has_events=True) as consumer:
        publishing = asyncio.create_task(intake.publish(*map(request, names)))
        await until(lambda: consumer.taken.accepted > 20)
        await asyncio.to_thread(intake.broker.kill)
        await asyncio.to_thread(intake.broker.start)
        await publishing
        await until(lambda: intake.batches().total() == len(names) + 1)
        await intake.until_empty()
    assert intake.batches() == Counter(["first", *names])


async def test_events_arrive_once_or_more_under_one_id(intake: Intake) -> None:
    name = f"events-{secrets.token_hex(4)}"
    async with await aio_pika.connect(intake.broker.url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("tlray.events", aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(name, durable=True)
        await queue.bind(exchange, "item.dead.#")
        await queue.bind(exchange, "batch.*.#")
    await intake.publish(request("one", 3))  # it waits for the consumer: its first event is made at once
    events: dict[str | None, tuple[aio_pika.abc.AbstractIncomingMessage, Any]] = {}
    async with intake.consuming(has_events=True) as consumer:
        await until(lambda: consumer.taken.accepted == 1)
        (begun,) = await taken(intake.broker, name, 1)
        batch_id = json.loads(begun.body)["data"]["batch_id"]
        await asyncio.to_thread(intake.broker.ctl, "close_all_connections", "cut")
        await intake.desk.let_die(batch_id)
        events[begun.message_id] = (begun, json.loads(begun.body))
        while len(events) < 5:  # one that was not confirmed before the cut comes twice
            (event,) = await taken(intake.broker, name, 1)
            events[event.message_id] = (event, json.loads(event.body))
        await until(lambda: not intake.desk.state.journal.has_events())
    kinds = Counter(body["type"] for _, body in events.values())
    assert kinds == {"batch.running": 1, "item.dead": 3, "batch.completed": 1}
    for event_id, (event, body) in events.items():
        assert body["id"] == event_id
        assert event.routing_key == f"{body['type']}.{batch_id}"
        assert event.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    dead = next(body for _, body in events.values() if body["type"] == "item.dead")
    assert (
        dead["data"].items()
        >= {"batch_id": batch_id, "name": "one", "owner": "amqp", "reason": "timeout"}.items()
    )
    assert dead["data"]["url"].startswith("http://127.0.0.1:9/one/")


async def other_queue(broker: Broker, name: str) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(name, durable=True, arguments={"x-max-priority": 2})


WRONG: list[tuple[str, int, str]] = [
    ("amqp://guest:sEcReT@127.0.0.1:{port}/", 2, "wrong password"),
    ("amqp://nobody:sEcReT@127.0.0.1:{port}/", 2, "no user 'nobody'"),
    ("amqp://guest:guest@127.0.0.1:{port}/sets", 2, "virtual host 'sets' is not there"),
    ("amqp://guest:sEcReT@127.0.0.1:1/", 4, "connection refused"),
    (
        "amqp://guest:sEcReT@nobody.invalid/",
        4,
        "its host's name cannot be looked up; see that RabbitMQ runs there",
    ),
    ("amqps://guest:sEcReT@127.0.0.1:{port}/", 4, "see that RabbitMQ runs there"),
    ("http://guest:sEcReT@127.0.0.1:{port}/", 2, "has no amqp://"),
    ("amqp://guest:sEcReT@127.0.0.1:99999/", 2, "is no URL"),
    ("amqp:///sets", 2, "names no host"),
]


@pytest.mark.parametrize(("url", "code", "words"), WRONG, ids=[words for _, _, words in WRONG])
@pytest.mark.parametrize("command", ["consume", "publish"])
def test_what_is_wrong_with_a_broker_is_one_line_without_its_secret(
    broker: Broker,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    command: str,
    url: str,
    code: int,
    words: str,
) -> None:
    file = tmp_path / "request.json"
    file.write_text('{"urls":["http://127.0.0.1/a"]}')
    last = [f"--home={tmp_path / 'home'}"] if command == "consume" else [str(file)]
    assert run([command, url.format(port=broker.port), *last]) == code
    out, err = capfd.readouterr()
    assert words in err
    assert err.count("\n") == 1
    assert "sEcReT" not in err
    assert not out
    assert not (tmp_path / "home").exists()


async def test_a_queue_with_other_arguments_is_an_error_that_names_it(
    broker: Broker, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await other_queue(broker, "other")
    command = ["consume", broker.url, "--queue=other", f"--home={tmp_path / 'home'}"]
    assert await asyncio.to_thread(run, command) == 2
    err = capfd.readouterr().err
    assert "queue 'other' is there already with other arguments" in err
    assert err.count("\n") == 1


def test_a_user_without_rights_is_told_so(
    broker: Broker, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broker.ctl("add_user", "reader", "sEcReT")
    broker.ctl("set_permissions", "reader", "", "", ".*")
    url = f"amqp://reader:sEcReT@127.0.0.1:{broker.port}/"
    file = tmp_path / "request.json"
    file.write_text('{"urls":["http://127.0.0.1/a"]}')
    for command in (["consume", url, f"--home={tmp_path / 'home'}"], ["publish", url, str(file)]):
        assert run(command) == 2
        err = capfd.readouterr().err
        assert "user 'reader' may not use" in err
        assert "sEcReT" not in err
        assert err.count("\n") == 1
    # as docs/brokers.md says
    broker.ctl("set_permissions", "reader", r"^tlray\.", r"^(tlray\.|amq\.default)", r"^tlray\.")
    assert run(["publish", url, str(file)]) == 0
    asyncio.run(check(broker_address(url), RequestQueue(), with_events=True))


async def test_a_queue_that_is_full_is_waited_for_and_then_an_error(intake: Intake) -> None:
    full = '{"max-length":1,"overflow":"reject-publish"}'
    await asyncio.to_thread(intake.broker.ctl, "set_policy", "full", f"^{intake.queue.name}$", full)
    await intake.publish(request("one"))
    with pytest.raises(BrokerUnavailable, match="takes no messages"):
        await publish(
            intake.address, [request("two")], queue=intake.queue, max_wait_s=1, on_confirmed=lambda request: None
        )  # fmt: skip
    publishing = asyncio.create_task(intake.publish(request("two")))
    async with intake.consuming() as consumer:
        await publishing
        await until(lambda: consumer.taken.accepted == 2)


async def test_a_broker_takes_the_arguments_of_the_newer_queue(broker: Broker) -> None:
    """RabbitMQ before 4 knows them, though not the priorities."""
    arguments = dict(queue_kind("4.0.0", RequestQueue()).arguments)
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        await channel.declare_queue("newer", durable=True, arguments=cast(Any, arguments))


def test_the_commands_from_end_to_end(broker: Broker, tmp_path: Path) -> None:
    """One Ray: requests are published, taken, scraped (nothing listens there), and told of; a signal drains."""
    env = {key: value for key, value in os.environ.items() if key not in ("RAY_ADDRESS", "RAY_JOB_ID")}
    env |= {
        "HOME": str(tmp_path), "TLRAY_HOME": str(tmp_path / "sets"), "TLRAY_ALLOW_PRIVATE_HOSTS": "127.0.0.0/8",
        "TLRAY_AMQP": broker.url,
    }  # fmt: skip
    file = tmp_path / "requests.jsonl"
    bodies = [
        {"urls": [f"http://127.0.0.1:9/{n}"], "name": f"n{n}", "options": {"max_attempts": 1}}
        for n in range(3)
    ]
    file.write_text("".join(json.dumps(body) + "\n" for body in (*bodies, {"urls": [], "name": "bad"})))

    def tlray(*arguments: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "tlray", *arguments],
            env=env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    assert tlray("publish", "--queue=whole", str(file)) == tlray("publish", "--queue=whole", str(file))
    consumer = subprocess.Popen(
        [sys.executable, "-m", "tlray", "consume", "--queue=whole"],
        env=env,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert consumer.stderr is not None
        assert "taking requests from whole at amqp://127.0.0.1" in consumer.stderr.readline()
        letters = asyncio.run(taken(broker, "whole.dead", 2))
        assert all("no URL" in str(letter.headers[REASON]) for letter in letters)
        consumer.send_signal(signal.SIGTERM)
        _, said = consumer.communicate(timeout=60)
    finally:
        consumer.kill()
    assert consumer.returncode == 0, said
    assert "3 requests taken, 3 duplicates, 2 dead letters" in said
    assert broker.url.partition("@")[0] not in said
