"""The coordinator: one actor that tracks every batch of a home.

The engine (`tlray.core.scheduling.engine`) decides, the journal remembers; this actor reads the clock, asks the one, writes the
other and talks to Ray. Its parts: `batches` for whoever submits and watches, `leasing` for the scrape tasks, `limiter_pool` for
the rates.

When it dies Ray starts it again (``max_restarts=-1``), and its tasks are gone with it, because Ray ends what a dead owner
owns. ``__init__`` ends every older lease in the journal, and `run` goes on by itself with the batches that were under way:
publishes what the manifest names, sweeps what it does not, and leases again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from tlray.cluster.coordinator.admission import Admission
from tlray.cluster.coordinator.batches import Batches
from tlray.cluster.coordinator.handshake import Hello
from tlray.cluster.coordinator.leasing import Leasing
from tlray.cluster.coordinator.limiter_pool import LimiterPool
from tlray.cluster.coordinator.progress_feed import ProgressFeed
from tlray.cluster.coordinator.scheduler import Scheduler
from tlray.cluster.coordinator.shutdown import EndMode, Shutdown
from tlray.cluster.coordinator.state import CoordinatorSettings, CoordinatorState
from tlray.cluster.coordinator.submission import Submissions
from tlray.cluster.handlers.access import TokenHandlers
from tlray.cluster.handlers.control import ControlHandlers
from tlray.cluster.handlers.domains import DomainHandlers
from tlray.cluster.handlers.events import EventHandlers
from tlray.cluster.handlers.handlers import Parts
from tlray.cluster.handlers.listing import ListingHandlers
from tlray.cluster.handlers.outbox import OutboxHandlers
from tlray.cluster.handlers.schedules import ScheduleHandlers
from tlray.cluster.handlers.stats import StatsHandlers
from tlray.cluster.handlers.templates import TemplateHandlers
from tlray.cluster.handlers.uploads import UploadHandlers
from tlray.cluster.handlers.watch import WatchHandlers
from tlray.cluster.ports.coordinator import CoordinatorPorts
from tlray.core.model.durations import LONGEST_S
from tlray.core.model.item import FrontierItem
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Answer, Report
from tlray.errors import JournalLost, StorageUnavailable, TlrayError
from tlray.io.disk.home import Home
from tlray.io.journal.writer import Journal

logger = logging.getLogger(__name__)
MAX_SLEEP_S = 1.0
"""The loop looks around at least so often, while there are tasks or somebody watches."""
SHOW_EVERY_S = 2.0
"""How often metrics are shown: Ray exports every 10 s, and forgets a gauge that was not set for 20 s."""
LANES_AT_ONCE = 32
"""Lanes that are loaded from the journal in one go."""
SETTLE_S = 10.0
LOOK_AGAIN_S = 10.0
"""How often a storage or a journal is tried that was lost."""


class Coordinator(
    UploadHandlers,
    ControlHandlers,
    WatchHandlers,
    ListingHandlers,
    DomainHandlers,
    TokenHandlers,
    TemplateHandlers,
    ScheduleHandlers,
    OutboxHandlers,
    EventHandlers,
    StatsHandlers,
):
    """One home's coordinator; see the module's docstring for what a restart does.

    `tlray.cluster.driver.coordinator_actor` makes it an actor; `tlray.cluster.driver.remote` is the typed way to call one.
    """

    def __init__(
        self,
        settings: CoordinatorSettings,
        home: Home,
        journal: Journal,
        ports: CoordinatorPorts,
        *,
        is_restart: bool,
    ) -> None:
        incarnation = journal.begin_incarnation(is_restart=is_restart)
        engine = Engine(
            lease_s=settings.lease_s,
            max_rest_s=settings.max_rest_s,
            limiter_of=lambda domain: self._limiters.number(domain),  # noqa: PLW0108 - made below
        )
        journal.normalise_domains(until=ports.clock.wall() + LONGEST_S)
        engine.registry.overrides.update(journal.overrides())
        state = CoordinatorState(home, settings, engine, journal, incarnation, ports)
        limiters, admission = LimiterPool(state), Admission(state)
        batches = Batches(state, limiters, admission)
        submissions = Submissions(state, admission, batches)
        scheduler = Scheduler(state, batches, submissions, ports.reader)
        leasing = Leasing(state, limiters, on_empty=batches.finish_soon)
        super().__init__(Parts(state, batches, submissions, limiters, leasing, scheduler))
        self._shutdown = Shutdown(
            state,
            leasing,
            limiters,
            scheduler,
            n_drivers=self._n_drivers,
            is_receiving=lambda: admission.is_receiving,
            close=self._close,
        )
        self._feed: ProgressFeed | None = None
        if ports.progress is not None:
            self._feed = ProgressFeed(
                state, ports.progress,
                status=batches.status, workers=self._workers, is_watched=self._kept.__contains__,
            )  # fmt: skip
            state.on_change = self._feed.changed
        self._closing: asyncio.Task[None] | None = None
        self._showing: asyncio.Task[None] | None = None
        self._looked_again = ports.clock.monotonic()

    # -- the loop ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Go on for as long as the actor lives; it calls this itself."""
        if self._feed is not None:
            self._feed.start()
        self._showing = asyncio.create_task(self._show_metrics())
        await self._guarded(self._open_batches)
        self._scheduler.start()
        while not self._state.is_stopping:
            await self._guarded(self._step)
            await self._sleep()

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a part of the loop. What it does not expect halts the coordinator: whoever watches would wait for ever."""
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - `fail` tells them apart, and logs
            self._state.fail(error, "the loop")

    async def _open_batches(self) -> None:
        """Open the batches that were under way when an earlier life ended."""
        state = self._state
        for batch_id, is_dormant in await state.write(state.journal.open_batches):
            if not is_dormant or state.settings.resumes_all:
                await self._go_on(batch_id)

    async def _go_on(self, batch_id: str) -> None:
        """Open a batch of an earlier life. One that cannot be opened, because a file of it is lost, stops no other."""
        try:
            async with self._state.one_at_a_time(batch_id):
                await self._batches.open(batch_id)
        except TlrayError:
            logger.exception("batch cannot go on batch=%s", batch_id)

    async def _step(self) -> None:
        """Do what is due: what only time moves, loading, lost leases, new tasks."""
        state = self._state
        now = self._state.now()
        self._shutdown.step(now)
        self._look_again(now)
        state.engine.tick(now)
        self._limiters.forget_domains(state.engine.forget_idle(now))
        await self._load()
        await self._leasing.give_up_waiting()
        await self._limiters.update(
            state.engine.registry.changed(now=now, is_current=self._limiters.is_current)
        )
        await self._leasing.end_expired()
        await self._leasing.end_stuck()
        self._leasing.follow_demand()
        self._refresh_watchers(now)

    async def _show_metrics(self) -> None:
        """Show metrics, beside the loop: a journal or a storage that hangs holds that up, and is when figures are looked at."""
        while not self._state.is_stopping:
            await self._guarded(self._show)
            await asyncio.sleep(SHOW_EVERY_S)

    async def _show(self) -> None:
        state = self._state
        state.ports.meters.show(
            state.engine, n_working=self._leasing.n_working, n_waiting=self._leasing.n_waiting,
            is_halted=state.trouble is not None, incarnation=state.incarnation, now=state.now(), wall=state.wall(),
        )  # fmt: skip

    def _look_again(self, now: float) -> None:
        """End this life when the storage or the journal that stopped it is back: Ray starts the next one, which goes on."""

        async def go_on() -> None:
            is_back = (
                self._journal_answers
                if isinstance(trouble, JournalLost)
                else self._state.ports.parts.is_usable
            )
            if await is_back():
                self._state.ports.die()

        trouble = self._state.trouble
        is_stopped = isinstance(trouble, (JournalLost, StorageUnavailable)) and not self._shutdown.has_begun
        if is_stopped and now - self._looked_again >= LOOK_AGAIN_S:
            self._looked_again = now
            self._state.background(go_on())

    async def _journal_answers(self) -> bool:
        try:
            await self._reader.ask(lambda journal: journal.count_batches())
        except TlrayError:
            return False
        return True

    async def _load(self) -> None:
        """Load what the frontier wants, some lanes at a time: many may want it, and everybody else's work goes on between."""
        state = self._state
        lanes, n = state.engine.frontier.wanting(LANES_AT_ONCE), state.engine.frontier.window
        if not lanes:
            return
        state.wake.set()  # there may be more

        def load() -> list[list[FrontierItem]]:
            read = state.journal.load_lane
            return [read(lane.batch, lane.domain, after_id=lane.cursor, limit=n) for lane in lanes]

        for lane, items in zip(lanes, await state.write(load), strict=True):
            last_id = items[-1].id if items else lane.cursor
            state.engine.loaded(lane, items, last_id=last_id, is_last=len(items) < n)

    async def _sleep(self) -> None:
        engine = self._state.engine
        moments = (engine.next_event(), engine.registry.next_at, self._shutdown.looks_at)
        next_at = min((moment for moment in moments if moment is not None), default=None)
        is_busy = self._leasing.n_tasks > 0 or self._state.is_watched
        longest_s = MAX_SLEEP_S if is_busy else self._state.settings.idle_look_s
        left_s = longest_s if next_at is None else next_at - self._state.now()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(longest_s, max(0.01, left_s))):
                await self._state.wake.wait()
        self._state.wake.clear()

    async def stop(self) -> None:
        """End in order: wait for what runs, close the journal."""
        await self._close(SETTLE_S)

    async def _close(self, settle_s: float) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close_once(settle_s))
        await asyncio.shield(self._closing)

    async def _close_once(self, settle_s: float) -> None:
        self._state.is_stopping = True
        self._state.wake.set()
        await self._scheduler.stop()
        if self._showing is not None:
            self._showing.cancel()
        await self._state.settle(settle_s)
        if self._feed is not None:
            await self._feed.close()
        leases = self._state.engine.leases.values()
        try:
            is_lost = isinstance(self._state.trouble, JournalLost)
            if not is_lost and not any(lease.items or lease.robots for lease in leases):
                with contextlib.suppress(JournalLost):  # for the next life it is then an end like any kill
                    await self._state.write(self._state.journal.end_incarnation)
        finally:
            self._state.close()

    # -- what tasks say ----------------------------------------------------------------------------

    async def report(self, report: Report) -> Answer:
        """Take in what a task has done, and give it more."""
        return await self._leasing.report(report)

    async def register(self, names: list[str]) -> None:
        """Tell a limiter that was restarted what it has forgotten."""
        await self._guarded(lambda: self._limiters.remind(set(names)))

    # -- what users say ----------------------------------------------------------------------------

    async def hello(self) -> Hello:
        """Return the version, what is going on, and whether the coordinator stays (`tlray.cluster.coordinator.handshake`)."""
        self._shutdown.touch()
        return self._shutdown.hello()

    async def end(self, how: str) -> bool:
        """Begin to end (`tlray.cluster.coordinator.shutdown.EndMode`); return whether it does."""
        return await self._shutdown.begin(EndMode(how))

    async def ready(self) -> int:
        """Return this life's number, once the actor is there."""
        return self._state.incarnation

    def _require_open(self) -> None:
        """Die, if nothing can go on: Ray starts a new life, which reads the journal and takes this very call again.

        `CoordinatorEnding` where the coordinator is on its way out, `JournalLost` until the journal is back.
        """
        self._shutdown.require_open()
        if isinstance(self._state.trouble, JournalLost):
            raise self._state.trouble
        if self._state.trouble is not None:
            self._state.ports.die()
