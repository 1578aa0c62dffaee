"""The simulated whole: one home, one coordinator at a time, limiters, scrape tasks, and sites."""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tlray.cluster.coordinator import Coordinator
from tlray.cluster.limiter import Limiter
from tlray.cluster.ports import CoordinatorPorts
from tlray.cluster.state import CoordinatorSettings
from tlray.cluster.terms import ScrapeTerms
from tlray.core.backlog import Bounds
from tlray.core.books import BatchBook
from tlray.core.engine import Engine
from tlray.core.frontier import Priority
from tlray.core.gate import Gate
from tlray.core.lease import LeasedItem
from tlray.core.lifecycle import BatchEvent, BatchState, ItemState
from tlray.core.pacing import Errand
from tlray.core.policy import Manners
from tlray.core.retry_policy import RetryPolicy
from tlray.errors import Conflict, StorageFull
from tlray.io.home import Home
from tlray.io.intake import read_chunks
from tlray.io.journal_rows import BatchOptions
from tlray.io.journal_sqlite import SqliteJournal

from .calls import Actor, Chances, Delays
from .journal import SimulatedReader, SimulatedWriter, hold_promises
from .lives import Life, label_tasks
from .loop import START, VirtualLoop
from .parts import Disk, SimulatedParts
from .promises import check_begin, check_gates, check_rate, late_s, note_ceilings, note_stops
from .site import Site
from .tasks import Process, SimulatedTasks, note_of

RESTART_S = (0.8, 2.0)
"""How long Ray takes to bring an actor back."""
CHECKED = 400
"""So many open items are looked at after every step; in a larger world steps are passed over, in proportion."""
TASK_STARTS_S = 0.15
MAX_STEPS = 2_000_000
RUN_S = 40 * 86_400.0


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


class _Meters:
    def __init__(self, world: World) -> None:
        self._world = world

    def count(self, verdict: Any) -> None:
        if self._world.has_bug:
            raise KeyError("a bug in the coordinator's own code")

    def show(self, engine: Any, *, n_tasks: int, now: float) -> None: ...


