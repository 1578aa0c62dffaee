"""A fetch that begins has a connection: whatever may be asked of a domain, no page's time is spent on waiting for one."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import pytest
from raw_server import response, serve

from tlray.cluster.ports.clock import SystemClock
from tlray.cluster.ports.registration import Registration
from tlray.cluster.ports.task import TaskPorts
from tlray.cluster.workers.config import ScrapeConfig
from tlray.cluster.workers.limiter import Limiter
from tlray.cluster.workers.ray_ports import HomeFiles, Network
from tlray.cluster.workers.scrape import ScrapeTask
from tlray.core.model.address_policy import ANY_NAMED
from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.domain_policy import MOST_AT_ONCE, DomainPolicy
from tlray.core.politeness.override import DomainOverride
from tlray.core.politeness.policy import ceiling
from tlray.core.scheduling.lease import NO_STOPS, Answer, DomainConfig, LeasedItem, Report, Work
from tlray.io.disk.home import Home
from tlray.io.http.fetch import Fetcher
from tlray.io.http.limits import FetchLimits
from tlray.io.process.node_load import NodeGauge
from tlray.io.worker.crash_note import CrashNoteFile

PATIENT = FetchLimits(total_timeout_s=60.0, connect_timeout_s=60.0, read_timeout_s=60.0)


@dataclass
class Slow:
    """Sites that answer nobody before a number of requests is there at once."""

    n_wanted: int
    n_now: int = 0
    most: int = 0
    are_there: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        self.n_now += 1
        self.most = max(self.most, self.n_now)
        if self.n_now >= self.n_wanted:
            self.are_there.set()
        await self.are_there.wait()
        await asyncio.sleep(0.01)
        self.n_now -= 1
        writer.write(response())
        await writer.drain()

    @asynccontextmanager
    async def sites(self, n: int) -> AsyncIterator[list[str]]:
        async with AsyncExitStack() as stack:
            yield [(await stack.enter_async_context(serve(self.answer))).url for _ in range(n)]


@dataclass
class Items:
    """A coordinator that gives a task what it asks for."""

    left: list[LeasedItem]
    domains: tuple[DomainConfig, ...]
    kinds: list[OutcomeKind] = field(default_factory=list)

    async def register(self, domains: list[str]) -> None: ...

    async def report(self, report: Report) -> Answer:
        self.kinds += [outcome.kind for outcome in report.outcomes]
        given, self.left = self.left[: report.n_wanted], self.left[report.n_wanted :]
        return Answer(accepted=True, work=Work(tuple(given), self.domains if given else ()))


async def scraped(
    home: Home, urls: list[str], policy: DomainPolicy, limits: FetchLimits
) -> tuple[list[OutcomeKind], int]:
    """Scrape pages in this process; return what came of them, and how many fetches there were at once."""
    home.create()
    names = [url.split("/")[2] for url in urls]
    leased = [
        LeasedItem(i, "b1", name, url, f"f{i}", 1)
        for i, (name, url) in enumerate(zip(names, urls, strict=True), 1)
    ]
    limiter = Limiter()
    await limiter.register([Registration(name, policy, False, 0.0, 1) for name in set(names)], NO_STOPS)
    items = Items(leased, tuple(DomainConfig(name, policy, "", 0) for name in set(names)))
    terms = ScrapeConfig(
        home=str(home.path), home_id=home.id, user_agent="tlray/test", limits=limits, heartbeat_s=0.1
    )
    with CrashNoteFile(home, "L1") as note:
        ports = TaskPorts(
            SystemClock(), items, {0: limiter}, lambda on_sent: Network(terms, on_sent), HomeFiles(home), note,
            NodeGauge("n1", now=time.monotonic()), time.process_time,
        )  # fmt: skip
        task = ScrapeTask("L1", terms, ports)
        running, most = asyncio.create_task(task.run()), 0
        while not running.done():
            most = max(most, len(task._running))
            await asyncio.sleep(0.001)
        await running
    return items.kinds, most


async def test_a_domain_has_as_many_connections_as_may_be_asked_for(tmp_path: Path) -> None:
    slow = Slow(MOST_AT_ONCE)
    async with slow.sites(1) as (url,):
        urls = [f"{url}/{i}" for i in range(MOST_AT_ONCE + 20)]
        policy = DomainPolicy(rate=inf, concurrency=MOST_AT_ONCE)
        kinds, most = await scraped(Home(tmp_path), urls, policy, PATIENT)
    assert kinds == [OutcomeKind.UNREADABLE] * len(urls), (
        "pages of no known site came, and nothing ran out of time"
    )
    assert slow.most == most == MOST_AT_ONCE


async def test_no_more_fetches_begin_than_a_task_has_connections_for(tmp_path: Path) -> None:
    slow = Slow(12)
    async with slow.sites(3) as sites:
        urls = [f"{url}/{i}" for i in range(20) for url in sites]
        limits = FetchLimits(total_timeout_s=60.0, max_connections=12)
        kinds, most = await scraped(Home(tmp_path), urls, DomainPolicy(rate=inf, concurrency=8), limits)
    assert kinds == [OutcomeKind.UNREADABLE] * len(urls)
    assert slow.most == most == 12


async def test_a_fetch_never_waits_for_the_connection_of_another() -> None:
    slow = Slow(300)
    async with slow.sites(1) as (url,), Fetcher(PATIENT, user_agent="tlray", allow=ANY_NAMED) as fetcher:
        pages = await asyncio.gather(*(fetcher.get(url) for _ in range(300)))
    assert {page.kind for page in pages} == {None}


def test_what_a_home_has_set_for_a_domain_is_bounded_too() -> None:
    policy = ceiling(DomainPolicy(rate=1.0), DomainOverride(concurrency=1_000), None)
    assert policy.concurrency == MOST_AT_ONCE, "an older tlray let a person set it"


async def test_a_page_does_not_wait_for_names_that_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, asked = threading.Event(), []

    def look_up(host: str, *arguments: object, **options: object) -> object:
        if host == "quick.test":
            return known("127.0.0.1", *arguments, **options)
        asked.append(host)
        answers.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    known = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with serve(response()) as site, Fetcher(PATIENT, user_agent="tlray", allow=ANY_NAMED) as fetcher:
        dead = [asyncio.create_task(fetcher.get(f"http://{i}.dead.test/")) for i in range(60)]
        try:
            async with asyncio.timeout(30):
                while len(asked) < len(dead):  # noqa: ASYNC110 - it is threads that are waited for
                    await asyncio.sleep(0.01)
                page = await fetcher.get(site.url.replace("127.0.0.1", "quick.test"))
                await asyncio.to_thread(lambda: None)  # nor does what goes to the disk
        finally:
            answers.set()
        assert page.kind is None
        assert {(await lookup).kind for lookup in dead} == {OutcomeKind.DNS}


async def test_a_fetcher_is_closed_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, asked = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> object:
        asked.set()
        answers.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        async with asyncio.timeout(30), Fetcher(PATIENT, user_agent="tlray", allow=ANY_NAMED) as fetcher:
            lookup = asyncio.create_task(fetcher.get("http://dead.test/"))
            while not asked.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            lookup.cancel()
    finally:
        answers.set()
    with pytest.raises(asyncio.CancelledError):
        await lookup
