"""Batches: how they are opened, asked about, stopped, retried and finished.

Whatever changes a batch's state does so alone (`CoordinatorState.one_at_a_time`): it looks, decides, writes, and only then
another may.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from tlray.cluster.coordinator import log_events
from tlray.cluster.coordinator.admission import Admission
from tlray.cluster.coordinator.compaction import compact_batch, replace_part
from tlray.cluster.coordinator.domain_recall import remember
from tlray.cluster.coordinator.limiter_pool import LimiterPool
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.coordinator.stored_status import (
    book_of,
    fatal_error_text,
    last_domains,
    stored_book,
    stored_snapshot,
)
from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import BadTransition, BatchEvent, BatchState, ItemState, advance_batch
from tlray.core.model.progress import Snapshot
from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.scheduling.eta import Outlook
from tlray.core.scheduling.snapshot import snapshot
from tlray.errors import CannotFinish, Conflict
from tlray.io.journal.rows import BatchRow, Counts, DomainRow, PartRow, Revised, SeenGroup

Found = tuple[BatchRow, Counts, list[DomainRow], list[tuple[FrontierItem, float, float | None]]]
MAX_FINISHED_KEPT = 1_000
"""Last snapshots of finished batches; older ones are read from the journal."""
SHARE_OF_TIME = 20.0
"""Estimates of a batch's end take at most a twentieth of the time."""
VERSIONS_OF_AN_END = 1_000
"""More than a batch's version grows by while its end is written down."""


