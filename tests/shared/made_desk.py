"""A coordinator without Ray, on a home of its own; nobody scrapes."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any, cast

from made_journal import kill_lane

from tlray.cluster.adapters.coordinator_ports import HomeParts, JournalThread
from tlray.cluster.adapters.reading_threads import ReadingThreads
from tlray.cluster.coordinator.state import CoordinatorSettings
from tlray.cluster.handlers.coordinator import Coordinator
from tlray.cluster.ports.clock import SystemClock
from tlray.cluster.ports.coordinator import CoordinatorPorts, Meters, ProgressSink, TaskStarter
from tlray.cluster.ports.registration import Registration
from tlray.cluster.workers.config import ScrapeConfig
from tlray.core.scheduling.backlog import Bounds
from tlray.core.scheduling.changeset import LaneDeath
from tlray.core.scheduling.lease import Stops
from tlray.core.submission.lines import Chunk
from tlray.io.disk.home import Home
from tlray.io.intake.url_list import read_chunks
from tlray.io.journal.rows import BatchOptions, totals
from tlray.io.journal.sqlite.journal import SqliteJournal


class NoLimiters:
    """Nobody asks for permits."""

    async def update(self, names: set[str]) -> None: ...

    async def spread_stops(self) -> None: ...


class NoMeters:
    """Nothing is measured."""

    def delivered(self, result: str) -> None: ...


class NoLimiter:
    """A limiter that confirms what it is sent, and is asked for nothing."""

    async def register(self, domains: list[Registration], stops: Stops) -> str:
        return "life"

    async def stop_batches(self, stops: Stops) -> None: ...

    async def forget(self, holder: str) -> None: ...

    async def forget_domains(self, names: list[str]) -> None: ...


class Desk:
    """One life of a coordinator whose loop does not run."""

    def __init__(
        self,
        path: Path,
        *,
        is_restart: bool = False,
        bounds: Bounds | None = None,
        progress: ProgressSink | None = None,
    ) -> None:
        self.is_closed = False
        home = Home(path)
        home.create()
        terms = ScrapeConfig(str(path), home.id, "tlray/made", identity=home.id)
        settings = CoordinatorSettings(
            str(path), "", terms, max_workers=2, default_workers=4, bounds=bounds or Bounds()
        )
        ports = CoordinatorPorts(
            SystemClock(), random.Random(1), JournalThread(), ReadingThreads(home), cast(TaskStarter, None),
            lambda _: NoLimiter(), HomeParts(home), cast(Meters, NoMeters()), die=lambda: None, progress=progress,
        )  # fmt: skip
        journal = SqliteJournal(home.journal)
        self.coordinator = Coordinator(settings, home, journal, ports, is_restart=is_restart)
        self.state, self.batches = self.coordinator._state, self.coordinator._batches
        self.scheduler = self.coordinator._scheduler
        self.backlog = self.batches._admission._backlog

    def close(self) -> None:
        """Close the journal, if that has not been done."""
        if not self.is_closed:
            self.is_closed = True
            self.state.close()

    async def submit(self, batch_id: str, chunk: Chunk, **more: Any) -> dict[str, Any]:
        asked: dict[str, Any] = {"name": "", "priority": 1, "options": BatchOptions(), "owner": "ada"}
        return await self.coordinator.submit(batch_id, chunk=chunk, **{**asked, **more})

    async def open_list(self, batch_id: str) -> None:
        await self.coordinator.open_upload(
            batch_id, name="", priority=1, options=BatchOptions(), owner="ada", key=None, digest=""
        )

    async def piece(self, batch_id: str, number: int, chunk: Chunk, *, digest: str = "") -> dict[str, Any]:
        lines = [entry.line for entry in chunk.entries]
        return await self.coordinator.append_chunk(
            batch_id, number, digest=digest or f"{number}", first_line=lines[0], n_lines=len(lines), chunk=chunk
        )  # fmt: skip

    async def let_die(self, batch_id: str, *, is_finished: bool = True) -> None:
        """Make dead letters of all that is open, and finish the batch."""
        book = self.state.book(batch_id)
        assert book is not None
        for domain in list(book.open_by_domain):
            death = LaneDeath(book.id, domain, "timeout")
            n_queued, n_waiting = await self.state.write(kill_lane, self.state.journal, death)
            self.state.engine.kill_lane(death, now=time.monotonic(), n_queued=n_queued, n_waiting=n_waiting)
        if is_finished:
            self.batches.finish_soon(book.id)
            await self.state.settle(2)

    def in_journal(self, batch_id: str) -> tuple[str, dict[str, int]]:
        """A batch's state, and its items counted, as the journal has them."""
        journal = self.state.journal
        row = journal.batch(batch_id)
        return row.state.value, {state.value: n for state, n in totals(journal.counts(row.id)).items()}

    def next_life(self) -> Desk:
        """Kill it, and return the life that Ray starts; it has opened nothing yet."""
        self.close()
        return Desk(self.state.home.path, is_restart=True, bounds=self.state.settings.bounds)


def chunk(n: int, *, first: int = 1, named: str = "a") -> Chunk:
    """Return ``n`` good lines, each with a page of its own."""
    return next(read_chunks([f"http://e.test/{named}{i}" for i in range(n)], first_line=first))