class World:
    """The whole, in virtual time. ``with World(seed, sites) as world``."""

    story: ClassVar[list[str] | None] = None
    """What happens is told here, where somebody wants to read it."""

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
        self.terms = ScrapeTerms(str(self.path), self.home.id, "tlray/simulated")
        self.settings = CoordinatorSettings(
            str(self.path), "", self.terms, max_workers=max_workers, limiter_actors=1, bounds=Bounds(), tick_s=tick_s,
        )  # fmt: skip
        self.cpu_share = 0.0 if cpu_s_per_page is None else 0.5
        self.cpu_s_per_page = cpu_s_per_page
        self.disk = Disk()
        self.processes: dict[str, Process] = {}
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
        self.books: dict[int, BatchBook] = {}
        self.sizes: dict[str, int] = {}
        self.finished: Counter[int] = Counter()
        self.may_halt = False
        """True if the disk was made to fail: then a coordinator may halt."""
        self.n_tasks_waiting_s = 0.0
        self.n_steps, self.max_steps = 0, MAX_STEPS
        self._ids = itertools.count(1)
        self._n_unchecked = 0
        self._seen: object = None
        self._journal: SqliteJournal | None = None
        self._doing: set[asyncio.Task[Any]] = set()
        self._start_limiter()
        self._start_coordinator(is_restart=False)

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Drop everything."""
        if not self.loop.is_closed():
            self.loop.end()
            if self._journal is not None:
                self._journal.close()
            shutil.rmtree(self.path, ignore_errors=True)

    # -- processes ---------------------------------------------------------------------------------

    def _start_limiter(self) -> None:
        life = Life(self.loop, "limiter")
        self.tell("the limiter is up")
        self.limiter.is_up(life, Limiter(self.loop))
        self.limiter_up_at = self.loop.now

    def _start_coordinator(self, *, is_restart: bool) -> None:
        life = Life(self.loop, "coordinator")
        self.tell("the coordinator is up")
        if self._journal is not None:
            self._journal.close()
        journal = self._journal = SqliteJournal(self.home.journal)
        hold_promises(journal)
        self.writer = SimulatedWriter(life, self.delays)
        ports = CoordinatorPorts(
            clock=self.loop,
            rng=self.rng,
            writer=self.writer,
            reader=SimulatedReader(life, self.delays, journal),
            tasks=SimulatedTasks(self, life),
            limiter=lambda _: _LimiterClient(self, life),
            parts=SimulatedParts(life, self.delays, self.disk, lambda lease_id: note_of(self, lease_id)),
            meters=_Meters(self),
            die=self.kill_coordinator,
        )
        instance = Coordinator(self.settings, self.home, journal, ports, is_restart=is_restart)
        if self.cpu_s_per_page is not None:
            instance._leasing._workforce.cpu_s_per_page = self.cpu_s_per_page
        self.coordinator.is_up(life, instance)
        life.spawn(instance.run())

    def start_task(self, owner: Life, lease_id: str) -> Process:
        """Start a scrape task's process."""
        waits_s = self.n_tasks_waiting_s * self.rng.random() + TASK_STARTS_S * self.rng.random()
        process = self.processes[lease_id] = Process(self, owner, lease_id, waits_s=waits_s)
        self.most_tasks = max(self.most_tasks, len(self.tasks))
        return process

    @property
    def tasks(self) -> dict[str, Process]:
        """Scrape tasks whose process lives."""
        return {lease_id: p for lease_id, p in self.processes.items() if not p.is_over}

    def kill_task(self, lease_id: str, *, heard_s: float | None = 0.3) -> None:
        """Kill a scrape task's worker."""
        if lease_id in self.processes:
            self.processes[lease_id].die(heard_s=heard_s)

    def hang(self, process: Process) -> None:
        """Let a task hang: only the end of its lease tells."""
        process.die(heard_s=None)

    def kill_limiter(self) -> None:
        """Kill the limiter; Ray brings it back."""
        if self.limiter.life is not None:
            self.limiter.kill()
            back_s = self.rng.uniform(*RESTART_S)
            self.limiter_up_at = self.loop.now + back_s
            self.loop.call_later(back_s, self._start_limiter)

    restart_limiter = kill_limiter

    def kill_coordinator(self) -> None:
        """Kill the coordinator, and with it, soon, its tasks; Ray brings it back."""
        if self.coordinator.life is not None:
            owner = self.coordinator.life
            self.coordinator.kill()
            self.may_halt = self.has_bug = False
            for process in self.tasks.values():
                if process.owner is owner:
                    self.loop.call_later(0.5 * self.rng.random(), self.kill_task, process.lease_id)
            back_s = self.rng.uniform(*RESTART_S)
            self.loop.call_later(back_s, lambda: self._start_coordinator(is_restart=True))

    def fill_disk(self) -> None:
        """Let the journal's next action find the disk full."""
        if self.coordinator.life is not None:
            self.writer.fails_next, self.may_halt = True, True

    def break_code(self) -> None:
        """Let code of the coordinator's own fail from now on, until its next life."""
        self.has_bug = self.may_halt = True

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

    def tell(self, what: str) -> None:
        """Tell what happens."""
        if World.story is not None:
            World.story.append(f"{self.loop.now - START:9.3f}  {what}")

    # -- what users do -----------------------------------------------------------------------------

    def ask(self, question: Callable[[Coordinator], Awaitable[Any]]) -> asyncio.Task[Any]:
        """Make a user's call to the coordinator; it goes on while the loop runs."""
        task = self.loop.create_task(self._asked(question))
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
        return task

    async def _asked(self, question: Callable[[Coordinator], Awaitable[Any]]) -> Any:
        try:
            return await self.coordinator.call(question, caller=None)
        except (Conflict, StorageFull) as error:
            return error
        except Exception as error:  # noqa: BLE001 - a call that fails so is a fault
            self.failures.append(error)
            return error

    def until(self, done: Callable[[], bool], *, within_s: float = RUN_S) -> float:
        """Let time go on until something holds; return when that is."""
        end = self.loop.now + within_s
        while not done():
            assert self.loop.now < end, f"still not after {within_s} s: {self.engine_now!r}"
            self.step()
        return self.loop.now

    def step(self) -> None:
        """Let the next thing happen, and check what must hold."""
        self.n_steps += 1
        assert self.n_steps < self.max_steps, f"goes on for ever: {self.engine_now!r}"
        self.loop.step()
        self.check()

    def pages(self, domain: str, n: int) -> list[str]:
        """Return URLs of pages that no batch has had."""
        return [f"http://{domain}/{next(self._ids)}" for _ in range(n)]

    def submit(
        self,
        urls: dict[str, int],
        *,
        priority: Priority = Priority.NORMAL,
        rate: float | None = None,
        **retry: Any,
    ) -> BatchBook:
        """Submit a batch of new pages, ``urls`` is domain → how many; return its book in the engine."""
        lines = [line for domain, n in urls.items() for line in self.pages(domain, n)]
        before = set(self.states())
        task = self.submit_lines(lines, priority=priority, rate=rate, **retry)
        self.until(task.done, within_s=120)
        (batch_id,) = set(self.states()) - before
        return self.book(batch_id)

    def book(self, batch_id: str) -> BatchBook:
        """Return a batch's book in the living engine."""
        return next(book for book in self.engine.books.values() if book.batch_id == batch_id)

    def submit_lines(
        self,
        lines: list[str],
        *,
        priority: Priority = Priority.NORMAL,
        rate: float | None = None,
        fresh_for_s: float = 0.0,
        not_before_s: float | None = None,
        **retry: Any,
    ) -> asyncio.Task[Any]:
        """Submit a list, as the service does."""
        batch_id = f"b{len(self.sizes) + 1}"
        self.sizes[batch_id] = len(lines)
        manners = Manners(rates=dict.fromkeys(self.sites, (rate, 1.0)) if rate else self.rates)
        not_before = None if not_before_s is None else self.loop.wall() + not_before_s
        options = BatchOptions(
            manners, RetryPolicy(**retry), keeps_pages=False, fresh_for_s=fresh_for_s, not_before=not_before
        )

        async def submit(coordinator: Coordinator) -> Any:
            (chunk,) = read_chunks(lines)
            return await coordinator.desk(
                "submit", batch_id=batch_id, name="", priority=int(priority), options=options, owner="", chunk=chunk,
                key=batch_id, digest="",
            )  # fmt: skip

        return self.ask(submit)

    def control(self, book: BatchBook | str, event: BatchEvent) -> asyncio.Task[Any]:
        """Pause, resume or cancel a batch, as the service does; a conflict is the task's result."""
        batch_id = book if isinstance(book, str) else book.batch_id
        if event is BatchEvent.RESUME:
            self.stopped_at.pop(batch_id, None)
        task = self.ask(lambda c: c.desk("control", batch_id=batch_id, action=event.value))
        task.add_done_callback(lambda done: self._controlled(batch_id, event, done))
        return task

    def _controlled(self, batch_id: str, event: BatchEvent, done: asyncio.Task[Any]) -> None:
        if not done.cancelled():
            found = done.result()
            self.tell(f"{event} of {batch_id}: {found if isinstance(found, Exception) else found['state']}")
        if done.cancelled() or isinstance(done.result(), Exception):
            return
        if event is BatchEvent.RESUME and done.result()["state"] == "cancelling":
            self.failures.append(
                AssertionError(f"resume of {batch_id}, which is being cancelled, is no conflict")
            )
        if event is not BatchEvent.RESUME and done.result()["state"] in ("paused", "cancelling"):
            self.stopped_at.setdefault(batch_id, self.loop.now)

    def set_domain(self, name: str, changes: dict[str, object]) -> asyncio.Task[Any]:
        """Set something for a domain by hand, as an admin does."""
        return self.ask(lambda c: c.desk("set_domain", name=name, changes=changes))

    def retry(self, book: BatchBook | str) -> asyncio.Task[Any]:
        """Retry all dead letters of a batch."""
        batch_id = book if isinstance(book, str) else book.batch_id
        return self.ask(lambda c: c.desk("retry", batch_id=batch_id, item_ids=None, reason=None))

    # -- what happens at sites ---------------------------------------------------------------------

    def begun(self, errand: Errand, site: Site, lease_id: str) -> None:
        """Note that a request goes on the wire, and see that it may."""
        note_ceilings(self)
        note_stops(self)
        self.tell(f"{errand.batch_id if isinstance(errand, LeasedItem) else 'robots'} fetches {errand.url}")
        check_begin(self, errand, site, self.processes[lease_id].heard_stops)
        if isinstance(errand, LeasedItem):
            self.begun_at.setdefault(errand.item_id, self.loop.now)

    # -- what must hold ----------------------------------------------------------------------------

    def check(self) -> None:
        """Check what must hold after every step in which something moved."""
        if self.failures:
            raise self.failures[0]
        instance = self.coordinator.instance
        if instance is None:
            return
        engine, state = instance._state.engine, instance._state
        assert state.trouble is None or self.may_halt, f"halted: {state.trouble}"
        if state.trouble is not None:
            return  # it does nothing any more; the next life is checked
        seen = (
            id(engine),
            sum(book.version for book in engine.books.values()),
            len(engine.leases),
            len(engine.books),
        )
        if seen == self._seen:
            return
        self._seen = seen
        note_ceilings(self)
        note_stops(self)
        check_gates(self)
        self._n_unchecked += CHECKED
        if self._n_unchecked < sum(book.n_open for book in engine.books.values()):
            return
        self._n_unchecked = 0
        engine.check_invariants()
        for book in engine.books.values():
            assert book.total == self.sizes[book.batch_id], f"{book.total} items of {book.batch_id}"

    def run(self, *, until_s: float = RUN_S, at_least_until: float = 0.0) -> None:
        """Let time go on until all batches are finished; stuck ones raise."""
        end = self.loop.now + until_s
        while self.loop.now < at_least_until or self._doing or not self._is_finished():
            assert self.loop.now < end, f"stuck: {self.engine_now!r} {self.states()}"
            self.step()
        self.check_end()

    def _is_finished(self) -> bool:
        engine = self.engine_now
        if engine is None or engine.books:
            return False
        return all(state.is_final for state in self.states().values())

    def check_end(self) -> None:
        """See that everything is accounted for, and that every site was treated as promised."""
        for row in self.query("SELECT id, batch_id, state FROM batches"):
            counts = self.counts(row[0])
            blamed = self.query(
                "SELECT id, reason FROM items WHERE batch = ? AND reason LIKE '%task failed%'", row[0]
            )
            assert not blamed, f"charged for what the coordinator did: {blamed[:3]}"
            assert all(state.is_final for state in counts), (row, counts)
            assert sum(counts.values()) == self.sizes[row[1]], (row, counts)
            assert len(self.disk.visible(row[1])) == counts.get(ItemState.SUCCEEDED, 0), (row, counts)
        for site in self.sites.values():
            if site.ceilings:
                check_rate(self, site)


class _LimiterClient:
    """The port `LimiterClient` of one life of the coordinator."""

    def __init__(self, world: World, life: Life) -> None:
        self._world, self._life = world, life

    async def register(self, domains: Any, stops: Any) -> None:
        for name, policy, is_empty, rest_s, *_ in domains:
            self._world.tell(
                f"to the limiter: {name} {policy.rate:g}/s, {policy.concurrency} at once, empty={is_empty}, rests {rest_s:g} s"
            )
        await self._world.limiter.call(lambda limiter: limiter.register(domains, stops), caller=self._life)

    async def stop_batches(self, stops: Any) -> None:
        await self._world.limiter.call(lambda limiter: limiter.stop_batches(stops), caller=self._life)

    async def forget(self, holder: str) -> None:
        await self._world.limiter.call(lambda limiter: limiter.forget(holder), caller=self._life)

    async def forget_domains(self, names: Any) -> None:
        self._world.tell(f"the limiter is to forget {names}")
        await self._world.limiter.call(lambda limiter: limiter.forget_domains(names), caller=self._life)


__all__ = ["Chances", "World", "late_s"]
