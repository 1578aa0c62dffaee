"""One task fetches for batches of several users; each page, and each robots.txt, is asked for in the name of its own batch."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from raw_server import Asked, response, serve

from tlray import __version__
from tlray.cluster.ports.clock import SystemClock
from tlray.cluster.ports.registration import Registration
from tlray.cluster.ports.task import TaskPorts
from tlray.cluster.workers.config import ScrapeConfig
from tlray.cluster.workers.limiter import Limiter
from tlray.cluster.workers.ray_ports import HomeFiles, Network
from tlray.cluster.workers.scrape import ScrapeTask
from tlray.core.model.address_policy import ANY_NAMED
from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.scheduling.lease import (
    NO_STOPS,
    Answer,
    DomainConfig,
    LeasedItem,
    Report,
    RobotsRequest,
    Work,
)
from tlray.io.disk.home import Home
from tlray.io.http.fetch import Fetcher
from tlray.io.http.limits import FetchLimits, Sender
from tlray.io.process.node_load import NodeGauge
from tlray.io.worker.crash_note import CrashNoteFile

pytestmark = pytest.mark.site
POLICY = DomainPolicy(rate=1_000.0, burst=100.0, concurrency=4)
ANN, BOB = BatchConfig("ann@example.org"), BatchConfig("https://bob.example/bot", fetch_timeout_s=0.5)


def agents(site: Asked) -> dict[str, str]:
    """Path → the User-Agent that it was asked for by."""
    found = {}
    for head in site.heads:
        lines = head.decode().split("\r\n")
        (agent,) = [line for line in lines if line.lower().startswith("user-agent:")]
        found[lines[0].split()[1]] = agent.partition(": ")[2]
    return found


@dataclass
class OneAnswer:
    """A coordinator that has one piece of work, and takes in what comes of it."""

    work: Work
    reports: list[Report] = field(default_factory=list)

    async def register(self, domains: list[str]) -> None: ...

    async def report(self, report: Report) -> Answer:
        self.reports.append(report)
        given, self.work = self.work, Work()
        return Answer(accepted=True, work=given)


async def worked_off(path: Path, work: Work) -> list[Report]:
    """Let one scrape task, with the real network, work something off."""
    home = Home(path)
    home.create()
    limiter = Limiter()
    await limiter.register(
        [Registration(terms.domain, terms.policy, False, 0.0, 1) for terms in work.domains], NO_STOPS
    )
    coordinator = OneAnswer(work)
    terms = ScrapeConfig(
        home=str(path), home_id=home.id, user_agent="tlray/of-the-coordinator", heartbeat_s=0.1
    )
    with CrashNoteFile(home, "L1") as note:
        ports = TaskPorts(
            SystemClock(), coordinator, {0: limiter}, lambda on_sent: Network(terms, on_sent), HomeFiles(home), note,
            NodeGauge("n1", now=time.monotonic()), time.process_time,
        )  # fmt: skip
        await ScrapeTask("L1", terms, ports).run()
    return coordinator.reports


async def test_items_and_robots_of_two_batches_in_one_task_are_fetched_in_their_own_names(
    tmp_path: Path,
) -> None:
    async with serve(response(), keep_alive=True) as site:
        base = site.url.removesuffix("/set")
        domain = base.removeprefix("http://")
        of = {"ann": ANN, "bob": BOB, "old": None}
        items = [
            LeasedItem(n, batch, domain, f"{base}/{batch}/{n}", f"f{n}", 1, terms=of[batch])
            for n, batch in enumerate(("ann", "bob", "old", "ann", "bob"), 1)
        ]
        fetch_tasks = [
            RobotsRequest(name, domain, f"{base}/robots/{name}", POLICY, 0, terms=of[name]) for name in of
        ]
        work = Work(tuple(items), (DomainConfig(domain, POLICY, "", 0),), tuple(fetch_tasks))
        reports = await worked_off(tmp_path, work)
    kinds = [outcome.kind for report in reports for outcome in report.outcomes]
    assert kinds == [OutcomeKind.UNREADABLE] * 5, "pages of no known site came"
    ann, bob = f"tlray/{__version__} (+ann@example.org)", f"tlray/{__version__} (+https://bob.example/bot)"
    old = "tlray/of-the-coordinator"
    assert agents(site) == {
        "/ann/1": ann, "/bob/2": bob, "/old/3": old, "/ann/4": ann, "/bob/5": bob,
        "/robots/ann": ann, "/robots/bob": bob, "/robots/old": old,
    }  # fmt: skip


async def test_a_batch_whose_fetches_may_take_half_a_second_does_not_wait_for_as_long_as_another(
    tmp_path: Path,
) -> None:
    async def late(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2.0)
        writer.write(response())
        await writer.drain()

    async with serve(late) as site:
        base = site.url.removesuffix("/set")
        domain = base.removeprefix("http://")
        items = [
            LeasedItem(n, "b", domain, f"{base}/{n}", f"f{n}", 1, terms=terms)
            for n, terms in enumerate((ANN, BOB), 1)
        ]
        reports = await worked_off(tmp_path, Work(tuple(items), (DomainConfig(domain, POLICY, "", 0),)))
    kinds = {outcome.item_id: outcome.kind for report in reports for outcome in report.outcomes}
    assert kinds == {1: OutcomeKind.UNREADABLE, 2: OutcomeKind.TIMEOUT}


async def test_senders_share_a_connection_and_nothing_else() -> None:
    async with (
        serve(response(), keep_alive=True) as site,
        Fetcher(FetchLimits(), user_agent="tlray/own", allow=ANY_NAMED) as fetcher,
    ):
        for path, sender in (("a", Sender("tlray/a", 5.0)), ("own", None), ("b", Sender("tlray/b", 5.0))):
            await fetcher.get(site.url.replace("/set", f"/{path}"), sender=sender)
        assert agents(site) == {"/a": "tlray/a", "/own": "tlray/own", "/b": "tlray/b"}
        assert site.n_connections == 1
