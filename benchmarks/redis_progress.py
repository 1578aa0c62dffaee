"""How soon does another program see a change of a batch in Redis, and what does that cost the coordinator?

300 items a second change their state in the coordinator's own books, in groups of six, over 10 domains. Its own feed makes
snapshots and writes them to a real Redis; a subscriber in another process takes the time from the change to its message. The cost
is the process's CPU above that of the same loop without Redis. The server's CPU stands beside it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import quantiles
from typing import IO, Any, cast

import psutil

from benchmarks.figures import Answer, Figure
from tests.shared.redis_server import RedisServer
from tlray.cluster.coordinator.batches import Batches
from tlray.cluster.coordinator.progress_feed import ProgressFeed
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.ports.clock import SystemClock
from tlray.cluster.ports.coordinator import CoordinatorPorts
from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import ItemChange
from tlray.core.scheduling.engine import Engine
from tlray.io.redis.address import RedisAddress
from tlray.io.redis.link import Link
from tlray.io.redis.progress import RedisProgress

QUESTION = "Progress through Redis"
PER_S, GROUP, N_DOMAINS = 300, 6, 10
MOST_MS, MOST_PERCENT = 50.0, 5.0
_NONE = cast(Any, None)
SUBSCRIBER = """
import json, sys, time, redis
url, key = sys.argv[1:]
late = []
with redis.Redis.from_url(url, decode_responses=True) as client, client.pubsub(ignore_subscribe_messages=True) as channel:
    channel.subscribe(key)
    print("ready", flush=True)
    while True:
        message = channel.get_message(timeout=1)
        if message is None:
            continue
        now, told = time.time(), json.loads(message["data"])
        late += [1000 * (now - item["at"]) for item in told["items"]]
        if told["counts"]["succeeded"] == told["total"]:
            break
print(json.dumps(late))
"""


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    seconds, rounds = (3, 1) if quick else (20, 3)
    server = RedisServer(folder)
    told = Answer(QUESTION, [])
    p50, p99, ours, theirs = [], [], [], []
    try:
        server.start()
        for number in range(rounds):
            without = asyncio.run(_percent(None, f"b{number}", PER_S * seconds))
            late, with_redis, of_server = _with_redis(server, f"b{number}", PER_S * seconds)
            cuts = quantiles(late, n=100)
            p50.append(cuts[49])
            p99.append(cuts[98])
            ours.append(with_redis - without)
            theirs.append(of_server)
            told.runs.append({"n": len(late), "p99_ms": p99[-1], "with": with_redis, "without": without})
    finally:
        server.kill()
    told.figures += [
        Figure("change → subscriber, p50", p50, " ms"),
        Figure("change → subscriber, p99", p99, " ms", most=MOST_MS),
        Figure("coordinator, CPU", ours, " % of a core", most=MOST_PERCENT),
        Figure("redis-server, CPU", theirs, " % of a core"),
    ]
    told.notes.append(
        f"{PER_S} items/s for {seconds} s over {N_DOMAINS} domains; load {psutil.getloadavg()[0]:.1f}."
    )
    return told


def _with_redis(server: RedisServer, batch_id: str, n_items: int) -> tuple[list[float], float, float]:
    """Return the delays of all items in ms, and the CPU of this process and of the server in percent of a core."""
    link = Link(RedisAddress(server.url), "bench")
    command = [sys.executable, "-c", SUBSCRIBER, server.url, link.keys.batch("ada", batch_id)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as subscriber:
        output = cast(IO[str], subscriber.stdout)
        output.readline()
        of_server, begun = server.cpu_s(), time.monotonic()
        percent = asyncio.run(_percent(link, batch_id, n_items))
        server_percent = 100 * (server.cpu_s() - of_server) / (time.monotonic() - begun)
        return json.loads(output.readline()), percent, server_percent


async def _percent(link: Link | None, batch_id: str, n_items: int) -> float:
    """Let all items change and return this process's CPU in percent of a core."""
    ports = CoordinatorPorts(SystemClock(), _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, die=lambda: None)
    state = CoordinatorState(_NONE, _NONE, Engine(), _NONE, 1, ports)
    batches = Batches(state, _NONE, _NONE)
    domains = [f"site-{k}.test" for k in range(N_DOMAINS)]
    book = Batch(
        1, batch_id, "", Priority.NORMAL, BatchState.RUNNING, {ItemState.LEASED: n_items}, owner="ada",
        open_by_domain=dict.fromkeys(domains, n_items // N_DOMAINS), version=state.first_version,
    )  # fmt: skip
    state.engine.open(book, {}, now=state.now())
    batches._running_since[1] = (0.0, state.now())
    feed = None
    if link is not None:
        feed = ProgressFeed(
            state, RedisProgress(link),
            status=batches.status, workers=lambda: {"workers": 1, "workers_waiting": 0}, is_watched=lambda _: False,
        )  # fmt: skip
        state.on_change = feed.changed
        state.announce(1)
        await link.probe()
        feed.start()
        await asyncio.sleep(0.5)  # until the first snapshot is written
    spent, begun = time.process_time(), time.monotonic()
    for first in range(0, n_items, GROUP):
        _finish(book, domains[first // GROUP % N_DOMAINS], first)
        state.announce(1)
        await asyncio.sleep(begun + (first + GROUP) / PER_S - time.monotonic())
    percent = 100 * (time.process_time() - spent) / (time.monotonic() - begun)
    if feed is not None:
        await feed.close()
    return percent


def _finish(book: Batch, domain: str, first: int) -> None:
    now = time.monotonic()
    for number in range(first, first + GROUP):
        url = f"http://{domain}/tracklist/{number}/a-name-of-a-set"
        item = FrontierItem(number, 1, domain, url, f"x:{number}")
        book.log_change(
            ItemChange(item, ItemState.LEASED, ItemState.SUCCEEDED, ItemEvent.FETCHED, 1, 0, 0, url, domain), now=now
        )  # fmt: skip
    book.move(ItemState.LEASED, ItemState.SUCCEEDED, domain, now=now, n=GROUP)
