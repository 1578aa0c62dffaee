"""The coordinator: one actor that tracks every batch of a home.

The engine (`tlray.core.engine`) decides, the journal remembers, this class reads the clock, asks the one,
writes the other and talks to Ray. Whatever changes is journalled before it is acted on.

When it dies Ray starts it again (``max_restarts=-1``) and its tasks are gone with it: ``__init__`` ends every older lease in
the journal, publishes what the manifest names, sweeps what it does not, and goes on by itself with
the batches that were under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import ray
from ray.exceptions import RayError, RayTaskError

from tlray.cluster.compaction import compact_batch
from tlray.cluster.limiter import NAMESPACE, limiter_of, start_limiter
from tlray.cluster.metrics import Metrics
from tlray.cluster.scrape import ScrapeTerms, scrape_lease
from tlray.core.books import BatchBook
from tlray.core.engine import Engine
from tlray.core.judge import give_back, judge, judge_lost
from tlray.core.lease import Answer, Report, Stops
from tlray.core.lifecycle import BatchEvent, BatchState, ItemState, advance_batch
from tlray.core.progress import snapshot
from tlray.core.robots import REFETCH_AFTER_S
from tlray.core.verdict import LaneDeath, Verdict
from tlray.core.workforce import workers_wanted
from tlray.errors import CannotFinish, NoSuchBatch, TlrayError, UsageError
from tlray.io.home import Holder, Home
from tlray.io.journal_reader import totals
from tlray.io.journal_rows import BatchOptions, Entry, RefusedLine
from tlray.io.journal_sqlite import SqliteJournal
from tlray.io.part_files import publish, sweep

P = ParamSpec("P")
T = TypeVar("T")

FIRST_LEASE = 96
"""Items of a new lease; refills follow what the task turns out to do."""
CPU_S_PER_PAGE = 0.005
"""Until it is measured."""
SESSION_S = 5.0
"""A driver that has not asked for news for so long is gone."""


@dataclass(frozen=True, slots=True)
class CoordinatorSettings:
    """What a coordinator is started with."""

    home: str
    ray_address: str
    terms: ScrapeTerms
    min_workers: int = 1
    max_workers: int = 2
    limiter_actors: int = 4
    resumes_all: bool = False
    """Go on with every open batch of the home, not only those that are asked for."""
    block_cool_down_s: float | None = None


@dataclass(slots=True)
class _Watch:
    """Who waits for news of a batch."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Coordinator:
    """One home's coordinator; see the module's docstring for what a restart does."""

    def __init__(self, settings: CoordinatorSettings) -> None:
        context = ray.get_runtime_context()
        self._settings = settings
        self._home = Home(Path(settings.home))
        holder = Holder(os.getpid(), context.get_node_id(), settings.ray_address, NAMESPACE)
        self._hold = self._home.hold(holder)
        is_restart = bool(context.was_current_actor_reconstructed)
        self._is_restart = is_restart
        self._journal = SqliteJournal(self._home.journal)
        self._incarnation = self._journal.begin_incarnation(is_restart=is_restart)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._engine = Engine(limiter_of=self._limiter_number)
        self._rng = random.Random()  # noqa: S311 - jitter
        self._node = context.get_node_id()
        self._limiters: list[Any] = []
        self._limiter_numbers: dict[str, int] = {}
        self._known: set[str] = set()
        self._n_leases = 0
        self._cpu_s_per_page = CPU_S_PER_PAGE
        self._tasks: dict[str, Any] = {}
        self._attending: set[asyncio.Task[None]] = set()
        self._finishing: set[int] = set()
        self._closed: dict[str, dict[str, Any]] = {}
        self._watches: dict[str, _Watch] = {}
        self._elapsed: dict[int, tuple[float, float]] = {}
        self._sessions: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._trouble: TlrayError | None = None
        self._is_stopping = False
        self._metrics = Metrics()
        self._me = context.current_actor
        self._run_ref = self._me.run.remote()

    # -- the loop ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Go on for as long as the actor lives; it calls this itself."""
        for batch_id, is_dormant in await self._write(self._journal.open_batches):
            if not is_dormant or self._settings.resumes_all:
                await self._open(batch_id)
        while not self._is_stopping:
            try:
                await self._step()
            except CannotFinish as error:
                await self._halt(error)
            await self._sleep()

    async def _step(self) -> None:
        """Do what is due: load, end lost leases, start tasks, finish batches."""
        now = time.monotonic()
        self._engine.tick(now)
        for lane in self._engine.frontier.wanting():
            limit = 512
            items = await self._write(
                self._journal.load_lane, lane.batch, lane.domain, after_id=lane.cursor, limit=limit
            )
            last = items[-1].id if items else lane.cursor
            self._engine.loaded(lane, items, last_id=last, is_last=len(items) < limit)
        for lease_id in self._engine.expired(now):
            ray.cancel(self._tasks[lease_id], force=True)
            await self._lose(lease_id, "not heard of for too long")
        await self._start_tasks()
        self._metrics.show(self._engine, n_tasks=len(self._tasks), now=now)

    async def _sleep(self) -> None:
        next_at = self._engine.next_event()
        timeout_s = 1.0 if next_at is None else min(1.0, max(0.01, next_at - time.monotonic()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        self._wake.clear()

    async def _start_tasks(self) -> None:
        while not self._is_stopping and self._trouble is None:
            now = time.monotonic()
            demand = self._engine.demand(now)
            wanted = workers_wanted(
                demand,
                cpu_s_per_page=self._cpu_s_per_page,
                min_workers=self._settings.min_workers,
                max_workers=self._settings.max_workers,
            )
            if len(self._tasks) >= wanted:
                return
            self._n_leases += 1
            lease_id = f"{self._incarnation:04d}-{self._n_leases:06d}"
            work = self._engine.grant(lease_id, FIRST_LEASE, now=now, n_leases=wanted)
            if not work:
                return
            await self._write(self._journal.mark_leased, [item.item_id for item in work.items])
            await self._make_known({t.domain for t in work.domains} | {e.domain for e in work.robots})
            n_domains = len({item.domain for item in work.items})
            name = f"scrape {lease_id}: {len(work.items)} items of {n_domains} domains"
            ref = (
                ray.remote(scrape_lease)
                .options(name=name, num_cpus=1, max_retries=0)
                .remote(lease_id, work, self._settings.terms, self._me, self._limiters)
            )
            self._tasks[lease_id] = ref
            attending = asyncio.create_task(self._attend(lease_id, ref))
            self._attending.add(attending)
            attending.add_done_callback(self._attending.discard)

    async def _attend(self, lease_id: str, ref: Any) -> None:
        """Wait for a task's end, and end its lease."""
        try:
            await ref
        except RayTaskError as error:
            cause = error.cause
            if isinstance(cause, TlrayError):
                await self._release(lease_id)
                await self._halt(cause)
            else:
                await self._lose(lease_id, f"task failed: {cause!r}"[:200])
        except (RayError, asyncio.CancelledError) as error:
            await self._lose(lease_id, f"worker died ({type(error).__name__})")
        else:
            await self._release(lease_id)
        self._wake.set()

    async def _lose(self, lease_id: str, why: str) -> None:
        if await self._is_mine_to_end(lease_id):
            await self._commit(judge_lost(self._engine, lease_id, why))
            self._end(lease_id)

    async def _release(self, lease_id: str) -> None:
        if await self._is_mine_to_end(lease_id):
            await self._commit(give_back(self._engine, lease_id))
            self._end(lease_id)

    async def _is_mine_to_end(self, lease_id: str) -> bool:
        """Whether a lease is still alive, once a report of it that is under way has been written."""
        while (lease := self._engine.leases.get(lease_id)) is not None and lease.is_committing:
            await asyncio.sleep(0.01)
        if lease is not None:
            lease.is_committing = True
        return lease is not None

    def _end(self, lease_id: str) -> None:
        self._engine.end(lease_id)
        self._tasks.pop(lease_id, None)
        for limiter in self._limiters:
            limiter.forget.remote(lease_id)

    # -- reports -----------------------------------------------------------------------------------

    async def report(self, report: Report) -> Answer:
        """Take in what a task has done, and give it more; a repeated report is answered as the first time."""
        now = time.monotonic()
        lease = self._engine.renew(report.lease_id, now=now)
        if lease is None or lease.is_committing or self._trouble is not None:
            return Answer(accepted=False)
        if report.number <= lease.last_number:
            return lease.last_answer or Answer(accepted=False)
        lease.is_committing = True
        try:
            verdict = judge(self._engine, report, now=now, rng=self._rng)
            await self._commit(verdict)
            await self._take_in_robots(report)
            self._measure(report)
            await self._make_known_again(verdict)
            n_tasks = max(1, len(self._tasks))
            work = self._engine.grant(report.lease_id, report.n_wanted, now=time.monotonic(), n_leases=n_tasks)
            if work:
                await self._write(self._journal.mark_leased, [item.item_id for item in work.items])
                await self._make_known({t.domain for t in work.domains} | {e.domain for e in work.robots})
            lease.last_number = report.number
            lease.last_answer = Answer(accepted=True, work=work, stops=self._stops())
        except CannotFinish as error:
            await self._halt(error)
            return Answer(accepted=False)
        finally:
            lease.is_committing = False
            self._wake.set()
        return lease.last_answer

    async def _commit(self, verdict: Verdict) -> None:
        """Journal first, then memory, then what users see."""
        now = time.monotonic()
        if verdict.changes or verdict.parts or verdict.cool_downs:
            await self._write(self._commit_and_publish, verdict, now)
        finished = self._engine.apply(verdict, now=now)
        self._metrics.count(verdict)
        for batch in {change.item.batch for change in verdict.changes}:
            self._announce(batch)
        for batch in finished:
            self._finish_soon(batch)

    def _commit_and_publish(self, verdict: Verdict, now: float) -> None:
        self._journal.commit(verdict, now=now, wall=time.time(), node=self._node)
        for part in verdict.parts:
            publish(self._home, part.batch_id, part.stem)

    async def _take_in_robots(self, report: Report) -> None:
        if not report.robots:
            return
        now = time.monotonic()
        for answer in report.robots:
            if answer.text is not None:
                await self._write(
                    self._journal.keep_robots, answer.domain, answer.text, answer.crawl_delay_s, wall=time.time()
                )
        deaths = self._engine.learn_robots(report, now=now)
        self._known -= {answer.domain for answer in report.robots}
        for death in deaths:
            await self._kill_lane(death)

    async def _kill_lane(self, death: LaneDeath) -> None:
        n_queued, n_waiting = await self._write(self._journal.kill_lane, death)
        if self._engine.kill_lane(death, now=time.monotonic(), n_queued=n_queued, n_waiting=n_waiting):
            self._finish_soon(death.batch)
        self._announce(death.batch)

    def _measure(self, report: Report) -> None:
        n = sum(1 for outcome in report.outcomes if outcome.n_bytes)
        if n >= 8:
            self._cpu_s_per_page += 0.2 * (report.cpu_s / n - self._cpu_s_per_page)

    # -- limiters ----------------------------------------------------------------------------------

    def _limiter_number(self, domain: str) -> int:
        """Return a domain's limiter: one of its own while there are few, then shared by rendezvous hashing."""
        number = self._limiter_numbers.get(domain)
        if number is None:
            most = self._settings.limiter_actors
            number = len(self._limiter_numbers) if len(self._limiter_numbers) < most else limiter_of(domain, most)
            self._limiter_numbers[domain] = number
            while len(self._limiters) <= number:
                self._limiters.append(start_limiter(len(self._limiters), self._home.id))
        return number

    async def _make_known(self, names: set[str]) -> None:
        """Tell the limiters of domains that they do not know yet."""
        news = [name for name in names if name not in self._known]
        if not news:
            return
        now, wall = time.monotonic(), time.time()
        by_limiter: dict[int, list[Any]] = {}
        for name in news:
            state = self._engine.domains[name]
            row = await self._write(self._journal.domain, name)
            last_s = wall - row.last_fetch_at if row and row.last_fetch_at else float("inf")
            starts_empty = self._is_restart or last_s < state.effective.burst / state.effective.rate + 5.0
            cool_s = max(0.0, state.cool_until - now)
            by_limiter.setdefault(self._limiter_number(name), []).append(
                (name, state.effective, starts_empty, cool_s)
            )
        for number, domains in by_limiter.items():
            await self._limiters[number].make_known.remote(domains, self._stops())
        self._known |= set(news)

    async def _make_known_again(self, verdict: Verdict) -> None:
        """Tell the limiters of cool-downs."""
        cooled = {cool.domain for cool in verdict.cool_downs}
        if cooled:
            self._known -= cooled
            await self._make_known(cooled)

    async def make_known(self, names: list[str]) -> None:
        """Tell a limiter that has been restarted what it has forgotten; its buckets start empty."""
        self._is_restart = True
        self._known -= set(names)
        await self._make_known(set(names) & set(self._engine.domains))

    def _stops(self) -> Stops:
        books = self._engine.books.values()
        return Stops(
            paused=frozenset(b.batch_id for b in books if b.state is BatchState.PAUSED),
            cancelled=frozenset(b.batch_id for b in books if b.state is BatchState.CANCELLING),
        )

    async def _spread_stops(self) -> None:
        stops = self._stops()
        await asyncio.gather(*(limiter.stop_batches.remote(stops) for limiter in self._limiters))

    # -- submission --------------------------------------------------------------------------------

    async def create_batch(
        self, batch_id: str, *, name: str, priority: int, options: BatchOptions, request_key: str
    ) -> str:
        """Open a batch for its list; repeating the ``request_key`` returns the batch that it made before."""
        self._raise_trouble()
        return await self._write(
            self._journal.create_batch, batch_id, name=name, priority=priority, options=options,
            request_key=request_key, created_at=time.time(),
        )  # fmt: skip

    async def append(self, batch_id: str, entries: list[Entry], refused: list[RefusedLine]) -> list[RefusedLine]:
        """Add lines to a batch that is being received; return the duplicates among them."""
        return await self._write(self._journal.append, batch_id, entries, refused)

    async def commit_batch(self, batch_id: str) -> dict[str, Any]:
        """Make a received batch real and start it; return its first snapshot."""
        await self._write(self._journal.commit_batch, batch_id)
        if batch_id not in {b.batch_id for b in self._engine.books.values()}:
            await self._open(batch_id)
        return await self.status(batch_id)

    async def abandon_batch(self, batch_id: str) -> None:
        """Forget a batch that was never committed."""
        await self._write(self._journal.abandon_batch, batch_id)

    async def _open(self, batch_id: str) -> None:
        """Take a journalled batch into memory, its robots.txt and cool-downs with it."""
        found = await self._write(self._journal.load_batch, batch_id)
        if found is None:
            raise NoSuchBatch(batch_id, str(self._home.path))
        row, counts, _ = found
        if row.id in self._engine.books:
            return
        await self._write(self._sweep, batch_id)
        now, wall = time.monotonic(), time.time()
        book = BatchBook(
            row.id, row.batch_id, row.name, row.priority, row.state, totals(counts),
            manners=row.options.manners, retry=row.options.retry, keeps_pages=row.options.keeps_pages,
            n_duplicates=row.n_duplicates, n_rejected=row.n_rejected, n_sets=row.n_sets, n_tracks=row.n_tracks,
            n_retries=row.n_retries, n_blocked=row.n_blocked, created_at=row.created_at,
            open_by_domain={d: n for d, by in counts.items() if (n := sum(c for s, c in by.items() if not s.is_final))},
        )  # fmt: skip
        book.version = int((wall - row.created_at) * 1000) + 1  # above any version that an earlier life announced
        lanes = {domain: by.get(ItemState.QUEUED, 0) for domain, by in counts.items() if domain in book.open_by_domain}
        self._engine.open(book, lanes, now=now)
        self._elapsed[row.id] = (row.elapsed_s, now)
        for name in lanes:
            await self._remember(name, now, wall)
        for item, due_at, since_at in await self._write(self._journal.load_waiting, row.id):
            item.snoozed_since = None if since_at is None else now - max(0.0, wall - since_at)
            self._engine.wait(item, now + max(0.0, due_at - wall))
        if not book.n_open:
            self._finish_soon(row.id)
        self._wake.set()

    async def _remember(self, name: str, now: float, wall: float) -> None:
        """Take in what the journal knows of a domain."""
        row = await self._write(self._journal.domain, name)
        state = self._engine.domains[name]
        if row is None:
            return
        if row.robots_text is not None and row.robots_at and 0 <= wall - row.robots_at < REFETCH_AFTER_S:
            state.learn_robots(row.robots_text, row.crawl_delay_s, now=now - (wall - row.robots_at))
        if row.cool_until and row.cool_until > wall:
            state.n_blocks = row.n_blocks
            self._engine.cool_down(name, now + row.cool_until - wall, row.cool_reason or "")

    def _sweep(self, batch_id: str) -> None:
        stems = [part.stem for part in self._journal.parts(batch_id)]
        publish(self._home, batch_id, *stems)
        sweep(self._home, batch_id, stems)

    # -- what users ask ----------------------------------------------------------------------------

    async def status(self, batch_id: str) -> dict[str, Any]:
        """Return a batch's snapshot."""
        book = self._book(batch_id)
        if book is None:
            if batch_id in self._closed:
                return self._closed[batch_id]
            return await self._write(self._status_from_journal, batch_id)
        told = snapshot(book, self._engine.domains, now=time.monotonic(), wall=time.time())
        told["workers"] = len(self._tasks)
        told["trouble"] = str(self._trouble) if self._trouble else None
        before_s, since = self._elapsed[book.id]
        told["elapsed_s"] = round(before_s + time.monotonic() - since, 2)
        return told

    def _status_from_journal(self, batch_id: str) -> dict[str, Any]:
        found = self._journal.load_batch(batch_id)
        if found is None:
            raise NoSuchBatch(batch_id, str(self._home.path))
        row, counts, _ = found
        book = BatchBook(
            row.id, row.batch_id, row.name, row.priority, row.state, totals(counts), n_duplicates=row.n_duplicates,
            n_rejected=row.n_rejected, n_tracks=row.n_tracks, n_retries=row.n_retries, n_blocked=row.n_blocked,
        )  # fmt: skip
        told = snapshot(book, {}, now=0.0, wall=0.0)
        return {**told, "workers": 0, "trouble": None, "elapsed_s": row.elapsed_s, "estimated_completion": None}

    async def ready(self) -> int:
        """Return this life's number, once the actor is there."""
        return self._incarnation

    async def other_sessions(self, session: str) -> int:
        """Return how many other drivers were watching within the last seconds."""
        since = time.monotonic() - SESSION_S
        return sum(1 for other, at in self._sessions.items() if other != session and at >= since)

    async def watch(self, batch_id: str, since: int, timeout_s: float, session: str = "") -> dict[str, Any]:
        """Return the snapshot as soon as its version is above ``since``, or after ``timeout_s``."""
        self._sessions[session] = time.monotonic()
        deadline = time.monotonic() + timeout_s
        while True:
            told = await self.status(batch_id)
            left_s = deadline - time.monotonic()
            if told["version"] > since or told["trouble"] or left_s <= 0:
                return told
            watch = self._watches.setdefault(batch_id, _Watch())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await watch.changed.wait()

    async def pause(self, batch_id: str) -> dict[str, Any]:
        """Begin nothing more of a batch; what is in flight ends."""
        return await self._control(batch_id, BatchEvent.PAUSE, BatchState.PAUSED)

    async def resume(self, batch_id: str) -> dict[str, Any]:
        """Go on with a batch that is paused, or that slept since an earlier coordinator died."""
        book = self._book(batch_id)
        if book is None:
            await self._open(batch_id)
            book = self._book(batch_id)
            if book is None:
                return await self.status(batch_id)
            if book.state is not BatchState.PAUSED:
                await self._write(self._journal.set_batch_state, book.id, book.state)
                return await self.status(batch_id)
        return await self._control(batch_id, BatchEvent.RESUME, BatchState.RUNNING)

    async def cancel(self, batch_id: str) -> dict[str, Any]:
        """End a batch: what is in flight stops, what it has fetched stays."""
        told = await self._control(batch_id, BatchEvent.CANCEL, BatchState.CANCELLING)
        book = self._book(batch_id)
        if book is not None:
            await self._write(self._journal.cancel_open, book.id)
            if self._engine.cancel_open(book.id, now=time.monotonic()):
                self._finish_soon(book.id)
            told = await self.status(batch_id)
        return told

    async def _control(self, batch_id: str, event: BatchEvent, already: BatchState) -> dict[str, Any]:
        book = self._book(batch_id)
        if book is None:
            found = await self._write(self._journal.load_batch, batch_id)
            if found is None:
                raise NoSuchBatch(batch_id, str(self._home.path))
            if found[0].state.is_final:
                raise UsageError(f"batch {batch_id} is {found[0].state}; it cannot {event}")
            await self._open(batch_id)
            book = self._book(batch_id)
        if book is not None and book.state is not already:
            after = advance_batch(book.state, event)
            await self._write(self._journal.set_batch_state, book.id, after)
            book.state = after
            self._engine.pause(book.id, is_paused=after is not BatchState.RUNNING)
            self._announce(book.id)
            await self._spread_stops()
            self._wake.set()
        return await self.status(batch_id)

    async def retry(
        self, batch_id: str, *, item_ids: list[int] | None = None, reason: str | None = None
    ) -> dict[str, Any]:
        """Queue dead letters again: those named, those with a reason, or all; a completed batch opens again."""
        found = await self._write(self._journal.load_batch, batch_id)
        if found is None:
            raise NoSuchBatch(batch_id, str(self._home.path))
        row = found[0]
        if row.state not in (BatchState.RUNNING, BatchState.PAUSED, BatchState.COMPLETED):
            raise UsageError(f"batch {batch_id} is {row.state}; its dead letters cannot be retried")
        revived = await self._write(self._journal.revive, row.id, ids=item_ids, reason=reason)
        if revived and row.id in self._engine.books:
            self._engine.revive(row.id, revived, now=time.monotonic())
        elif revived:
            after = BatchState.PAUSED if row.state is BatchState.PAUSED else BatchState.RUNNING
            await self._write(self._journal.set_batch_state, row.id, after)
            self._closed.pop(batch_id, None)
            await self._open(batch_id)
        self._wake.set()
        return {**await self.status(batch_id), "n_retried": sum(revived.values())}

    async def stop(self) -> None:
        """End in order: wait for the running tasks, close the journal."""
        self._is_stopping = True
        self._wake.set()
        if self._attending:
            await asyncio.wait(self._attending, timeout=10.0)
        await self._write(self._journal.close)
        self._hold.close()

    def _book(self, batch_id: str) -> BatchBook | None:
        return next((b for b in self._engine.books.values() if b.batch_id == batch_id), None)

    def _announce(self, batch: int) -> None:
        book = self._engine.books.get(batch)
        if book is None:
            return
        book.version += 1
        watch = self._watches.pop(book.batch_id, None)
        if watch is not None:
            watch.changed.set()

    # -- ends --------------------------------------------------------------------------------------

    def _finish_soon(self, batch: int) -> None:
        if batch not in self._finishing:
            self._finishing.add(batch)
            task = asyncio.create_task(self._finish(batch))
            self._attending.add(task)
            task.add_done_callback(self._attending.discard)

    async def _finish(self, batch: int) -> None:
        """Merge a finished batch's small parts and announce its end, if nothing was put back into it meanwhile."""
        book = self._engine.books[batch]
        try:
            with contextlib.suppress(RayError):
                await compact_batch(self._home, self._journal, self._write, book.batch_id)
            if book.n_open:
                return
            before_s, since = self._elapsed[batch]
            elapsed_s = before_s + time.monotonic() - since
            after = advance_batch(book.state, BatchEvent.EMPTY)
            await self._write(
                self._journal.set_batch_state, batch, after, finished_at=time.time(), elapsed_s=elapsed_s
            )
            book.state = after
            self._closed[book.batch_id] = {**await self.status(book.batch_id), "version": book.version + 1}
            self._announce(batch)
            self._engine.close(batch)
        except CannotFinish as error:
            await self._halt(error)
        finally:
            self._finishing.discard(batch)

    async def _halt(self, error: TlrayError) -> None:
        """Stop: nothing more can be written, or no task can work. Who watches is told; a new start goes on from the journal."""
        if self._trouble is None:
            self._trouble = error
            for book in self._engine.books.values():
                self._engine.pause(book.id, is_paused=True)
            for batch in list(self._engine.books):
                self._announce(batch)

    def _raise_trouble(self) -> None:
        if self._trouble is not None:
            raise self._trouble

    async def _write(self, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one journal action in the journal's thread; they run one after the other, in the order asked."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, lambda: action(*args, **kwargs))


def coordinator_name(home_key: str) -> str:
    """Return the actor name of a home's coordinator."""
    return f"tlray-coordinator-{home_key}"


def start_coordinator(settings: CoordinatorSettings, *, home_key: str, node_id: str) -> Any:
    """Return the handle of a home's coordinator, started on the node that holds the home where it is not there yet."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - heavy, and needed here only

    return (
        ray.remote(Coordinator)
        .options(
            name=coordinator_name(home_key),
            namespace=NAMESPACE,
            lifetime="detached",
            get_if_exists=True,
            num_cpus=0,
            max_restarts=-1,
            max_task_retries=-1,
            max_concurrency=1_000,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
        )
        .remote(settings)
    )
