"""A machine that is gone: journal, results, progress and requests are elsewhere, and another machine goes on in an empty folder.

All four servers at once, and the only test of that. A machine is a home and a Ray with everything that belongs to it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import aio_pika
import pytest
from broker import Broker
from machine import Machine
from postgres_server import PASSWORD, QUOTED, PostgresServer, fresh_schema, postgres
from redis_server import RedisServer
from s3_server import BUCKET, KEYS, running_s3

import tlray
from benchmarks.arrival_times import room_left
from benchmarks.recorded_run import Site, recording_site
from tlray.cli import run
from tlray.core.model.lifecycle import ItemState
from tlray.io.audit.audit import audit_batch
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader

__all__ = ["postgres"]
pytestmark = [pytest.mark.ray, pytest.mark.parts, pytest.mark.timeout(500)]
STORAGE = f"s3://{BUCKET}/elsewhere"
N_SETS, RATE = 150, 15.0
UNREPORTED_S = 4.0
"""A report comes about once a second; a busy machine has more."""


@pytest.fixture
def site() -> Iterator[Site]:
    with recording_site(n_domains=2, n_rows=4) as site:
        yield site


@pytest.fixture
def servers(
    postgres: PostgresServer, redis_there: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The environment of every command, and of this process."""
    with running_s3() as s3:
        home = {"HOME": str(tmp_path), "TLRAY_ALLOW_PRIVATE_HOSTS": "127.0.0.0/8", "TLRAY_STORAGE": STORAGE}
        theirs = {"TLRAY_JOURNAL": postgres.url(fresh_schema()), "TLRAY_REDIS": redis_there.url}
        for name, value in {**home, **theirs, **s3.environ()}.items():
            monkeypatch.setenv(name, value)
        for name in ("RAY_ADDRESS", "RAY_JOB_ID", "TLRAY_AMQP", "TLRAY_HOME"):
            monkeypatch.delenv(name, raising=False)
        yield


def wait_until(claim: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 150
    while not claim():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.1)


def done(home: Path, batch_id: str) -> list[str]:
    """The paths of the sets that are in the journal."""
    with open_reader(home) as journal:
        return [item.url.split("/", 3)[3] for item in journal.items(batch_id, ItemState.SUCCEEDED)]


def ended(home: Path, name: str) -> list[str]:
    """The batches of a name that are completed."""
    with open_reader(home) as journal:
        return [
            row.batch_id for row in journal.batches(limit=9) if (row.name, row.state) == (name, "completed")
        ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def events(broker: Broker, *, of: str = "") -> list[str]:
    """Bind a queue to the exchange of events, or return the types that it got of one batch."""
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("told", durable=True)
        exchange = await channel.declare_exchange("tlray.events", aio_pika.ExchangeType.TOPIC, durable=True)
        await queue.bind(exchange, "batch.#")
        found = []
        while of and (message := await queue.get(fail=False)) is not None:
            await message.ack()
            found.append(json.loads(message.body))
        return [event["type"] for event in found if event["data"]["batch_id"] == of]


@pytest.mark.usefixtures("servers")
def test_another_machine_goes_on_by_itself_in_an_empty_folder(
    site: Site, broker: Broker, redis_there: RedisServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    urls = site.urls(N_SETS)[::2]  # of the first domain
    rate = f"--rate={site.bases[0].split('//')[1]}={RATE:g}/s"
    asyncio.run(events(broker))
    first = Machine(tmp_path / "first", "scrape", *urls, rate, "--name=moved")
    try:
        batch_id = first.says("batch ").split()[1].rstrip(":")
        wait_until(lambda: len(done(first.home, batch_id)) >= N_SETS // 5, "a fifth of the batch")
        before = done(first.home, batch_id)
    finally:
        first.switch_off()
    keys = f"tlray:{sha256(STORAGE.encode()).hexdigest()[:16]}:user"
    with redis_there.admin() as client:
        assert client.hget(f"{keys}:_local:{batch_id}", "state") == "running", "under a name that moves along"

    second = Machine(tmp_path / "second", "serve", f"--port={free_port()}", TLRAY_AMQP=broker.url)
    try:
        second.says("answers at")
        wait_until(lambda: len(done(second.home, batch_id)) > len(before) + RATE, "more of the batch")
        redis_there.kill()
        second.kill_coordinator()
        redis_there.start()
        request = tmp_path / "request.json"
        request.write_text(json.dumps({"urls": site.urls(9)[1::2], "name": "asked"}))
        assert run(["publish", broker.url, str(request)]) == 0
        wait_until(lambda: bool(ended(second.home, "moved") and ended(second.home, "asked")), "both ends")
        (asked,) = ended(second.home, "asked")
        with redis_there.admin() as client:
            wait_until(
                lambda: client.hget(f"{keys}:amqp:{asked}", "state") == "completed", "its end in Redis"
            )
        wait_until(lambda: "batch.completed" in asyncio.run(events(broker, of=asked)), "the event of its end")
        shown = second.command_lines()
    finally:
        second.stop()

    is_all_there(second.home, batch_id, urls)
    pages = Counter(path.lstrip("/") for _, _, path in site.arrivals() if "/tracklist/" in path)
    assert {path for path in before if pages[path] != 1} == set(), "what was reported is not fetched again"
    n_again = sum(pages.values()) - len(pages)
    assert n_again <= 2 * RATE * UNREPORTED_S, "two kills, each with what was in flight or not reported yet"
    assert room_left(site.by_domain()[0], rate=RATE) >= 0
    secrets = [PASSWORD, QUOTED, redis_there.url.split("@")[0], *(secret for _, secret in KEYS.values())]
    shown += first.said + second.said + "".join(capsys.readouterr())
    assert [secret for secret in secrets if secret in shown] == []


def is_all_there(home: Path, batch_id: str, urls: list[str]) -> None:
    """Read it on a third machine, whose folder is empty, too."""
    tracklists, _ = tlray.load(batch_id, home=home.parent / "third")
    assert Counter(tracklists.url) == Counter(urls)
    audit = audit_batch(Home.of(home, STORAGE), batch_id, reads_pages=True)
    assert audit.is_right, audit.findings
    assert {path.name for path in home.iterdir()} <= {
        "home.id",
        "coordinator.lock",
        "storage",
        "leases",
        "catalogue.db",
    }
