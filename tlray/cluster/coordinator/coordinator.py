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
from typing import Any

from tlray.cluster.coordinator.admission import Admission
from tlray.cluster.coordinator.batches import Batches
from tlray.cluster.coordinator.handshake import Hello
from tlray.cluster.coordinator.leasing import Leasing
from tlray.cluster.coordinator.limiter_pool import Limiters
from tlray.cluster.coordinator.shutdown import Ending, How
from tlray.cluster.coordinator.state import CoordinatorSettings, CoordinatorState
from tlray.cluster.coordinator.submission import Receiving, new_batch
from tlray.cluster.handlers.dispatch import Desk
from tlray.cluster.handlers.watch import Watching
from tlray.cluster.ports.coordinator import CoordinatorPorts
from tlray.core.model.durations import LONGEST_S
from tlray.core.model.item import FrontierItem
from tlray.core.model.progress import BatchStatus, ProgressMessage, Retried, Snapshot, Workers
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.frontier import WINDOW
from tlray.core.scheduling.lease import Answer, Report
from tlray.errors import TlrayError
from tlray.io.disk.home import Home
from tlray.io.journal.rows import BatchOptions, Entry, RefusedLine
from tlray.io.journal.writer import Journal

logger = logging.getLogger(__name__)
MAX_SLEEP_S = 1.0
"""The loop looks around at least so often, while there are tasks or somebody watches."""
LANES_AT_ONCE = 32
"""Lanes that are loaded from the journal in one go."""
SETTLE_S = 10.0
SESSION_S = 5.0
"""A driver that has not asked for news for so long is gone."""


