"""How many batch requests of 10 URLs does `tlray consume` take from RabbitMQ in a second?

A request counts when it is acknowledged: its batch is in the journal then. The bare figure is the same messages taken and
acknowledged by the library alone, with the same prefetch. The URLs are of 50 hosts, and the batches begin a day later: nothing
is fetched.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import aio_pika

from benchmarks.figures import Answer, Figure
from benchmarks.weighed import ROOT, environment
from tests.shared.broker import Broker
from tlray.core.messaging.request_file import requests_of
from tlray.core.messaging.topology import RequestQueue
from tlray.io.broker.address import broker_address
from tlray.io.broker.publisher import publish

QUESTION = "Batch requests of 10 URLs from RabbitMQ"
N_REQUESTS = 1_000
N_HOSTS = 50
PREFETCH = 16


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    (folder / "rabbitmq").mkdir()
    broker = Broker(folder / "rabbitmq")
    taking, bare, ratios = [], [], []
    try:
        broker.start()
        for number in range(1 if quick else 3):
            queue = RequestQueue(f"requests-{number}")
            asyncio.run(_publish(broker.url, queue, number))
            bare.append(N_REQUESTS / asyncio.run(_bare(broker.url, queue)))
            asyncio.run(_publish(broker.url, queue, number))
            taking.append(N_REQUESTS / _consume(broker.url, queue, folder / f"consume-{number}"))
            ratios.append(taking[-1] / bare[-1])
    finally:
        broker.close()
    figures = [
        Figure("taken in", taking, " requests/s", least=200.0),
        Figure("bare loop of the library", bare, " requests/s"),
        Figure("taken in ÷ bare", ratios, " ×"),
    ]
    notes = [
        f"{N_REQUESTS:,} requests, prefetch {PREFETCH}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    ]
    return Answer(QUESTION, figures, notes)


async def _publish(url: str, queue: RequestQueue, number: int) -> None:
    later = time.time() + 86_400.0  # taken in now, scraped never
    urls = [
        [f"http://127.0.1.{(i + j) % N_HOSTS}:9/{number}/{i}/{j}" for j in range(10)]
        for i in range(N_REQUESTS)
    ]
    lines = [json.dumps({"urls": ten, "not_before": later}) for ten in urls]
    requests = requests_of("\n".join(lines).encode())
    await publish(
        broker_address(url), requests, queue=queue, max_wait_s=60, on_confirmed=lambda request: None
    )


async def _bare(url: str, queue: RequestQueue) -> float:
    """Return the seconds of taking and acknowledging all messages."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.set_qos(PREFETCH)
        source = await channel.declare_queue(queue.name, passive=True)
        begun = time.perf_counter()
        n = 0
        async with source.iterator() as messages:
            async for message in messages:
                await message.ack()
                n += 1
                if n == N_REQUESTS:
                    return time.perf_counter() - begun
    raise AssertionError("the connection was lost")


def _consume(url: str, queue: RequestQueue, folder: Path) -> float:
    """Return the seconds from the first line of `tlray consume` to the empty queue."""
    folder.mkdir()
    env = environment(folder) | {
        "TLRAY_ALLOW_PRIVATE_HOSTS": "127.0.0.0/8",
        "TLRAY_HOME": str(folder / "home"),
    }
    options = [f"--queue={queue.name}", f"--prefetch={PREFETCH}", "--until-empty"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tlray", "consume", url, *options],
        stderr=subprocess.PIPE,
        env=env,
        cwd=ROOT,
        text=True,
    )
    begun = ended = 0.0
    for line in process.stderr or ():
        if line.startswith("taking requests"):
            begun = time.perf_counter()
        elif line.startswith("the queue is empty"):
            ended = time.perf_counter()
        elif "requests taken" in line and not line.startswith(f"{N_REQUESTS:,} "):
            raise SystemExit(line)
    process.wait()
    return ended - begun
