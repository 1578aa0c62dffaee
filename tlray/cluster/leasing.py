"""Leases at work: the tasks that are started, what they report, and what becomes of those that die.

Whatever follows from a report is decided first, then journalled in one transaction with its parts, then taken into memory.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from tlray.cluster.lease_task import scrape_lease
from tlray.cluster.limiters import Limiters
from tlray.cluster.metrics import Metrics
from tlray.cluster.state import CoordinatorState
from tlray.core.judge import give_back, judge, judge_lost
from tlray.core.lease import Answer, Lease, Report, Work
from tlray.core.verdict import LaneDeath, Verdict
from tlray.core.workforce import workers_wanted
from tlray.errors import CannotFinish, TlrayError
from tlray.io.part_files import publish

FIRST_LEASE = 96
"""Items of a new lease; refills follow what the task turns out to do."""
CPU_S_PER_PAGE = 0.005
"""Until it is measured."""
REFUSED = Answer(accepted=False)


class Leasing:
    """The coordinator's side of the scrape tasks."""

    def __init__(
        self,
        state: CoordinatorState,
        limiters: Limiters,
        metrics: Metrics,
        me: Any,
        *,
        on_empty: Callable[[int], None],
    ) -> None:
        self._state = state
        self._limiters = limiters
        self._metrics = metrics
        self._me = me
        self._on_empty = on_empty
        self._rng = random.Random()  # noqa: S311 - jitter, no secret
        self._tasks: dict[str, Any] = {}
        self._n_leases = 0
        self._cpu_s_per_page = CPU_S_PER_PAGE

    @property
    def n_tasks(self) -> int:
        """Scrape tasks that run or wait for a CPU."""
        return len(self._tasks)

    # -- starting ----------------------------------------------------------------------------------

    async def start_wanted(self) -> None:
        """Start the tasks that the work needs and has not got."""
        state, settings = self._state, self._state.settings
        while not state.is_stopping and state.trouble is None:
            now = time.monotonic()
            wanted = workers_wanted(
                state.engine.demand(now),
                cpu_s_per_page=self._cpu_s_per_page,
                min_workers=settings.min_workers,
                max_workers=settings.max_workers,
            )
            if len(self._tasks) >= wanted or not await self._start(wanted, now):
                return

    async def _start(self, n_wanted: int, now: float) -> bool:
        self._n_leases += 1
        lease_id = f"{self._state.incarnation:04d}-{self._n_leases:06d}"
        work = self._state.engine.grant(lease_id, FIRST_LEASE, now=now, n_leases=n_wanted)
        if not work:
            return False
        await self._hand_out(work)
        n_domains = len({item.domain for item in work.items} | {errand.domain for errand in work.robots})
        ref = (
            ray.remote(scrape_lease)
            .options(name=f"scrape {lease_id}: {n_domains} domains", num_cpus=1, max_retries=0)
            .remote(lease_id, work, self._state.settings.terms, self._me, self._limiters.actors)
        )
        self._tasks[lease_id] = ref
        self._state.background(self._attend(lease_id, ref))
        return True

    async def _hand_out(self, work: Work) -> None:
        """Write down what is leased, and let the limiters know its domains, before a task sees it."""
        if work.items:
            await self._state.write(self._state.journal.mark_leased, [item.item_id for item in work.items])
        await self._limiters.make_known({t.domain for t in work.domains} | {e.domain for e in work.robots})

    # -- reports -----------------------------------------------------------------------------------

    async def report(self, report: Report) -> Answer:
        """Take in what a task has done and give it more; a repeated report is answered as the first time."""
        state = self._state
        lease = state.engine.renew(report.lease_id, now=time.monotonic())
        if lease is None or lease.is_committing or state.trouble is not None:
            return REFUSED
        if report.number <= lease.last_number:
            return lease.last_answer or REFUSED
        lease.is_committing = True
        try:
            return await self._take_in(report, lease)
        except CannotFinish as error:
            state.halt(error)
            return REFUSED
        finally:
            lease.is_committing = False
            state.wake.set()

    async def _take_in(self, report: Report, lease: Lease) -> Answer:
        engine = self._state.engine
        verdict = judge(engine, report, now=time.monotonic(), rng=self._rng)
        await self._commit(verdict)
        await self._take_in_robots(report)
        await self._limiters.make_known_again({cool.domain for cool in verdict.cool_downs})
        self._measure(report)
        n_tasks = max(1, len(self._tasks))
        work = engine.grant(report.lease_id, report.n_wanted, now=time.monotonic(), n_leases=n_tasks)
        if work:
            await self._hand_out(work)
        lease.last_number = report.number
        lease.last_answer = Answer(accepted=True, work=work, stops=self._state.stops())
        return lease.last_answer

    async def _commit(self, verdict: Verdict) -> None:
        """Journal first, then memory."""
        state, now = self._state, time.monotonic()
        if verdict.changes or verdict.parts or verdict.cool_downs:
            await state.write(self._commit_and_publish, verdict, now)
        empty = state.engine.apply(verdict, now=now)
        self._metrics.count(verdict)
        for batch in {change.item.batch for change in verdict.changes}:
            state.announce(batch)
        for batch in empty:
            self._on_empty(batch)
        for death in state.engine.lanes_to_park(verdict, now=now):
            await self._kill_lane(death)
        await self._limiters.make_known_again(state.engine.rates_changed(now=now) & self._limiters.known)

    def _commit_and_publish(self, verdict: Verdict, now: float) -> None:
        state = self._state
        state.journal.commit(verdict, now=now, wall=time.time(), node=state.node)
        for part in verdict.parts:
            publish(state.home, part.batch_id, part.stem)

    async def _take_in_robots(self, report: Report) -> None:
        state = self._state
        for answer in report.robots:
            if answer.text is not None:
                await state.write(
                    state.journal.keep_robots,
                    answer.domain,
                    answer.text,
                    answer.crawl_delay_s,
                    wall=time.time(),
                )
        if report.robots:
            deaths = state.engine.learn_robots(report, now=time.monotonic())
            await self._limiters.make_known_again({answer.domain for answer in report.robots})
            for death in deaths:
                await self._kill_lane(death)

    async def _kill_lane(self, death: LaneDeath) -> None:
        state = self._state
        if death.batch not in state.engine.books:
            return
        n_queued, n_waiting = await state.write(state.journal.kill_lane, death)
        if death.batch in state.engine.books and state.engine.kill_lane(
            death, now=time.monotonic(), n_queued=n_queued, n_waiting=n_waiting
        ):
            self._on_empty(death.batch)
        state.announce(death.batch)

    def _measure(self, report: Report) -> None:
        n_pages = sum(1 for outcome in report.outcomes if outcome.n_bytes)
        if n_pages >= 8:
            self._cpu_s_per_page += 0.2 * (report.cpu_s / n_pages - self._cpu_s_per_page)

    # -- ends --------------------------------------------------------------------------------------

    async def end_expired(self) -> None:
        """End the leases whose tasks have not been heard of for too long: by force, a parser may hang in C."""
        for lease_id in self._state.engine.expired(time.monotonic()):
            if (ref := self._tasks.get(lease_id)) is not None:
                ray.cancel(ref, force=True)
            await self._end(lease_id, why="not heard of for too long")

    async def _attend(self, lease_id: str, ref: Any) -> None:
        """Wait for a task's end, and end its lease."""
        try:
            await ref
        except RayTaskError as error:
            if isinstance(error.cause, TlrayError):
                await self._end(lease_id)
                self._state.halt(error.cause)
            else:
                await self._end(lease_id, why=f"task failed: {error.cause!r}"[:200])
        except (RayError, asyncio.CancelledError) as error:
            await self._end(lease_id, why=f"worker died ({type(error).__name__})")
        else:
            await self._end(lease_id)
        self._state.wake.set()

    async def _end(self, lease_id: str, why: str | None = None) -> None:
        """End a lease, once a report of it that is under way has been written; ``why`` says that it was lost."""
        engine = self._state.engine
        while (lease := engine.leases.get(lease_id)) is not None and lease.is_committing:  # noqa: ASYNC110 - rare, and short
            await asyncio.sleep(0.01)
        if lease is not None:
            lease.is_committing = True
            try:
                await self._commit(
                    give_back(engine, lease_id) if why is None else judge_lost(engine, lease_id, why)
                )
            except CannotFinish as error:
                self._state.halt(error)
            engine.end(lease_id)
        self._tasks.pop(lease_id, None)
        self._limiters.forget(lease_id)
