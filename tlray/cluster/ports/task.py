"""Ports of a scrape task: the coordinator, the limiters, the network and the disk, as protocols.

`tlray.cluster.workers.ray_ports` implements them; the simulator (`tests/shared/simulated`) does so in virtual time and runs the
task's code as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tlray.cluster.ports.clock import Clock
from tlray.core.politeness.limiter_gate import PermitGrant, PermitRequest
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.autoscaling import NodeLoad
from tlray.core.scheduling.lease import Answer, LeasedItem, Report, RobotsRequest, Stops
from tlray.io.worker.crash_note import CrashNote

if TYPE_CHECKING:  # the simulator needs neither Arrow nor aiohttp
    from tlray.core.model.outcome import Outcome
    from tlray.io.http.response import Fetched
    from tlray.io.results.part_writer import StagedPart
    from tlray.io.results.rows import ItemKey
    from tlray.model import Tracklist

    ReadPage = tuple[Fetched, Outcome, tuple[Tracklist, ...]]


class CoordinatorClient(Protocol):
    """A scrape task's calls to the coordinator."""

    async def report(self, report: Report) -> Answer:
        """Send a report and return the answer."""
        ...

    async def register(self, domains: list[str]) -> None:
        """Say that a limiter does not know domains."""
        ...


class LimiterAsk(Protocol):
    """A scrape task's calls to one limiter actor."""

    async def ask(self, holder: str, asks: list[PermitRequest]) -> tuple[list[PermitGrant], Stops]:
        """Ask for permits."""
        ...


class PageSource(Protocol):
    """The network, as a scrape task uses it, and what reads the pages."""

    async def robots(self, fetch_task: RobotsRequest, note: CrashNote) -> RobotsAnswer:
        """Fetch and read a robots.txt."""
        ...

    async def take(self, item: LeasedItem) -> Callable[[], ReadPage]:
        """Fetch an item's page; calling the result opens and reads it."""
        ...


class PartFiles(Protocol):
    """The files that a scrape task writes and reads."""

    async def stage(
        self, batch_id: str, stem: str, rows: Sequence[tuple[ItemKey, Tracklist]], pages: bytes
    ) -> StagedPart:
        """Write a part where nobody sees it, durably."""
        ...

    async def read_items(
        self, batch_id: str, stem: str, item_ids: Collection[int]
    ) -> dict[int, list[Tracklist]]:
        """Return the sets of some items of a published part."""
        ...


class Gauge(Protocol):
    """Load of the node that a task runs on."""

    node: str

    def read(self, now: float) -> NodeLoad | None:
        """Return the node's load, once in a while."""
        ...


@dataclass(frozen=True, slots=True)
class TaskPorts:
    """Everything that a scrape task depends on."""

    clock: Clock
    coordinator: CoordinatorClient
    limiters: Mapping[int, LimiterAsk]
    pages: Callable[[Callable[[], None]], AbstractAsyncContextManager[PageSource]]
    """Opens the network; the argument is called in the task that fetches when its request has gone out."""
    files: PartFiles
    note: CrashNote
    gauge: Gauge
    cpu_s: Callable[[], float]
    """CPU time of this process so far."""
