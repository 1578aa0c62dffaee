"""What a world is made of, and what can be seen of it: loop, sites, home, journal, and the living engine."""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tlray.cluster.coordinator.state import CoordinatorSettings
from tlray.cluster.handlers.coordinator import Coordinator
from tlray.cluster.workers.config import ScrapeConfig
from tlray.cluster.workers.limiter import Limiter
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.politeness.limiter_gate import Gate
from tlray.core.scheduling.backlog import Bounds
from tlray.core.scheduling.engine import Engine
from tlray.io.disk.home import Home
from tlray.io.journal.sqlite.journal import SqliteJournal

from .calls import Actor, Chances, Delays
from .lives import label_tasks
from .loop import START, VirtualLoop
from .parts import Disk
from .site import Site
from .tasks import Process


@dataclass(slots=True)
class Row:
    """One item, as the journal has it."""

    id: int
    batch: int
    domain: str
    fingerprint: str
    state: ItemState
    attempt: int
    n_lost: int
    reason: str | None


class Stage:
    """Loop, sites, home and journal; nothing runs yet."""

    story: ClassVar[list[str] | None] = None
    """What happens is told here, where somebody wants to read it."""

    open: ClassVar[set[Stage]] = set()
    """Those that have not ended: `end_all` ends them."""

    def __init__(
        self,
        seed: int,
        sites: list[Site],
        *,
        chances: Chances | None = None,
        max_workers: int = 3,
        rates: dict[str, tuple[float, float]] | None = None,
        tick_s: float = 600.0,
        cpu_s_per_page: float | None = None,
    ) -> None:
        self.loop = VirtualLoop()
        label_tasks(self.loop)
        self.rng = random.Random(seed)
        self.chances = chances or Chances()
        self.delays = Delays(self.chances, self.rng)
        self.sites = {site.name: site for site in sites}
        self.rates = rates or {}
        """What each batch asks for where it is not given a rate."""
        self.path = Path(tempfile.mkdtemp(prefix="world-"))
        self.home = Home(self.path).create()
        self.terms = ScrapeConfig(str(self.path), self.home.id, "tlray/simulated", identity=self.home.id)
        self.settings = CoordinatorSettings(
            str(self.path), "", self.terms, max_workers=max_workers, limiter_actors=1, bounds=Bounds(), tick_s=tick_s,
            idle_look_s=60.0, resumes_all=True,
        )  # fmt: skip
        self.cpu_share = 0.0 if cpu_s_per_page is None else 0.5
        self.cpu_s_per_page = cpu_s_per_page
        self.disk = Disk(publishes_late=bool(seed % 2))
        self.processes: dict[str, Process] = {}
        self.lost_nodes: set[str] = set()
        self.most_tasks = 0
        self.limiter: Actor[Limiter] = Actor(self.loop, self.delays)
        self.coordinator: Actor[Coordinator] = Actor(self.loop, self.delays)
        self.limiter_up_at = self.loop.now
        self.stopped_at: dict[str, float] = {}
        """Batch → since when its user knows that nothing of it begins."""
        self.stop_began: dict[str, float] = {}
        """Batch → since when the coordinator has it stopped."""
        self.rough_since: dict[str, tuple[float, float]] = {}
        """Domain → since when its limiter may be told of its rate, and that rate."""
        self.has_bug = False
        """True while code of the coordinator's own fails."""
        self.begun_at: dict[int, float] = {}
        """Item → when it was fetched first."""
        self.failures: list[BaseException] = []
        self.sizes: dict[str, int] = {}
        self.may_halt = False
        """True if the disk was made to fail: then a coordinator may halt."""
        self.n_tasks_waiting_s = 0.0
        self._ids = itertools.count(1)
        self._journal: SqliteJournal | None = None
        self._doing: set[asyncio.Task[Any]] = set()
        self.open.add(self)

    @classmethod
    def end_all(cls) -> None:
        """End all worlds."""
        for world in list(cls.open):
            world.end()

    def end(self) -> None:
        """Drop everything."""
        self.open.discard(self)
        if not self.loop.is_closed():
            self.loop.end()
            if self._journal is not None:
                self._journal.close()
            shutil.rmtree(self.path, ignore_errors=True)

    def tell(self, what: str) -> None:
        """Tell what happens."""
        if (story := type(self).story) is not None:
            story.append(f"{self.loop.now - START:9.3f}  {what}")

    # -- what can be seen --------------------------------------------------------------------------

    @property
    def engine_now(self) -> Engine | None:
        """The engine of the living coordinator; None while there is none."""
        instance = self.coordinator.instance
        return None if instance is None else instance._state.engine

    @property
    def engine(self) -> Engine:
        """The engine of the living coordinator."""
        engine = self.engine_now
        assert engine is not None
        return engine

    def gate(self, domain: str) -> Gate | None:
        """Return a domain's gate in the limiter."""
        return None if self.limiter.instance is None else self.limiter.instance._gates.get(domain)

    def query(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """Ask the journal."""
        assert self._journal is not None
        found: list[tuple[Any, ...]] = self._journal._db.execute(sql, args).fetchall()
        return found

    def item_state(self, item_id: int) -> ItemState:
        """Return an item's state in the journal."""
        return ItemState(self.query("SELECT state FROM items WHERE id = ?", item_id)[0][0])

    def rows(self, batch: int | None = None) -> list[Row]:
        """Return the items of a batch, or of all, in the order of the list."""
        found = self.query(
            "SELECT i.id, i.batch, d.name, i.fingerprint, i.state, i.attempt, i.n_lost, i.reason FROM items i"
            " JOIN domains d ON d.id = i.domain WHERE i.batch = coalesce(?, i.batch) ORDER BY i.id",
            batch,
        )
        return [Row(*r[:4], ItemState(r[4]), *r[5:]) for r in found]

    def counts(self, batch: int) -> dict[ItemState, int]:
        """Return a batch's items by state, in the journal."""
        found = self.query("SELECT state, count(*) FROM items WHERE batch = ? GROUP BY 1", batch)
        return {ItemState(state): n for state, n in found}

    def states(self) -> dict[str, BatchState]:
        """Return each batch's state in the journal."""
        return {r[0]: BatchState(r[1]) for r in self.query("SELECT batch_id, state FROM batches ORDER BY id")}
