"""Pause, resume, cancel and retry of one batch. An action that its state does not allow raises `Conflict`."""

from __future__ import annotations

import logging

from tlray.cluster.handlers.handlers import Handlers, command, read
from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchEvent, BatchState
from tlray.core.model.progress import Retried, RetriedGroup, Snapshot
from tlray.core.politeness.dead_kind import kind_of
from tlray.errors import Conflict, TlrayError
from tlray.io.journal.rows import PartRow, Revised, SeenGroup

logger = logging.getLogger(__name__)


class ControlHandlers(Handlers):
    """Methods for one batch."""

    @read
    async def batch_owner(self, batch_id: str) -> str:
        """Return whose a batch is; `NoSuchBatch` if there is none."""
        return (await self._row(batch_id)).owner

    @command
    async def control(self, batch_id: str, event: BatchEvent, *, by: str = "") -> Snapshot:
        """Pause, resume or cancel a batch, as a user wants; `Conflict` where that does not go with its state."""
        row = await self._row(batch_id)
        if row.state is BatchState.RECEIVING and event is BatchEvent.CANCEL:
            told = await self._batches.status(batch_id)
            if await self._submissions.abandon(batch_id):
                counts = dict.fromkeys(told["counts"], 0) | {"cancelled": told["total"]}
                return {**told, "state": BatchState.CANCELLED.value, "counts": counts}
            row = await self._row(batch_id)  # it was made real just now
        if row.state is BatchState.RECEIVING:
            raise Conflict(f"batch {batch_id} is still being received; commit it first")
        if event is BatchEvent.RESUME:
            return await self._batches.resume(batch_id, is_strict=True)
        if event is BatchEvent.PAUSE:
            return await self._batches.pause(batch_id, by=by)
        return await self._batches.cancel(batch_id)

    @command
    async def resume(
        self, batch_id: str, *, contact: str | None = None, max_workers: int | None = None
    ) -> Snapshot:
        """Go on with a batch that is paused, or that slept since an earlier coordinator died; a contact and a number of tasks
        that are given are its own from now on."""
        return await self._batches.resume(batch_id, contact=contact, max_workers=max_workers)

    @command
    async def change_batch(
        self, batch_id: str, *, name: str | None = None, priority: int | None = None
    ) -> Snapshot:
        """Change a batch's name or priority. Items that are leased already keep their turn."""
        state, level = self._state, None if priority is None else Priority(priority)
        async with state.one_at_a_time(batch_id):
            row = await self._row(batch_id)
            await state.write(state.journal.change_batch, row.id, name=name, priority=level)
            self._batches.forget_finished(batch_id)
            if (book := state.engine.batches.get(row.id)) is not None:
                book.name = book.name if name is None else name
                state.engine.set_priority(book.id, book.priority if level is None else level)
                state.announce(book.id)
                state.wake.set()
            return await self._batches.status(batch_id)

    @command
    async def retry(
        self,
        batch_id: str,
        *,
        item_ids: list[int] | None = None,
        reason: str | None = None,
        seen: SeenGroup | None = None,
    ) -> Retried:
        """Queue dead letters again: those named, those with a reason, those of a group as far as it was seen, or all;
        ``n_retried`` says how many, ``n_left`` how many of the group have died since."""
        row = await self._row(batch_id)
        if row.state is BatchState.RECEIVING:
            raise Conflict(f"batch {batch_id} is still being received; commit it first")
        told, n = await self._batches.retry(batch_id, item_ids=item_ids, reason=reason, seen=seen)
        n_left = told["counts"]["dead"] if seen is None else await self._count_dead(seen, batch_id=batch_id)
        return {**told, "n_retried": n, "n_left": n_left}

    @command
    async def retry_group(self, owner: str | None, seen: SeenGroup) -> RetriedGroup:
        """Queue the dead letters of a group again, in every batch of an owner whose state allows it."""
        n_retried = n_batches = 0
        for batch_id in await self._reader.ask(lambda journal: journal.batches_with_dead(seen, owner=owner)):
            try:
                _, n = await self._batches.retry(batch_id, item_ids=None, reason=None, seen=seen)
            except Conflict:  # cancelled, or about to be
                n = 0
            n_retried, n_batches = n_retried + n, n_batches + (n > 0)
        n_left = await self._count_dead(seen, owner=owner)
        return {"n_retried": n_retried, "n_left": n_left, "n_batches": n_batches}

    @command
    async def discard(self, batch_id: str) -> None:
        """Drop a finished batch that has no results."""
        await self._batches.discard(batch_id)

    async def _count_dead(
        self, seen: SeenGroup, *, batch_id: str | None = None, owner: str | None = None
    ) -> int:
        """Count the dead letters of a group, those that died since it was seen included."""
        groups = await self._reader.ask(lambda journal: journal.dead_groups(owner=owner, batch_id=batch_id))
        return sum(row.n for row in groups if (kind_of(row.reason), row.domain) == (seen.kind, seen.domain))

    @command
    async def recover_parts(self, batch_id: str) -> list[PartRow]:
        """Put the files of a finished batch in order, and return its manifest."""
        return await self._batches.recover_parts(batch_id)

    @command
    async def replace_part(self, old_stem: str, new: PartRow, revised: Revised) -> None:
        """Put a staged part in the place of another part of a finished batch, whose pages were read again."""
        await self._batches.replace_part(old_stem, new, revised)

    @command
    async def wake_batches(self) -> int:
        """Go on with every batch that sleeps since an earlier coordinator died; return how many."""
        journal = self._state.journal
        n = 0
        for batch_id, sleeps in await self._state.write(journal.open_batches):
            if sleeps:
                try:
                    await self._batches.wake(batch_id)
                except TlrayError as error:  # the others go on
                    logger.error("batch does not wake batch=%s why=%s", batch_id, error)  # noqa: TRY400 - it says all
                else:
                    n += 1
        return n