class Batches:
    """The coordinator's side of whoever submits, watches and controls."""

    def __init__(self, state: CoordinatorState, limiters: LimiterPool, admission: Admission) -> None:
        self._state = state
        self._limiters = limiters
        self._admission = admission
        self._finishing: set[int] = set()
        self._finished: dict[str, Snapshot] = {}
        self._running_since: dict[int, tuple[float, float]] = {}
        self._ahead: dict[int, tuple[Outlook, float, float]] = {}
        """What a batch still needs, in seconds; when that was said, and until when it holds (monotonic)."""
        self._starts_at: dict[int, float] = {}
        """Scheduled batch → when it begins; epoch seconds."""

    # -- opening -----------------------------------------------------------------------------------

    async def open(self, batch_id: str, found: Found | None = None, *, since: float | None = None) -> None:
        """Take a journalled batch into memory, with what is remembered of its domains; ``found`` is what `read` returns, where
        that has been done; ``since`` is when its items were queued, where that was not at its beginning."""
        state = self._state
        if state.book(batch_id) is not None:
            return
        if found is None:
            found = await state.write(self.read, batch_id)
        row, counts, remembered, waiting = found
        if row.id in state.engine.batches or row.state.is_final:
            return
        # from here on nothing is awaited until the engine has all of it
        now, wall = self._state.now(), self._state.wall()
        book = book_of(row, counts, since=since)
        book.version = max(state.first_version, row.version) + 1
        lanes = {domain: counts[domain].get(ItemState.QUEUED, 0) for domain in book.open_by_domain}
        state.engine.open(book, lanes, now=now)
        log_events.opened(book)
        state.renew_stops()
        state.announce(row.id)
        self._admission.forget(row.batch_id)  # its books count from now on
        self._running_since[row.id] = (row.elapsed_s, now)
        if book.state is BatchState.SCHEDULED:
            self._starts_at[row.id] = row.options.not_before or 0.0
        for domain in remembered:
            remember(state, domain)
        state.engine.registry.recalled(lanes)
        for item, due_at, since_at in waiting:
            item.snoozed_since = None if since_at is None else now - max(0.0, wall - since_at)
            state.engine.wait(item, now + max(0.0, due_at - wall))
        if not book.n_open:
            self.finish_soon(row.id)
        elif book.is_matching and book.state is not BatchState.SCHEDULED:
            state.background(self._offer_kept(book))
        state.wake.set()
        # another batch may have made a domain known with rougher manners
        await self._limiters.update(set(lanes))

    async def start_due(self, wall: float) -> None:
        """Start the scheduled batches whose time has come."""
        state = self._state
        for batch in [batch for batch, at in self._starts_at.items() if at <= wall]:
            book = state.engine.batches.get(batch)
            if book is not None:
                async with state.one_at_a_time(book.batch_id):
                    await self._start(book)
            self._starts_at.pop(batch, None)

    async def _start(self, book: Batch) -> None:
        state = self._state
        if book.state is not BatchState.SCHEDULED:  # it was cancelled
            return
        after = advance_batch(book.state, BatchEvent.START)
        await state.write(state.journal.set_batch_state, book.id, after)
        book.state = after
        state.renew_stops()
        self._running_since[book.id] = (0.0, self._state.now())
        state.engine.begin(book.id, now=self._state.now())
        if book.is_matching:
            state.background(self._offer_kept(book))
        state.announce(book.id)
        state.wake.set()

    async def _offer_kept(self, book: Batch) -> None:
        """Hold a batch against what other batches have fetched lately, before anything of it is fetched."""
        state, answering = self._state, self._state.engine.reuse
        after_id: int | None = 0
        try:
            while after_id is not None and self._may_be_answered(book):
                ticket = answering.ticket(book.id)
                since = self._state.wall() - book.fresh_for_s
                kept, next_id = await state.write(
                    state.journal.reusable_results, book.id, since, after_id=after_id
                )
                if self._may_be_answered(book) and answering.offer(book.id, kept, ticket):
                    after_id = next_id
                state.wake.set()
                while kept and answering.n_offered and self._may_be_answered(book):
                    await state.news(book.batch_id, 0.1)
        except CannotFinish as error:
            state.halt(error)
        if book.id in state.engine.batches:
            state.engine.matching_done(book.id)
            state.wake.set()

    def _may_be_answered(self, book: Batch) -> bool:
        state = self._state
        is_open = book.id in state.engine.batches and book.state is not BatchState.CANCELLING
        return is_open and state.trouble is None and not state.is_stopping

    def read(self, batch_id: str) -> Found:
        """Read everything of a batch, in the journal's thread, and recover its files if it is not open."""
        journal = self._state.journal
        row = journal.batch(batch_id)
        counts = journal.counts(row.id)
        if row.id not in self._state.engine.batches and not row.state.is_final:
            self._state.ports.parts.recover(batch_id, self._stems(batch_id))
        remembered = [domain for name in counts if (domain := journal.domain(name)) is not None]
        return row, counts, remembered, journal.load_waiting(row.id)

    async def _row(self, batch_id: str) -> BatchRow:
        return await self._state.write(self._state.journal.batch, batch_id)

    # -- asking ------------------------------------------------------------------------------------

    async def status(self, batch_id: str) -> Snapshot:
        """Return a batch's snapshot."""
        book = self._state.book(batch_id)
        if book is not None:
            return self._snapshot(book, self._elapsed_s(book), self._state.engine.domains)
        if batch_id in self._finished:
            return self._finished[batch_id]
        return await stored_snapshot(self._state, await self._row(batch_id))

    def _elapsed_s(self, book: Batch) -> float:
        before_s, since = self._running_since[book.id]
        return 0.0 if book.state is BatchState.SCHEDULED else before_s + self._state.now() - since

    def _snapshot(self, book: Batch, elapsed_s: float, domains: Mapping[str, DomainState]) -> Snapshot:
        now = self._state.now()
        ahead = self._outlook(book, now) if book.state is BatchState.RUNNING else None
        starts_at = self._starts_at.get(book.id) if book.state is BatchState.SCHEDULED else None
        return snapshot(
            book, domains, now=now, wall=self._state.wall(), ahead=ahead, elapsed_s=elapsed_s, starts_at=starts_at,
            trouble=fatal_error_text(self._state),
        )  # fmt: skip

    def _outlook(self, book: Batch, now: float) -> Outlook:
        """Return what `Engine.outlook` says; where that takes long (thousands of domains, many batches) it is not asked again
        before `SHARE_OF_TIME` times as long has passed."""
        ahead, at, until = self._ahead.get(book.id, (Outlook(None), now, now))
        if now >= until:
            ahead, at = self._state.engine.outlook(book.id, now=now), now
            self._ahead[book.id] = ahead, at, now + SHARE_OF_TIME * (self._state.now() - now)
        return ahead.after(now - at)

    # -- controlling -------------------------------------------------------------------------------

    async def pause(self, batch_id: str, *, by: str = "") -> Snapshot:
        """Begin nothing more of a batch; what is in flight ends. ``by``: the user who wants it."""
        async with self._state.one_at_a_time(batch_id):
            return await self._control(batch_id, BatchEvent.PAUSE, BatchState.PAUSED, by=by)

    async def resume(
        self,
        batch_id: str,
        *,
        is_strict: bool = False,
        contact: str | None = None,
        max_workers: int | None = None,
    ) -> Snapshot:
        """Go on with a batch that is paused, or that slept since an earlier coordinator died; with its end where it was being
        cancelled. It keeps its terms, but for a contact and a number of tasks that are given. ``is_strict``: `Conflict` where
        there is nothing to go on with."""
        async with self._state.one_at_a_time(batch_id):
            row = await self._row(batch_id)
            if is_strict and row.state not in (BatchState.RUNNING, BatchState.PAUSED):
                raise Conflict(f"batch {batch_id} is {row.state}; there is nothing to resume")
            if (contact or max_workers) and not row.state.is_final:
                await self._change_terms(row, contact, max_workers)
            if row.state is BatchState.PAUSED:
                return await self._control(batch_id, BatchEvent.RESUME, BatchState.RUNNING)
            sleeps = row.is_dormant or self._state.book(batch_id) is None
            if sleeps and row.state in (BatchState.RUNNING, BatchState.CANCELLING):
                await self._state.write(self._state.journal.set_batch_state, row.id, row.state)
                await self.open(batch_id)
            return await self.status(batch_id)

    async def _change_terms(self, row: BatchRow, contact: str | None, max_workers: int | None) -> None:
        state = self._state
        old = row.options.terms or BatchConfig(fetch_timeout_s=state.settings.terms.limits.total_timeout_s)
        terms = replace(old, contact=contact or old.contact, max_workers=max_workers or old.max_workers)
        await state.write(state.journal.set_terms, row.id, terms)
        if (book := state.engine.batches.get(row.id)) is not None:
            book.terms = terms

    async def wake(self, batch_id: str) -> None:
        """Go on with a batch that sleeps, in the state in which it fell asleep."""
        async with self._state.one_at_a_time(batch_id):
            row = await self._row(batch_id)
            if row.is_dormant and not row.state.is_final:
                await self._state.write(self._state.journal.set_batch_state, row.id, row.state)
                await self.open(batch_id)

    async def cancel(self, batch_id: str) -> Snapshot:
        """End a batch: what is in flight stops, what it has fetched stays. One that was cancelled stays so."""
        async with self._state.one_at_a_time(batch_id):
            if (await self._row(batch_id)).state is BatchState.CANCELLED:
                return await self.status(batch_id)
            await self._control(batch_id, BatchEvent.CANCEL, BatchState.CANCELLING)
            book = self._state.book(batch_id)
            if book is not None:
                try:
                    await self._state.write(self._state.journal.cancel_open, book.id)
                except CannotFinish as error:
                    self._state.halt(
                        error
                    )  # its state says "cancelling" by now; the next life ends what is open
                    raise
                if self._state.engine.cancel_open(book.id, now=self._state.now()):
                    self.finish_soon(book.id)
                self._state.announce(book.id)
            return await self.status(batch_id)

    async def _control(self, batch_id: str, event: BatchEvent, after: BatchState, by: str = "") -> Snapshot:
        state = self._state
        row = await self._row(batch_id)
        if row.state.is_final:
            raise Conflict(f"batch {batch_id} is {row.state} already; there is nothing to {event}")
        await self.open(batch_id)
        book = state.book(batch_id)
        if book is not None and book.state is not after:
            try:
                after = advance_batch(book.state, event)
            except BadTransition:
                raise Conflict(f"batch {batch_id} is {book.state}; that does not go with: {event}") from None
            await state.write(state.journal.set_batch_state, book.id, after, by=by)
            book.state = after
            log_events.steered(book, event)
            state.renew_stops()
            state.engine.pause(book.id, is_paused=after is not BatchState.RUNNING)
            state.announce(book.id)
            await self._limiters.spread_stops()
            state.wake.set()
        return await self.status(batch_id)

    def forget_finished(self, batch_id: str) -> None:
        """Forget the last snapshot of a finished batch; the journal has another."""
        self._finished.pop(batch_id, None)

    async def retry(
        self, batch_id: str, *, item_ids: list[int] | None, reason: str | None, seen: SeenGroup | None = None
    ) -> tuple[Snapshot, int]:
        """Queue dead letters again: those named, those with a reason, those of a group, or all; a completed batch opens again.
        Return the snapshot, and how many."""
        state = self._state
        async with state.one_at_a_time(batch_id):
            row = await self._row(batch_id)
            if row.state not in (BatchState.RUNNING, BatchState.PAUSED, BatchState.COMPLETED):
                raise Conflict(f"batch {batch_id} is {row.state}; its dead letters cannot be retried")
            revived = await state.write(state.journal.revive, row.id, ids=item_ids, reason=reason, seen=seen)
            log_events.retried(batch_id, sum(revived.values()))
            if revived and row.id in state.engine.batches:
                state.engine.revive(row.id, revived, now=self._state.now())
            elif revived or row.state is not BatchState.COMPLETED:
                self._finished.pop(batch_id, None)
                await self.open(batch_id, since=state.wall() if row.state is BatchState.COMPLETED else None)
            state.wake.set()
            return await self.status(batch_id), sum(revived.values())

    async def replace_part(self, old_stem: str, new: PartRow, revised: Revised) -> None:
        """Put a staged part in the place of another one of a finished batch, which has the same pages: in the journal, then on
        disk. `Conflict` where the batch works again, or the old part has been merged."""
        async with self._state.one_at_a_time(new.batch_id):
            await self._require_final(new.batch_id)
            await self._state.write(replace_part, self._state, old_stem, new, revised)
            self._finished.pop(new.batch_id, None)
            if revised.recovered and self._state.on_change is not None:
                self._state.on_change(stored_book(await self._row(new.batch_id)))

    async def discard(self, batch_id: str) -> None:
        """Drop a finished batch, its items and attempts; `Conflict` where it works again, or has results."""
        async with self._state.one_at_a_time(batch_id):
            await self._require_final(batch_id)
            await self._state.write(self._state.journal.discard_batch, batch_id)
            self._finished.pop(batch_id, None)

    async def recover_parts(self, batch_id: str) -> list[PartRow]:
        """Put the files of a finished batch in order, and return its manifest."""
        async with self._state.one_at_a_time(batch_id):
            await self._require_final(batch_id)
            parts = await self._state.write(self._state.journal.parts, batch_id)
            stems = [part.stem for part in parts]
            await self._state.write(self._state.ports.parts.recover, batch_id, stems)
            await self._settle(batch_id)
        return parts

    async def _require_final(self, batch_id: str) -> None:
        row = await self._row(batch_id)
        if not row.state.is_final:
            raise Conflict(f"batch {batch_id} is {row.state}; its pages can be read again when it has ended")

    # -- finishing ---------------------------------------------------------------------------------

    def finish_soon(self, batch: int) -> None:
        """Finish a batch that has nothing open any more, beside the loop."""
        if batch not in self._finishing:
            self._finishing.add(batch)
            self._state.background(self._finish(batch))

    async def _finish(self, batch: int) -> None:
        """Merge its small parts and announce its end, if nothing was put back into it meanwhile."""
        state = self._state
        book = state.engine.batches[batch]
        try:
            with contextlib.suppress(InterruptedError):  # it is merged when it ends the next time
                await compact_batch(state, book.batch_id)
            await self._settle(book.batch_id)
            async with state.one_at_a_time(book.batch_id):
                if not book.n_open:
                    await self._end(book)
        except CannotFinish as error:
            state.halt(error)
        finally:
            self._finishing.discard(batch)

    async def _settle(self, batch_id: str) -> None:
        """Publish all parts of a batch that ends, and delete the rest, in a store that does so late."""
        state = self._state
        await state.ports.parts.finish(
            batch_id, lambda: state.write(self._stems, batch_id), life=state.incarnation
        )

    def _stems(self, batch_id: str) -> list[str]:
        return [part.stem for part in self._state.journal.parts(batch_id)]

    async def _end(self, book: Batch) -> None:
        state = self._state
        domains = await last_domains(state, book)
        elapsed_s = self._elapsed_s(book)
        after = advance_batch(book.state, BatchEvent.EMPTY)
        version = book.version + VERSIONS_OF_AN_END
        await state.write(
            state.journal.finish_batch, book.id, state=after, finished_at=self._state.wall(), elapsed_s=elapsed_s,
            counts=dict(book.counts), version=version, half_way=book.eta.at_half,
        )  # fmt: skip
        book.state, book.version = after, version - 1
        log_events.ended(book, elapsed_s)
        with_all = replace(book, open_by_domain=dict.fromkeys(domains, 0))
        self._finished[book.batch_id] = {**self._snapshot(with_all, elapsed_s, domains), "version": version}
        if len(self._finished) > MAX_FINISHED_KEPT:
            del self._finished[next(iter(self._finished))]
        state.renew_stops()
        state.announce(book.id)
        state.engine.close(book.id, now=state.now())
        state.wake.set()
        del self._running_since[book.id]
        self._ahead.pop(book.id, None)
