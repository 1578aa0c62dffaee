"""Leases at work: the tasks that are started, what they report, and what becomes of those that die.

Whatever follows from a report is decided first, then journalled in one transaction with its parts, then taken into memory.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from tlray.cluster.coordinator import log_events
from tlray.cluster.coordinator.domain_recall import recall
from tlray.cluster.coordinator.limiter_pool import LimiterPool
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.ports.coordinator import EndKind, StartedTask
from tlray.core.model.discovery import Committed
from tlray.core.model.lifecycle import BatchState
from tlray.core.scheduling.autoscaling import Autoscaler
from tlray.core.scheduling.batch_config import most_workers
from tlray.core.scheduling.changeset import Changeset
from tlray.core.scheduling.crash_suspect import ANY_ITEM, NO_ITEM, CrashSuspect
from tlray.core.scheduling.decide import decide, decide_lost, give_back
from tlray.core.scheduling.lease import Answer, Lease, Report, Work
from tlray.core.scheduling.node_loss import NodeLosses
from tlray.core.scheduling.result_reuse import with_result
from tlray.core.scheduling.task_names import TaskNames
from tlray.errors import CannotFinish

logger = logging.getLogger(__name__)
REFUSED = Answer(accepted=False)
LOOK_AT_NODES_EVERY_S = 5.0
START_S = 5.0
"""A task that has not begun by then waits for a CPU."""
NODE_GOES_S = 3.0
"""A worker that dies so shortly before its node was lost with it."""
NODE_LOST = "its node was lost"
MAX_STILLBORN = 6
"""So many tasks that die before they begin, one after the other, and none is started any more."""


@dataclass(slots=True)
class _Task:
    """A scrape task that runs, or waits for a CPU."""

    work: StartedTask
    started_at: float
    looked_at: float
    """When it was started, or when it was looked at last because it had not reported."""
    node: str = ""
    """Where it runs, once it has said so."""
    has_begun: bool = False
    is_ending: bool = False
    """It is given nothing more."""


class Leasing:
    """The coordinator's side of the scrape tasks."""

    def __init__(
        self,
        state: CoordinatorState,
        limiters: LimiterPool,
        *,
        on_empty: Callable[[int], None],
    ) -> None:
        self._state = state
        self._limiters = limiters
        self._ports = state.ports
        self._on_empty = on_empty
        self._tasks: dict[str, _Task] = {}
        self._losses = NodeLosses()
        self._names = TaskNames()
        self._n_leases = 0
        settings = state.settings
        self._autoscaler = Autoscaler(min_workers=settings.min_workers, max_workers=settings.max_workers)
        self._n_stillborn = 0
        self._start_after = self._looked_at = -math.inf
        self._room = True

    @property
    def n_tasks(self) -> int:
        """Scrape tasks that run or wait for a CPU."""
        return len(self._tasks)

    @property
    def n_working(self) -> int:
        """Of those: how many have begun."""
        return sum(1 for t in self._tasks.values() if t.has_begun)

    @property
    def n_waiting(self) -> int:
        """Of those: how many wait for a CPU."""
        now = self._state.now()
        return sum(1 for t in self._tasks.values() if not t.has_begun and now - t.started_at >= START_S)

    # -- starting ----------------------------------------------------------------------------------

    def follow_demand(self) -> None:
        """Start the tasks that the work needs and has not got, or let one end that it does not need any more."""
        state = self._state
        now = self._state.now()
        if state.is_stopping or state.is_draining or state.trouble is not None or now < self._start_after:
            return
        going_on = [lease_id for lease_id, task in self._tasks.items() if not task.is_ending]
        self._autoscaler.max_workers = self._max_workers()
        change = self._autoscaler.change(
            state.engine.demand(now), n_tasks=len(going_on), has_room=self._has_room(now), now=now
        )
        if change < 0:
            self._end_task(self._autoscaler.choose_to_end(going_on))
        for _ in range(min(change, self._autoscaler.max_workers - len(self._tasks))):
            self._start()

    def _max_workers(self) -> int:
        """Return how many tasks there may be: as many as the running batch that asks for the most."""
        settings, books = self._state.settings, self._state.engine.batches.values()
        return most_workers(
            (book.terms for book in books if book.state is BatchState.RUNNING),
            default=settings.default_workers,
            without_terms=settings.max_workers,
        )

    def _start(self) -> None:
        """Start a task. It is given items when it says that it is there: none wait with it for a CPU."""
        self._n_leases += 1
        lease_id = f"{self._state.incarnation:04d}-{self._n_leases:06d}"
        name = self._names.name(self._state.engine.batches.values())
        started = self._ports.tasks.start(lease_id, name)
        logger.info("task started lease=%s name=%s", lease_id, name)
        self._tasks[lease_id] = _Task(started, self._state.now(), self._state.now())
        self._state.background(self._attend(lease_id, started))

    def _end_task(self, lease_id: str) -> None:
        """Give a task nothing more; one that still waits for a CPU does not wait any longer."""
        task = self._tasks[lease_id]
        task.is_ending = True
        if (lease := self._state.engine.leases.get(lease_id)) is not None:
            lease.is_ending = True
        if not task.has_begun:
            task.work.cancel()

    def end_all(self) -> None:
        """Give no task anything more."""
        for lease_id in [lease_id for lease_id, task in self._tasks.items() if not task.is_ending]:
            self._end_task(lease_id)

    def _has_room(self, now: float) -> bool:
        """True if a further task would run on a node that none has told of, or wait for one."""
        if now - self._looked_at > LOOK_AT_NODES_EVERY_S:
            self._looked_at = now
            tasks = self._ports.tasks
            self._room = tasks.is_full() or tasks.n_nodes() > len(self._autoscaler.nodes(now))
        return self._room

    def _n_sharing(self, now: float) -> int:
        """Return how many tasks share what there is: those at work, and those that will be as soon as there is something
        for them. Who waits for a CPU is left out: nothing is kept for it."""
        tasks = self._tasks.values()
        going_on = [task for task in tasks if not task.is_ending]
        n_waiting = sum(1 for t in going_on if not t.has_begun and now - t.started_at >= START_S)
        n = len(going_on) - n_waiting
        may_start = not n_waiting and now >= self._start_after and len(tasks) < self._autoscaler.max_workers
        return max(1, n, self._autoscaler.n_wanted if may_start else 0)

    async def _hand_out(self, work: Work, lease: Lease) -> Work:
        """Write down what is leased, and let the limiters know its domains, before a task sees it.

        An item whose page another batch has fetched meanwhile is handed out with the rows that answer it.
        """
        if work.items:
            reuse_candidates = self._state.engine.reuse.reuse_candidates(
                work.items, lease, wall=self._state.wall()
            )
            ids = [item.item_id for item in work.items]
            kept = await self._state.write(self._state.journal.mark_leased, ids, reuse_candidates)
            if kept:
                work = replace(work, items=tuple(with_result(i, kept.get(i.item_id)) for i in work.items))
        await recall(self._state)
        await self._limiters.register({t.domain for t in work.domains} | {e.domain for e in work.robots})
        return work

    # -- reports -----------------------------------------------------------------------------------

    async def report(self, report: Report) -> Answer:
        """Take in what a task has done and give it more; a repeated report is answered as the first time."""
        state = self._state
        task = self._tasks.get(report.lease_id)
        if task is None or state.trouble is not None:
            return REFUSED
        task.node = report.node_id
        try:
            return await (self._go_on(report) if task.has_begun else self._begin(report, task))
        except Exception as error:  # noqa: BLE001 - a bug of ours, too: no page is to blame for it
            state.fail(error, f"report of {report.lease_id}")
        finally:
            state.wake.set()
        return REFUSED

    async def _begin(self, report: Report, task: _Task) -> Answer:
        """Answer the first report of a task, by which it says that it is there."""
        task.has_begun, self._n_stillborn = True, 0
        return REFUSED if task.is_ending else await self._give(report)

    async def _go_on(self, report: Report) -> Answer:
        lease = self._state.engine.renew(report.lease_id, now=self._state.now())
        if lease is None or lease.is_committing:
            return REFUSED
        if report.number <= lease.last_number:
            return lease.last_answer or REFUSED
        lease.is_committing = True
        try:
            await self._apply(report)
            return await self._give(report)
        finally:
            lease.is_committing = False

    async def _give(self, report: Report) -> Answer:
        """Answer a report: with more items, where there are any for it."""
        await recall(self._state)
        engine, now = self._state.engine, self._state.now()
        n_leases = self._n_sharing(now)
        work = engine.grant(report.lease_id, report.n_wanted, now=now, n_leases=n_leases)
        lease = engine.leases.get(report.lease_id)
        if lease is None:
            return Answer(accepted=True, stops=self._state.stops())
        was_committing, lease.is_committing = lease.is_committing, True
        try:
            if work:
                work = await self._hand_out(work, lease)
        finally:
            lease.is_committing = was_committing
        lease.last_number = report.number
        lease.last_answer = Answer(accepted=True, work=work, stops=self._state.stops())
        return lease.last_answer

    async def _apply(self, report: Report) -> None:
        now = self._state.now()
        changeset = decide(self._state.engine, report, now=now, rng=self._ports.rng)
        log_events.log_changes(changeset, self._state.engine, now=now)
        await self._commit(changeset, report)
        self._autoscaler.record_report(
            report.lease_id,
            cpu_s=report.cpu_s,
            n_pages=sum(1 for outcome in report.outcomes if outcome.n_bytes),
            reading=report.node,
            now=self._state.now(),
        )

    async def _commit(self, changeset: Changeset, report: Report | None = None) -> None:
        """Journal first, then memory; between the two nothing is leased of a lane that ends."""
        state, engine, now = self._state, self._state.engine, self._state.now()
        committed = Committed([], [])
        if changeset.is_stored:
            engine.prepare(changeset)
            task = self._tasks.get(changeset.lease_id)
            committed = await state.write(self._commit_and_publish, changeset, now, task.node if task else "")
        begun, now = now, state.now()  # the disk may have taken its time
        wait_s = report.permit_wait_s if report is not None else 0.0
        self._ports.meters.count(changeset, took_s=now - begun, permit_wait_s=wait_s)
        empty = engine.apply(changeset, now=now, killed=committed.killed, added=committed.added)
        if report is not None:
            engine.apply_robots(report, now=now)
        for batch in {change.item.batch for change in changeset.changes} | {
            d.batch for d in changeset.deaths
        }:
            state.announce(batch)
        for batch in empty:
            self._on_empty(batch)
        await self._limiters.update(
            {cool.domain for cool in changeset.cool_downs} | {a.domain for a in changeset.robots}
        )

    def _commit_and_publish(self, changeset: Changeset, now: float, node: str) -> Committed:
        state = self._state
        committed = state.journal.commit(changeset, now=now, wall=self._state.wall(), node=node)
        for part in changeset.parts:
            self._ports.parts.publish(part.batch_id, part.stem)
        return committed

    async def give_up_waiting(self) -> None:
        """Make dead letters of what waits for domains that are to rest for longer than anything waits."""
        deaths = self._state.engine.give_up.deaths(self._state.now())
        if deaths:
            await self._commit(Changeset("", deaths=deaths))

    # -- ends --------------------------------------------------------------------------------------

    async def end_expired(self) -> None:
        """End the leases whose tasks have not been heard of for too long: by force, a parser may hang in C."""
        expired = self._state.engine.expired(self._state.now())
        lost = await asyncio.gather(*(self._is_on_lost_node(lease_id) for lease_id in expired))
        still = set(self._state.engine.expired(self._state.now())) if expired else ()
        for lease_id, is_lost in zip(expired, lost, strict=True):
            if lease_id not in still:
                continue
            if (task := self._tasks.get(lease_id)) is not None:
                task.work.cancel(force=True)
            if is_lost:
                await self._end(lease_id, why=NODE_LOST, with_node=True)
            else:
                await self._end(lease_id, why="not heard of for too long")

    async def _is_on_lost_node(self, lease_id: str, *, within_s: float = 0.0) -> bool:
        """True if a task's node is gone, or goes within so many seconds; a task that has not begun names none."""
        task = self._tasks.get(lease_id)
        node = task.node if task is not None else ""
        return node != "" and await self._ports.tasks.is_lost(node, within_s=within_s)

    async def end_stuck(self) -> None:
        """End tasks that have begun, as their note shows, but have not reported for the time of a lease. They hold no items, so
        no lease of theirs expires, and while one hangs no other is started."""
        now, lease_s = self._state.now(), self._state.settings.lease_s
        for lease_id, task in list(self._tasks.items()):
            if not task.has_begun and now - task.looked_at >= lease_s:
                task.looked_at = now
                if await self._ports.parts.has_note(lease_id) and not task.has_begun:
                    task.work.cancel(force=True)

    async def _attend(self, lease_id: str, started: StartedTask) -> None:
        """Wait for a task's end, and end its lease. One whose node is lost accuses no page, whatever Ray says first."""
        end = await started.ended()
        is_lost = end.kind is EndKind.NODE_DIED or (
            end.kind is EndKind.WORKER_DIED and await self._is_on_lost_node(lease_id, within_s=NODE_GOES_S)
        )
        if end.kind is EndKind.DONE or end.error is not None:
            await self._end(lease_id)
        elif is_lost:
            await self._end(lease_id, why=NODE_LOST, with_node=True)
        else:
            await self._end(
                lease_id, why=end.reason, suspect=ANY_ITEM if end.kind is EndKind.FAILED else None
            )
        if end.error is not None:
            self._state.halt(end.error)
        self._state.wake.set()

    async def _end(
        self,
        lease_id: str,
        why: str | None = None,
        suspect: CrashSuspect | None = None,
        *,
        with_node: bool = False,
    ) -> None:
        """End a lease, once a report of it that is under way has been written; ``why`` says that it was lost, ``suspect`` by
        whom, and where it is None the task's note does. One that was lost ``with_node`` accuses nobody."""
        engine, task = self._state.engine, self._tasks.get(lease_id)
        while (lease := engine.leases.get(lease_id)) is not None and lease.is_committing:  # noqa: ASYNC110 - rare, and short
            await asyncio.sleep(0.01)
        if lease is not None:
            lease.is_committing = True
            try:
                if why is None:
                    suspect, ended = NO_ITEM, give_back(engine, lease_id)
                else:
                    if suspect is None:
                        noted = await self._ports.parts.take_note(lease_id)
                        suspect = NO_ITEM if with_node else noted
                    ended = decide_lost(engine, lease_id, why, suspect)
                    logger.warning("lease lost lease=%s items=%d why=%s", lease_id, len(lease.items), why)
                await self._commit(ended)
                if task is not None and with_node:
                    self._losses.count(task.node, ended.changes)
                engine.end(lease_id, suspect=suspect)
            except CannotFinish as error:
                self._state.halt(error)
                engine.end(lease_id)
        self._tasks.pop(lease_id, None)
        self._autoscaler.gone(lease_id)
        self._limiters.forget(lease_id)
        self._tell_of_lost_nodes()
        died_young = task is not None and not task.has_begun and not task.is_ending
        if died_young and why is not None and not with_node:
            self._count_failed_start(why)

    def _tell_of_lost_nodes(self) -> None:
        """Note with each batch what it has lost with a node, once all tasks of that node have ended."""
        at_work = {task.node for task in self._tasks.values()}
        for batch, node in self._losses.take(at_work, self._ports.tasks.address, now=self._state.now()):
            if (book := self._state.engine.batches.get(batch)) is not None:
                log_events.node_lost(book, node)
                book.add_lost_node(node)
                self._state.announce(batch)

    def _count_failed_start(self, why: str) -> None:
        """Take in that a task died before it began: try again later, and not for ever."""
        self._n_stillborn += 1
        self._start_after = self._state.now() + 0.25 * 2**self._n_stillborn
        if self._n_stillborn >= MAX_STILLBORN:
            self._state.halt(
                CannotFinish(
                    f"the last {MAX_STILLBORN} scrape tasks died before they began ({why}); "
                    "see Ray's logs, then go on with `tlray scrape --resume BATCH_ID`"
                )
            )
