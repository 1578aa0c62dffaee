"""Results that wait for the disk slow the leases down: neither pages in memory nor items in hand pile up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import StartDemo

from tlray.cluster import scrape
from tlray.cluster.limiter import Limiter
from tlray.cluster.scrape import MAX_IN_HAND, ScrapeTask
from tlray.cluster.terms import ScrapeTerms
from tlray.core.lease import NO_STOPS, Answer, DomainTerms, LeasedItem, Report, Work
from tlray.core.outcome import OutcomeKind
from tlray.core.policy import DomainPolicy
from tlray.demo.server import DemoSites
from tlray.io.home import Home
from tlray.io.node_gauge import NodeGauge
from tlray.io.parts import stage
from tlray.io.task_note import TaskNote

SLOTS = 16
POLICY = DomainPolicy(rate=float("inf"), concurrency=SLOTS)
LARGEST_PAGE = 85_000
"""Of the demo, on the wire; it was said to be 40,000, which is the mean."""


class Here:
    """An actor in this process: ``actor.method.remote(…)`` is awaited as Ray's is."""

    def __init__(self, actor: object) -> None:
        self._actor = actor

    def __getattr__(self, name: str) -> Any:
        @dataclass
        class Method:
            remote: Callable[..., Awaitable[Any]]

        return Method(getattr(self._actor, name))


@dataclass
class Counting:
    """Gives a task what it asks for, and counts what is out."""

    items: list[LeasedItem]
    terms: DomainTerms
    answer_s: float = 0.0
    n_out: int = 0
    most_out: int = 0
    kinds: list[OutcomeKind] = field(default_factory=list)
    n_pages_in_reports: list[int] = field(default_factory=list)

    async def report(self, report: Report) -> Answer:
        await asyncio.sleep(self.answer_s)
        self.n_out -= len(report.outcomes)
        self.kinds += [outcome.kind for outcome in report.outcomes]
        self.n_pages_in_reports.append(len(report.outcomes))
        given, self.items = self.items[: report.n_wanted], self.items[report.n_wanted :]
        self.n_out += len(given)
        self.most_out = max(self.most_out, self.n_out)
        return Answer(accepted=True, work=Work(tuple(given), (self.terms,) if given else ()))


async def scraped(home: Home, demo: DemoSites, *, answer_s: float = 0.0) -> tuple[Counting, int]:
    """Scrape all sets of a demo of one site in this process; return what was counted, and the most bytes held."""
    home.create()
    (base,) = demo.bases
    domain = base.split("//")[1]
    items = [LeasedItem(i, "b1", domain, url, f"f{i}", 1) for i, url in enumerate(demo.urls(), 1)]
    limiter = Limiter()
    await limiter.make_known([(domain, POLICY, False, 0.0)], NO_STOPS)
    counting = Counting(items, DomainTerms(domain, POLICY, "", 0), answer_s)
    terms = ScrapeTerms(home=str(home.path), home_id=home.id, user_agent="tlray/test")
    with TaskNote(home, "L1") as note:
        gauge = NodeGauge("n1", now=time.monotonic())
        task = ScrapeTask("L1", terms, Here(counting), {0: Here(limiter)}, gauge, note)
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

    def slow_stage(*arguments: Any) -> Any:
        time.sleep(0.2)
        return stage(*arguments)

    monkeypatch.setattr(scrape, "stage", slow_stage)
    monkeypatch.setattr(scrape, "MAX_HELD_BYTES", bound)
    demo = await start_demo(n_sites=1, n_sets=160)
    _, most_held = await scraped(Home(tmp_path), demo)
    assert most_held <= bound + SLOTS * LARGEST_PAGE
    assert most_held > bound / 2, "it is the bound that held it"


async def test_a_slow_coordinator_is_not_outrun(start_demo: StartDemo, tmp_path: Path) -> None:
    demo = await start_demo(n_sites=1, n_sets=300)
    counting, _ = await scraped(Home(tmp_path), demo, answer_s=0.4)
    assert counting.most_out <= MAX_IN_HAND
    assert max(counting.n_pages_in_reports) <= counting.most_out
    assert counting.n_out == 0
