"""The ports of a scrape task, as its Ray worker has them: actors, the network, the disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

import ray

from tlray.cluster.ports.clock import SystemClock
from tlray.cluster.ports.task import LimiterAsk, TaskPorts
from tlray.cluster.workers.config import ScrapeConfig
from tlray.cluster.workers.limiter import NAMESPACE, limiter_name
from tlray.core.model.address_policy import ANY_NAMED, policy_for
from tlray.core.model.file_source import FILE_DOMAIN
from tlray.core.model.outcome import Outcome
from tlray.core.politeness.limiter_gate import PermitGrant, PermitRequest
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.batch_config import BatchConfig, user_agent
from tlray.core.scheduling.lease import Answer, LeasedItem, Report, RobotsRequest, Stops
from tlray.io.disk.home import Home
from tlray.io.http.fetch import Fetcher
from tlray.io.http.limits import Sender
from tlray.io.http.response import PAGE_TYPES, Fetched
from tlray.io.process.node_load import NodeGauge
from tlray.io.results.item_reader import read_items
from tlray.io.results.open_store import TASK_PATIENCE_S, open_store
from tlray.io.results.part_writer import StagedPart, stage
from tlray.io.results.rows import ItemKey
from tlray.io.worker.classify import read_page
from tlray.io.worker.crash_note import CrashNote, CrashNoteFile
from tlray.io.worker.read_source import read_source
from tlray.io.worker.request import PageRequest, request_for
from tlray.io.worker.robots import fetch_robots
from tlray.model import Tracklist
from tlray.version import __version__


class RayCoordinator:
    """Calls to the coordinator actor."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    async def report(self, report: Report) -> Answer:
        """Send a report and return the answer."""
        answer: Answer = await self._actor.report.remote(report)
        return answer

    async def register(self, domains: list[str]) -> None:
        """Say that a limiter does not know domains."""
        await self._actor.register.remote(domains)


class _Limiter:
    def __init__(self, actor: Any) -> None:
        self._actor = actor

    async def ask(self, holder: str, asks: list[PermitRequest]) -> tuple[list[PermitGrant], Stops]:
        answer: tuple[list[PermitGrant], Stops] = await self._actor.ask.remote(holder, asks)
        return answer


class FoundLimiters(dict[int, LimiterAsk]):
    """A home's limiters by number, each looked up when it is asked for first: there may be more of them than when a
    task began. ValueError where there is none yet."""

    def __init__(self, home_key: str) -> None:
        super().__init__()
        self._home_key = home_key

    def __missing__(self, number: int) -> LimiterAsk:
        """Look one up."""
        actor = ray.get_actor(limiter_name(number, self._home_key), namespace=NAMESPACE)
        found = self[number] = _Limiter(actor)
        return found


@lru_cache(maxsize=1_024)
def sender_of(terms: BatchConfig | None) -> Sender | None:
    """Return who sends a batch's requests; None: the fetcher's own, for a batch of a journal without terms."""
    if terms is None:
        return None
    return Sender(user_agent(__version__, terms.contact), terms.fetch_timeout_s)


class Network:
    """Pages over HTTP, each fetched under the terms of its own batch, and read by the parsers."""

    def __init__(self, terms: ScrapeConfig, on_sent: Callable[[], None]) -> None:
        self._fetcher = Fetcher(terms.limits, user_agent=terms.user_agent, allow=ANY_NAMED, on_sent=on_sent)

    async def __aenter__(self) -> Network:
        await self._fetcher.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._fetcher.__aexit__(kind, error, trace)

    async def robots(self, fetch_task: RobotsRequest, note: CrashNote) -> RobotsAnswer:
        """Fetch and read a robots.txt."""
        return await fetch_robots(self._fetcher, fetch_task, note, sender=sender_of(fetch_task.terms))

    async def take(self, item: LeasedItem) -> Callable[[], tuple[Fetched, Outcome, tuple[Tracklist, ...]]]:
        """Fetch an item's page; calling the result opens and reads it. A file is opened then, so that one is in memory."""
        if item.domain == FILE_DOMAIN:
            return lambda: read_source(item)
        allow = policy_for(item.networks, from_public=item.from_public)
        asked = request_for(item) or PageRequest(item.url, PAGE_TYPES)
        open_page = await self._fetcher.get_packed(
            asked.url, types=asked.types, allow=allow, sender=sender_of(item.terms)
        )

        def read() -> tuple[Fetched, Outcome, tuple[Tracklist, ...]]:
            fetched = open_page()
            return fetched, *read_page(item, fetched)

        return read


class HomeFiles:
    """Parts in a home, written and read in threads."""

    def __init__(self, home: Home) -> None:
        self._store = open_store(home, patience_s=TASK_PATIENCE_S)

    async def stage(
        self, batch_id: str, stem: str, rows: Sequence[tuple[ItemKey, Tracklist]], pages: bytes
    ) -> StagedPart:
        """Write a part where nobody sees it, durably."""
        return await asyncio.to_thread(stage, self._store, batch_id, stem, rows, pages)

    async def read_items(
        self, batch_id: str, stem: str, item_ids: Collection[int]
    ) -> dict[int, list[Tracklist]]:
        """Return the sets of some items of a published part."""
        return await asyncio.to_thread(read_items, self._store, batch_id, stem, item_ids)


def worker_ports(terms: ScrapeConfig, coordinator: Any, note: CrashNoteFile) -> TaskPorts:
    """Return the ports of a task in this Ray worker."""
    clock = SystemClock()
    return TaskPorts(
        clock=clock,
        coordinator=RayCoordinator(coordinator),
        limiters=FoundLimiters(terms.identity),
        pages=lambda on_sent: Network(terms, on_sent),
        files=HomeFiles(Home(Path(terms.home), terms.storage)),
        note=note,
        gauge=NodeGauge(ray.get_runtime_context().get_node_id(), now=clock.monotonic()),
        cpu_s=time.process_time,
    )