class Coordinator:
    """One home's coordinator; see the module's docstring for what a restart does. `coordinator_actor` makes it an actor."""

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
        engine.treatment.by_hand.update(journal.overrides())
        self._state = CoordinatorState(home, settings, engine, journal, incarnation, is_restart, ports)
        self._limiters = Limiters(self._state)
        admission = Admission(self._state)
        self._batches = Batches(self._state, self._limiters, admission)
        self._receiving = Receiving(self._state, admission, self._batches)
        self._desk = Desk(self._state, self._batches, self._receiving, self._limiters)
        self._watching = Watching(self._state, self._batches)
        self._leasing = Leasing(self._state, self._limiters, on_empty=self._batches.finish_soon)
        self._sessions: dict[str, float] = {}
        self._ending = Ending(
            self._state,
            self._leasing,
            self._limiters,
            self._desk.clockwork,
            n_drivers=self._n_sessions,
            is_receiving=lambda: admission.is_receiving,
            close=self._close,
        )
        self._changing: set[asyncio.Task[Any]] = set()
        self._closing: asyncio.Task[None] | None = None

    # -- the loop ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Go on for as long as the actor lives; it calls this itself."""
        await self._guarded(self._open_batches)
        self._desk.clockwork.start()
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
        self._ending.step(now)
        state.engine.tick(now)
        self._limiters.forget_domains(state.engine.forget_idle(now))
        await self._load()
        await self._leasing.give_up_waiting()
        await self._limiters.update(
            state.engine.treatment.changed(now=now, is_current=self._limiters.is_current)
        )
        await self._leasing.end_expired()
        await self._leasing.end_stuck()
        self._leasing.follow_demand()
        self._watching.refresh(now)
        state.ports.meters.show(state.engine, n_tasks=self._leasing.n_tasks, now=now)

    async def _load(self) -> None:
        """Load what the frontier wants, some lanes at a time: many may want it, and everybody else's work goes on between."""
        state = self._state
        lanes = state.engine.frontier.wanting(LANES_AT_ONCE)
        if not lanes:
            return
        state.wake.set()  # there may be more

        def load() -> list[list[FrontierItem]]:
            read = state.journal.load_lane
            return [read(lane.batch, lane.domain, after_id=lane.cursor, limit=WINDOW) for lane in lanes]

        for lane, items in zip(lanes, await state.write(load), strict=True):
            last_id = items[-1].id if items else lane.cursor
            state.engine.loaded(lane, items, last_id=last_id, is_last=len(items) < WINDOW)

    async def _sleep(self) -> None:
        engine = self._state.engine
        moments = (engine.next_event(), engine.treatment.next_at, self._ending.looks_at)
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
        await self._desk.clockwork.stop()
        await self._state.settle(settle_s)
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
        self._ending.touch()
        return self._ending.hello()

    async def end(self, how: str) -> bool:
        """Begin to end (`tlray.cluster.coordinator.shutdown.How`); return whether it does."""
        return await self._ending.begin(How(how))

    async def ready(self) -> int:
        """Return this life's number, once the actor is there."""
        return self._state.incarnation

    async def create_batch(
        self,
        batch_id: str,
        *,
        name: str,
        priority: int,
        options: BatchOptions,
        request_key: str,
        owner: str = "",
    ) -> str:
        """Open a batch for its list."""
        self._begin_anew_after_trouble()
        return await self._receiving.create(
            new_batch(
                batch_id,
                name=name,
                priority=priority,
                options=options,
                request_key=request_key,
                owner=owner,
                created_at=self._state.wall(),
            )
        )

    async def append(
        self, batch_id: str, entries: list[Entry], refused: list[RefusedLine]
    ) -> list[RefusedLine]:
        """Add lines to a batch that is being received; return the duplicates among them."""
        self._ending.require_open()
        return await self._receiving.append(batch_id, entries, refused)

    async def commit_batch(self, batch_id: str) -> Snapshot:
        """Make a received batch real and start it."""
        self._ending.require_open()
        return await self._receiving.commit(batch_id)

    async def abandon_batch(self, batch_id: str) -> None:
        """Forget a batch that was never committed."""
        await self._receiving.abandon(batch_id)

    async def status(self, batch_id: str) -> BatchStatus:
        """Return a batch's snapshot."""
        return {**await self._batches.status(batch_id), **self._workers()}

    async def watch(
        self,
        batch_id: str,
        since: int | None,
        timeout_s: float,
        session: str = "",
        *,
        with_items: bool = False,
    ) -> BatchStatus | ProgressMessage:
        """Return the snapshot as soon as its version is above ``since``, or after ``timeout_s``."""
        self._sessions[session] = self._state.now()
        if with_items:
            return {**await self._watching.with_items(batch_id, since, timeout_s), **self._workers()}
        return {**await self._watching.watch(batch_id, since, timeout_s), **self._workers()}

    def _workers(self) -> Workers:
        """Tasks that work, and those that wait for a CPU."""
        return {"workers": self._leasing.n_working, "workers_waiting": self._leasing.n_waiting}

    async def stay(self, session: str) -> None:
        """Note that somebody needs this Ray, though they watch no batch just now."""
        self._sessions[session] = self._state.now()

    async def other_sessions(self, session: str) -> int:
        """Return how many other drivers were watching within the last seconds."""
        return self._n_sessions(but=session)

    def _n_sessions(self, but: str | None = None) -> int:
        since = self._state.now() - SESSION_S
        return sum(1 for other, at in self._sessions.items() if other != but and at >= since)

    async def pause(self, batch_id: str) -> Snapshot:
        """Begin nothing more of a batch; what is in flight ends."""
        return await self._batches.pause(batch_id)

    async def resume(
        self, batch_id: str, *, contact: str | None = None, max_workers: int | None = None
    ) -> Snapshot:
        """Go on with a batch that is paused, or that slept since an earlier coordinator died; a contact and a number of tasks
        that are given are its own from now on."""
        self._begin_anew_after_trouble()
        return await self._batches.resume(batch_id, contact=contact, max_workers=max_workers)

    async def cancel(self, batch_id: str) -> Snapshot:
        """End a batch: what is in flight stops, what it has fetched stays."""
        return await self._batches.cancel(batch_id)

    async def retry(
        self, batch_id: str, *, item_ids: list[int] | None = None, reason: str | None = None
    ) -> Retried:
        """Queue dead letters again."""
        self._begin_anew_after_trouble()
        return await self._batches.retry(batch_id, item_ids=item_ids, reason=reason)

    async def desk(self, question: str, **given: Any) -> Any:
        """Answer a question of the service; `tlray.cluster.handlers.dispatch` says which there are."""
        if not self._desk.changes(question):
            return await self._desk.answer(question, given)
        self._begin_anew_after_trouble()
        # Ray cancels what a client asked for that left; a change that has begun goes on to its end
        change = asyncio.create_task(self._desk.answer(question, given))
        self._changing.add(change)
        change.add_done_callback(self._changing.discard)
        return await asyncio.shield(change)

    def _begin_anew_after_trouble(self) -> None:
        """Die, if nothing can go on: Ray starts a new life, which reads the journal and takes this very call again.

        `CoordinatorEnding` where the coordinator is on its way out.
        """
        self._ending.require_open()
        if self._state.trouble is not None:
            self._state.ports.die()
