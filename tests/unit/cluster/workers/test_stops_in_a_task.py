"""A scrape task that hears of a stop from its limiter begins nothing of a grant that was made before."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from types import TracebackType
from typing import Any, cast

import pytest
from simulated.lives import Life
from simulated.loop import VirtualLoop
from simulated.tasks import SimulatedNote

from tlray.cluster.ports.task import TaskPorts
from tlray.cluster.workers.config import ScrapeConfig
from tlray.cluster.workers.scrape import ScrapeTask
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.limiter_gate import PermitGrant, PermitRequest
from tlray.core.scheduling.lease import Answer, DomainConfig, LeasedItem, Report, Stops, Work
from tlray.io.http.response import Fetched

FAST = DomainPolicy(1_000.0, concurrency=4)
PAUSED = Stops(paused=frozenset({"b1"}), version=2)


def items(batch: str, first: int, n: int) -> tuple[LeasedItem, ...]:
    return tuple(
        LeasedItem(i, batch, "a.test", f"http://a.test/{i}", f"f{i}", 1) for i in range(first, first + n)
    )


class Site:
    """Answers its first page at once and the others late, and keeps what was fetched."""

    def __init__(self) -> None:
        self.fetched: list[int] = []

    async def __aenter__(self) -> Site:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def take(self, item: LeasedItem) -> Callable[[], Any]:
        self.fetched.append(item.item_id)
        await asyncio.sleep(0.5 if item.item_id == 1 else 8.0)  # while one is in flight its limiter is asked
        return lambda: (
            Fetched(url="", kind=None, started_at=0, latency_s=0),
            Outcome(item.item_id, OutcomeKind.GONE),
            (),
        )


class Limiter:
    """Gives whatever is asked for, and says what it has been told of stops."""

    def __init__(self) -> None:
        self.stops = Stops(version=1)

    async def ask(self, holder: str, asks: list[PermitRequest]) -> tuple[list[PermitGrant], Stops]:
        return [PermitGrant(a.domain, (0.0,) * a.n_wanted, 4, 0.1, rate=1_000.0) for a in asks], self.stops


class Coordinator:
    """Leases two items of another batch, then five of one that was paused while they were on their way."""

    def __init__(self, limiter: Limiter, last_stops: Stops) -> None:
        self._limiter, self._last_stops = limiter, last_stops
        self._n = itertools.count()
        self.not_begun: list[int] = []

    async def register(self, domains: list[str]) -> None: ...

    async def report(self, report: Report) -> Answer:
        self.not_begun += [o.item_id for o in report.outcomes if o.kind is OutcomeKind.NOT_BEGUN]
        terms = (DomainConfig("a.test", FAST, "", 0),)
        match next(self._n):
            case 0:
                return Answer(accepted=True, work=Work(items("b2", 1, 2), terms), stops=Stops(version=1))
            case 1:  # leased, and while it is on its way the batch is paused, and the limiter knows
                self._limiter.stops = PAUSED
                await asyncio.sleep(3.0)
                return Answer(accepted=True, work=Work(items("b1", 10, 5)), stops=self._last_stops)
            case _:
                return Answer(accepted=not report.outcomes, stops=PAUSED)


@pytest.mark.parametrize("last_stops", [PAUSED, Stops(version=1)], ids=["the same stops", "older stops"])
def test_a_grant_that_the_stop_has_overtaken_is_given_back(last_stops: Stops) -> None:
    loop = VirtualLoop()
    site, limiter = Site(), Limiter()
    coordinator = Coordinator(limiter, last_stops)
    note = SimulatedNote(Life(loop, "task"))
    gauge = cast(Any, type("Gauge", (), {"node": "n1", "read": lambda self, now: None})())
    ports = TaskPorts(
        loop, coordinator, {0: limiter}, lambda _: cast(Any, site), cast(Any, None), note, gauge, lambda: 0.0
    )
    loop.do(ScrapeTask("L1", ScrapeConfig("", "", "tlray/test"), ports).run())
    loop.end()
    assert site.fetched == [1, 2]
    assert coordinator.not_begun == [10, 11, 12, 13, 14]
