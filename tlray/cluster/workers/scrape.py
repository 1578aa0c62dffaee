"""The scrape task: one Ray task, one asyncio loop, one lease.

It fetches the lease's items over many domains at once, as the limiters permit, reads the pages, and about once a second
stages what it has as a part and reports it. The answer brings more items; without any, the task ends. It
decides nothing: which fetch may begin is `tlray.core.pacing.pacer`, what follows from an outcome the coordinator's.
Ray never retries it (``max_retries=0``): a lost lease is the coordinator's to mend.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from tlray.cluster.ports.task import PageSource, TaskPorts
from tlray.cluster.workers.config import ScrapeConfig
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.pacing.pacer import FetchTask, Pacer
from tlray.core.politeness.robots import NOT_ITS_TURN, RobotsAnswer
from tlray.core.scheduling.lease import (
    NO_STOPS,
    Answer,
    LeasedItem,
    PartRecord,
    Report,
    RobotsRequest,
    Stops,
    Work,
)
from tlray.io.http.response import printable_reason
from tlray.io.results.item_reader import by_part
from tlray.io.results.open_part import OpenPart
from tlray.io.worker.request import refusal_of

FLUSH_S = 1.0
"""The longest that a finished item waits to be reported."""
LOOK_EVERY_S = 0.1
"""How often a task looks whether it is time to report, where nothing hurries it."""
PART_ROWS = 256
MAX_HELD_BYTES = 32 * 1024 * 1024
"""Pages that wait for the disk; with more of them nothing begins."""
TOLD_TO_STOP = frozenset({OutcomeKind.BLOCKED, OutcomeKind.THROTTLED})
"""Answers after which a domain rests."""
FIRST_LEASE = 96
"""Items that it asks for when it begins; later they follow what it turns out to do."""
FORGET_EVERY_S = 30.0
"""How often it looks for domains that it has nothing to do with any more."""
AHEAD_S = 4.0
MIN_IN_HAND, MAX_IN_HAND = 64, 2_048
"""Items that a task keeps in hand: what it does in `AHEAD_S`, or what the rates of its domains allow, between these
bounds."""


class ScrapeTask:
    """One lease being worked on."""

    def __init__(self, lease_id: str, terms: ScrapeConfig, ports: TaskPorts) -> None:
        self._lease_id = lease_id
        self._terms = terms
        self._ports = ports
        self._clock = ports.clock
        self._note = ports.note
        self._pacing = Pacer()
        self._robots_text: dict[str, str] = {}
        self._held: dict[int, str] = {}
        """Item → domain of what it was given to fetch and has not reported yet, as the coordinator's lease has it."""
        self._forgot_at = ports.clock.monotonic()
        self._running: dict[asyncio.Task[None], FetchTask] = {}
        self._unsent: set[asyncio.Task[None]] = set()
        """Of those, the ones whose request is not on the wire yet."""
        self._asking: set[asyncio.Task[None]] = set()
        self._reuse: dict[asyncio.Task[None], list[LeasedItem]] = {}
        self._room = asyncio.Event()
        """Set when what was collected has been taken into a report."""
        self._reader = asyncio.Lock()
        """One page is read in a turn of the loop."""
        self._parts: dict[str, OpenPart] = {}
        self._outcomes: list[Outcome] = []
        self._robots: list[RobotsAnswer] = []
        self._stops: Stops = NO_STOPS
        self._wake = asyncio.Event()
        self._hurries = False
        """True if the coordinator should hear at once."""
        self._tell = asyncio.Event()
        """Set when a report should not wait."""
        self._is_over = False
        self._number = 0
        """Of the last report."""
        self._cpu_s = ports.cpu_s()
        self._waited_at, self._n_waiting = ports.clock.monotonic(), 0
        self._n_done = 0
        self._in_hand = FIRST_LEASE
        self._staging_bytes = 0

    async def run(self) -> int:
        """Work until nothing is left to do, or the lease is over; return the number of items done."""
        async with self._ports.pages(self._is_sent) as pages:
            reporting = asyncio.create_task(self._report_until_over())
            try:
                while not self._is_over and not reporting.done():
                    await self._step(pages)
            finally:
                begun = (*self._running, *self._asking, *self._reuse)
                for task in (*begun, *([] if self._is_over else [reporting])):
                    task.cancel()
                await asyncio.gather(*begun, return_exceptions=True)
            await reporting
        return self._n_done

    # -- fetching --------------------------------------------------------------------------------

    async def _step(self, pages: PageSource) -> None:
        """Begin what may begin, ask for what is needed, wait for what comes next."""
        now = self._clock.monotonic()
        while self._has_room and (fetch_task := self._pacing.begin(now)) is not None:
            task = asyncio.create_task(self._fetch(pages, fetch_task))
            self._running[task] = fetch_task
            self._unsent.add(task)
            task.add_done_callback(self._ended)
        for limiter, asks in self._pacing.due_requests(now).items():
            asking = asyncio.create_task(self._ask(limiter, asks))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
        wake_at = self._pacing.wake_at(now)
        self._wake.clear()
        timeout_s = 0.5 if wake_at is None or not self._has_room else min(0.5, max(0.002, wake_at - now))
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            pass

    @property
    def _held_bytes(self) -> int:
        """Pages in memory that are not on the disk yet."""
        return self._staging_bytes + sum(part.pages.n_bytes for part in self._parts.values())

    @property
    def _has_room(self) -> bool:
        """True if pages reach the disk as fast as they come, and a connection is free; else nothing more begins."""
        has_connection = len(self._running) < self._terms.limits.max_connections
        return has_connection and self._held_bytes < MAX_HELD_BYTES

    async def _fetch(self, pages: PageSource, fetch_task: FetchTask) -> None:
        if isinstance(fetch_task, RobotsRequest):
            answer = await pages.robots(fetch_task, self._note)
            self._robots.append(answer)  # while it was awaited, a report may have taken the list
            return
        with self._note.reading_robots(fetch_task.domain):
            refusal = refusal_of(fetch_task, self._robots_text.get(fetch_task.domain, ""))
        if refusal is not None:
            self._outcomes.append(refusal)
            return
        with self._note.begun(fetch_task.item_id):
            read = await pages.take(fetch_task)
            async with self._reader:
                with self._note.reading_item(fetch_task.item_id):
                    fetched, outcome, sets = read()
                await asyncio.sleep(0)  # many may have come at once; what is due to begin goes first
        self._outcomes.append(self._part_of(fetch_task.batch_id).add(fetch_task, fetched, outcome, sets))
        self._n_done += 1
        if outcome.kind in TOLD_TO_STOP or outcome.retry_after_s is not None:
            # the coordinator will let the whole domain rest; until it has said so, nothing more begins here
            self._not_begun(self._pacing.withdraw(lambda _: True, domain=fetch_task.domain))
            self._hurries = True

    def _part_of(self, batch_id: str) -> OpenPart:
        return self._parts.setdefault(batch_id, OpenPart(batch_id))

    async def _answer(self, items: list[LeasedItem]) -> None:
        """Give items the rows that other batches keep of their pages; one whose rows are not there is given back."""
        for batch_id, stem, some in by_part(items, at_once=PART_ROWS):
            with self._note.at_files():
                wanted = {kept_id for kept_id, _ in some}
                sets = await self._ports.files.read_items(batch_id, stem, wanted)
            for kept_id, item in some:
                if item.batch_id in self._stops.cancelled:
                    self._not_begun([item])
                else:
                    self._outcomes.append(
                        self._part_of(item.batch_id).add_reused(item, sets.get(kept_id, ()))
                    )
            while len(self._outcomes) >= PART_ROWS:
                self._room.clear()
                self._tell.set()
                await self._room.wait()

    def _answered(self, task: asyncio.Task[None]) -> None:
        """Give back what could not be answered, whatever the reason."""
        items = self._reuse.pop(task)
        if not task.cancelled() and task.exception() is not None:
            self._outcomes += [Outcome(i.item_id, OutcomeKind.NOT_BEGUN, reused=i.reused) for i in items]
        self._tell.set()

    def _is_sent(self, task: asyncio.Task[None] | None = None) -> None:
        """Count a fetch, by default the one that runs, as on the wire; what waited for that may begin."""
        task = task or asyncio.current_task()
        if task in self._unsent:
            self._unsent.discard(task)
            if self._pacing.sent(self._running[task].domain, now=self._clock.monotonic()):
                self._wake.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Free the slot of a fetch; one that was stopped, or failed in a way that nobody foresaw, is still accounted for."""
        self._is_sent(task)  # also where it came to nothing
        fetch_task = self._running.pop(task)
        self._pacing.ended(fetch_task.domain, now=self._clock.monotonic())
        if task.cancelled():
            self._not_begun([fetch_task])
        elif (error := task.exception()) is not None:
            reason = printable_reason(f"{type(error).__name__}: {error}"[:200])
            if isinstance(fetch_task, LeasedItem):
                self._outcomes.append(Outcome(fetch_task.item_id, OutcomeKind.CRASHED, reason=reason))
            else:
                self._robots.append(RobotsAnswer(fetch_task.of, None, reason=reason))
        if self._robots or self._hurries or self._is_full or self._is_idle:
            self._tell.set()
        self._wake.set()

    # -- permits ---------------------------------------------------------------------------------

    async def _ask(self, limiter: int, asks: list[Any]) -> None:
        try:
            grants, stops = await self._ports.limiters[limiter].ask(self._lease_id, asks)
        except Exception:  # noqa: BLE001 - a limiter that is being restarted; Ray's errors for that are many
            self._pacing.request_failed([ask.domain for ask in asks], now=self._clock.monotonic())
            return
        self._stop(stops)
        unknown = []
        for grant in self._pacing.apply_grants(grants, now=self._clock.monotonic()):
            if grant.is_unknown:
                unknown.append(grant.domain)
            else:
                self._return_items(grant.domain, grant.retry_after_s)
        self._wake.set()
        if unknown:
            with contextlib.suppress(Exception):  # a coordinator that is away; the next answer says so again
                await self._ports.coordinator.register(unknown)

    def _return_items(self, domain: str, retry_after_s: float) -> None:
        """Give a domain's items back: its turn is too far off to wait for."""
        for fetch_task in self._pacing.withdraw(lambda _: True, domain=domain):
            if isinstance(fetch_task, LeasedItem):
                self._outcomes.append(
                    Outcome(fetch_task.item_id, OutcomeKind.NOT_BEGUN, retry_after_s=retry_after_s)
                )
            else:
                self._robots.append(
                    RobotsAnswer(fetch_task.of, None, reason=NOT_ITS_TURN, retry_after_s=retry_after_s)
                )

    def _stop(self, told: Stops) -> None:
        """Give back what may not begin any more, and stop what may not go on. Older stops than those that are known change
        nothing: they took another way, and longer."""
        stops = self._stops.newest(told)
        if stops is self._stops:
            return
        self._stops = stops
        self._not_begun(self._pacing.withdraw(lambda e: isinstance(e, LeasedItem) and stops.holds_back(e)))
        for task, fetch_task in self._running.items():
            if isinstance(fetch_task, LeasedItem) and fetch_task.batch_id in stops.cancelled:
                task.cancel()

    def _not_begun(self, fetch_tasks: list[FetchTask]) -> None:
        self._outcomes += [
            Outcome(e.item_id, OutcomeKind.NOT_BEGUN) for e in fetch_tasks if isinstance(e, LeasedItem)
        ]

    # -- reporting -------------------------------------------------------------------------------

    async def _report_until_over(self) -> None:
        """Report when it is time to, and take in what the answers bring."""
        last_at, n_before = self._clock.monotonic(), 0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._tell.wait()
            self._tell.clear()
            since_s = self._clock.monotonic() - last_at
            if not self._should_report(since_s):
                continue
            rate = (self._n_done - n_before) / max(0.05, since_s)
            n_useful = max(AHEAD_S * rate, self._pacing.n_useful(AHEAD_S))
            self._in_hand = int(min(MAX_IN_HAND, max(MIN_IN_HAND, n_useful)))
            n_before = self._n_done
            was_idle = self._is_idle
            answer = await self._report()
            last_at = self._clock.monotonic()
            self._stop(answer.stops)
            self._apply(answer.work)
            if not answer.accepted or (
                was_idle and self._is_idle and not self._outcomes and not self._robots
            ):
                break
        self._is_over = True
        self._wake.set()

    @property
    def _is_idle(self) -> bool:
        return not self._running and not self._pacing.n_pending and not self._reuse

    @property
    def _is_full(self) -> bool:
        """True if there is enough for a part, or more than should wait for one."""
        return len(self._outcomes) >= PART_ROWS or self._held_bytes >= MAX_HELD_BYTES // 2

    def _should_report(self, since_s: float) -> bool:
        if (
            self._robots
            or self._hurries
            or self._is_idle
            or self._is_full
            or since_s >= self._terms.heartbeat_s
        ):
            return True
        if since_s >= FLUSH_S:
            return bool(self._outcomes)
        return since_s >= FLUSH_S / 4 and bool(self._outcomes) and self._pacing.n_pending < self._in_hand // 4

    async def _report(self) -> Answer:
        self._hurries = False
        outcomes, self._outcomes = tuple(self._outcomes), []
        robots, self._robots = tuple(self._robots), []
        parts, self._parts = self._parts, {}
        self._room.set()
        self._staging_bytes = sum(part.pages.n_bytes for part in parts.values())
        self._number += 1
        first = f"{self._lease_id}-{self._number:05d}"
        notes = []
        for place, part in enumerate(parts.values()):
            stem = f"{first}-{place}" if place else first  # one name in all batches
            if (note := await self._stage(part, stem)) is not None:
                notes.append(note)
        self._staging_bytes = 0
        self._wake.set()
        n_wanted = max(0, self._in_hand - self._pacing.n_pending)
        answer = await self._send(outcomes, tuple(notes), robots, n_wanted)
        for outcome in outcomes:
            self._held.pop(outcome.item_id, None)
        return answer

    async def _send(
        self,
        outcomes: tuple[Outcome, ...] = (),
        parts: tuple[PartRecord, ...] = (),
        robots: tuple[RobotsAnswer, ...] = (),
        n_wanted: int = 0,
    ) -> Answer:
        """Send a report; an empty one says that the task lives."""
        cpu_s, self._cpu_s = self._ports.cpu_s() - self._cpu_s, self._ports.cpu_s()
        now, gauge = self._clock.monotonic(), self._ports.gauge
        n_waited, self._n_waiting = (self._n_waiting + self._pacing.n_pending) / 2, self._pacing.n_pending
        wait_s, self._waited_at = n_waited * (now - self._waited_at), now
        return await self._ports.coordinator.report(Report(
            self._lease_id, self._number, outcomes, parts, robots, n_wanted, cpu_s, gauge.read(now), gauge.node, wait_s
        ))  # fmt: skip

    async def _stage(self, part: OpenPart, stem: str) -> PartRecord | None:
        pages = part.pages.take()
        if not part.rows and not pages:
            return None
        with self._note.at_files():
            staging = asyncio.ensure_future(self._ports.files.stage(part.batch_id, stem, part.rows, pages))
            # a storage that is away is waited for, longer than a lease lasts without a report
            while not (await asyncio.wait((staging,), timeout=self._terms.heartbeat_s))[0]:
                answer = await self._send()
                self._number += 1
                self._stop(answer.stops)
                self._apply(answer.work)
            staged = staging.result()
        return PartRecord(
            part.batch_id, stem, staged.n_sets, staged.n_tracks, staged.n_bytes,
            has_rows=bool(part.rows), has_pages=bool(pages),
        )  # fmt: skip

    def _apply(self, work: Work) -> None:
        now = self._clock.monotonic()
        for terms in work.domains:
            self._robots_text[terms.domain] = terms.robots
            self._pacing.set_policy(terms, now=now)
        for fetch_task in work.robots:
            self._pacing.set_policy(fetch_task, now=now)
        self._pacing.add(work.robots)
        items = [item for item in work.items if not self._stops.holds_back(item)]
        # they were leased before the stop that this task has heard of meanwhile
        self._not_begun([item for item in work.items if self._stops.holds_back(item)])
        self._pacing.add(item for item in items if item.reused is None)
        self._held.update((item.item_id, item.domain) for item in work.items if item.reused is None)
        if now - self._forgot_at >= FORGET_EVERY_S:
            self._forgot_at = now
            for name in self._pacing.forget_idle(set(self._held.values()), now=now):
                self._robots_text.pop(name, None)
        self._n_waiting = self._pacing.n_pending
        if kept := [item for item in items if item.reused is not None]:
            answering = asyncio.create_task(self._answer(kept))
            self._reuse[answering] = kept
            answering.add_done_callback(self._answered)
        self._wake.set()
