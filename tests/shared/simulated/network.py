"""The network of a scrape task in virtual time: each fetch is checked where it begins, and answered by its site."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.pacing.pacer import FetchTask
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.lease import LeasedItem, RobotsRequest
from tlray.io.http.response import Fetched
from tlray.model import Tracklist

from .lives import Life
from .parts import A_SET
from .site import Site

if TYPE_CHECKING:
    from .world import World


class SimulatedNetwork:
    """The port `PageSource`."""

    def __init__(self, world: World, lease_id: str, life: Life, on_sent: Callable[[], None]) -> None:
        self._world, self._lease_id, self._life, self._on_sent = world, lease_id, life, on_sent
        self._in_flight: list[Site] = []

    async def __aenter__(self) -> SimulatedNetwork:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def break_off(self) -> None:
        """Close all connections, as a dead process does."""
        for site in self._in_flight:
            site.n_in_flight -= 1
        self._in_flight.clear()

    async def robots(self, fetch_task: RobotsRequest, note: Any) -> RobotsAnswer:
        site = self._world.sites[fetch_task.domain]
        answer = await self._fetch(
            fetch_task, lambda: (site.latency_s, site.robots(fetch_task, self._world.loop.now))
        )
        with note.reading_robots(fetch_task.of):
            if self._world.sites[fetch_task.of].robots_kills:
                self._world.kill_task(self._lease_id)
                await self._life.reach()
        return answer

    async def take(self, item: LeasedItem) -> Callable[[], tuple[Fetched, Outcome, tuple[Tracklist, ...]]]:
        site, world = self._world.sites[item.domain], self._world
        started_at = world.loop.wall()
        outcome = await self._fetch(item, lambda: site.answer(item, world.loop.now, world.rng))
        outcome = replace(outcome, started_at=started_at)

        def read() -> tuple[Fetched, Outcome, tuple[Tracklist, ...]]:
            if item.url in site.deadly:
                self._world.kill_task(self._lease_id)
            sets = (A_SET,) if outcome.kind is OutcomeKind.FETCHED else ()
            return _NOTHING, outcome, sets

        return read

    async def _fetch(self, fetch_task: FetchTask, answer: Callable[[], tuple[float, Any]]) -> Any:
        await self._life.reach()
        site, world = self._world.sites[fetch_task.domain], self._world
        site.n_in_flight += 1
        self._in_flight.append(site)
        try:
            await asyncio.sleep(world.chances.connect_s * world.rng.random() ** 3)
            await self._life.reach()
            world.begun(fetch_task, site, self._lease_id)
            self._on_sent()
            took_s, found = answer()
            await asyncio.sleep(took_s)
            await self._life.reach()
            return found
        finally:
            if site in self._in_flight:
                self._in_flight.remove(site)
                site.n_in_flight -= 1


_NOTHING = Fetched(url="http://a.test/1", kind=None, started_at=0.0, latency_s=0.0)
