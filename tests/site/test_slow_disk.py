"""Results that wait for the disk slow the leases down: neither pages in memory nor items in hand pile up."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import StartDemo

from tlray.cluster.ports.clock import SystemClock
from tlray.cluster.ports.registration import Registration
from tlray.cluster.ports.task import TaskPorts
from tlray.cluster.workers import scrape
from tlray.cluster.workers.config import ScrapeConfig
from tlray.cluster.workers.limiter import Limiter
from tlray.cluster.workers.ray_ports import HomeFiles, Network
from tlray.cluster.workers.scrape import MAX_IN_HAND, ScrapeTask
from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.scheduling.lease import NO_STOPS, Answer, DomainConfig, LeasedItem, Report, Work
from tlray.demo.server import DemoSites
from tlray.io.disk.home import Home
from tlray.io.process.node_load import NodeGauge
from tlray.io.results.part_writer import StagedPart
from tlray.io.worker.crash_note import CrashNoteFile

SLOTS = 16
POLICY = DomainPolicy(rate=float("inf"), concurrency=SLOTS)
LARGEST_PAGE = 85_000
"""Of the demo, on the wire; it was said to be 40,000, which is the mean."""


class SlowFiles(HomeFiles):
    """A disk that takes its time."""

    def __init__(self, home: Home, slow_s: float) -> None:
        super().__init__(home)
        self._slow_s = slow_s

    async def stage(self, batch_id: str, stem: str, rows: Any, pages: bytes) -> StagedPart:
        await asyncio.sleep(self._slow_s)
        return await super().stage(batch_id, stem, rows, pages)


@dataclass
class Counting:
    """Gives a task what it asks for, and counts what is out."""

    items: list[LeasedItem]
    terms: DomainConfig
    answer_s: float = 0.0
    n_out: int = 0
    most_out: int = 0
    kinds: list[OutcomeKind] = field(default_factory=list)
    n_pages_in_reports: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    async def register(self, domains: list[str]) -> None: ...

    async def report(self, report: Report) -> Answer:
        await asyncio.sleep(self.answer_s)
        self.n_out -= len(report.outcomes)
        self.kinds += [outcome.kind for outcome in report.outcomes]
        self.n_pages_in_reports.append(len(report.outcomes))
        self.numbers.append(report.number)
        given, self.items = self.items[: report.n_wanted], self.items[report.n_wanted :]
        self.n_out += len(given)
        self.most_out = max(self.most_out, self.n_out)
        return Answer(accepted=True, work=Work(tuple(given), (self.terms,) if given else ()))


async def scraped(
    home: Home, demo: DemoSites, *, answer_s: float = 0.0, disk_s: float = 0.0, heartbeat_s: float = 5.0
) -> tuple[Counting, int]:
    """Scrape all sets of a demo of one site in this process; return what was counted, and the most bytes held."""
    home.create()
    (base,) = demo.bases
    domain = base.split("//")[1]
    items = [LeasedItem(i, "b1", domain, url, f"f{i}", 1) for i, url in enumerate(demo.urls(), 1)]
    limiter = Limiter()
    await limiter.register([Registration(domain, POLICY, False, 0.0, 1)], NO_STOPS)
    counting = Counting(items, DomainConfig(domain, POLICY, "", 0), answer_s)
    terms = ScrapeConfig(
        home=str(home.path), home_id=home.id, user_agent="tlray/test", heartbeat_s=heartbeat_s
    )
    with CrashNoteFile(home, "L1") as note:
        ports = TaskPorts(
            SystemClock(), counting, {0: limiter}, lambda on_sent: Network(terms, on_sent), SlowFiles(home, disk_s), note,
            NodeGauge("n1", now=time.monotonic()), time.process_time,
        )  # fmt: skip
        task = ScrapeTask("L1", terms, ports)
        most_held = 0
        running = asyncio.create_task(task.run())
        while not running.done():
            most_held = max(most_held, task._held_bytes)
            await asyncio.sleep(0.002)
        await running
    assert counting.kinds == [OutcomeKind.FETCHED] * len(items)
    return counting, most_held


async def test_pages_that_wait_for_a_slow_disk_are_bounded(
    start_demo: StartDemo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = 400_000
    monkeypatch.setattr(scrape, "MAX_HELD_BYTES", bound)
    demo = await start_demo(n_sites=1, n_sets=160)
    _, most_held = await scraped(Home(tmp_path), demo, disk_s=0.2)
    assert most_held <= bound + SLOTS * LARGEST_PAGE
    assert most_held > bound / 2, "it is the bound that held it"


async def test_a_slow_coordinator_is_not_outrun(start_demo: StartDemo, tmp_path: Path) -> None:
    demo = await start_demo(n_sites=1, n_sets=300)
    counting, _ = await scraped(Home(tmp_path), demo, answer_s=0.4)
    assert counting.most_out <= MAX_IN_HAND
    assert max(counting.n_pages_in_reports) <= counting.most_out
    assert counting.n_out == 0


async def test_a_task_that_waits_for_the_disk_says_that_it_lives(
    start_demo: StartDemo, tmp_path: Path
) -> None:
    demo = await start_demo(n_sites=1, n_sets=20)
    counting, _ = await scraped(Home(tmp_path), demo, disk_s=1.2, heartbeat_s=0.2)
    numbers = counting.numbers
    assert numbers == sorted(set(numbers)), (
        "each has a number of its own, and none is taken for a repeated one"
    )
    first = next(n for n, pages in enumerate(counting.n_pages_in_reports) if pages)
    assert counting.n_pages_in_reports[1:first].count(0) >= 3, (
        "empty ones, until the first part was on the disk"
    )
