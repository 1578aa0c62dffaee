"""Admission and storage of lists: a whole list in one transaction, or chunk by chunk with one commit at the end.

Each step can be repeated, by Ray after a crash or by a sender whose answer was lost, and changes nothing then. Steps of one
list wait for each other (`CoordinatorState.one_at_a_time`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial

from tlray.cluster.coordinator.admission import Admission
from tlray.cluster.coordinator.batches import Batches, Found
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.core.model.item import Priority
from tlray.core.model.progress import Snapshot
from tlray.errors import UsageError
from tlray.io.intake.url_list import Chunk, nothing_to_do
from tlray.io.journal.chunks import PieceRow
from tlray.io.journal.rows import BatchOptions, Entry, RefusedLine
from tlray.io.journal.submission import Added, NewBatch, add_lines, add_piece, open_batch, submit_whole


class Receiving:
    """The coordinator's side of whoever submits."""

    def __init__(self, state: CoordinatorState, admission: Admission, batches: Batches) -> None:
        self._state = state
        self._admission = admission
        self._batches = batches

    async def submit(self, new: NewBatch, chunk: Chunk) -> tuple[str, list[RefusedLine] | None]:
        """Take in a whole list; return its batch and its duplicates: None where the same request made the batch before.

        `BacklogFull` and `ListTooLong` where it has no room, `UsageError` where no line is a good URL.
        """
        self._admission.begin(new.batch_id, new.owner)
        try:
            n = await self._admission.reserve(new.batch_id, chunk.entries)
            number_of = self._state.journal.domain_number

            def write(db: sqlite3.Connection) -> tuple[str, Added | None, Found | None]:
                made, added = submit_whole(db, new, chunk.entries, chunk.refused, number_of)
                if added is not None:
                    if not added.n_items:
                        raise UsageError(nothing_to_do(chunk.refused))
                    self._admission.see_that_it_fits(new.batch_id, n, added.n_items)
                return made, added, self._batches.read(made) if added is not None else None

            made, added, found = await self._state.write(self._state.journal.run, write)
            async with self._state.one_at_a_time(made):
                await self._batches.open(made, found)
        finally:
            self._admission.forget(new.batch_id)
        return made, None if added is None else list(added.duplicates)

    async def create(self, new: NewBatch) -> str:
        """Open a batch for its list; a repeated key returns the batch that it made before."""
        await self._admission.prepare()
        made = await self._state.write(self._state.journal.run, partial(open_batch, new=new))
        self._admission.begin(made, new.owner)
        return made

    async def append(
        self, batch_id: str, entries: list[Entry], refused: list[RefusedLine]
    ) -> list[RefusedLine]:
        """Add lines to a batch that is being received; return the duplicates among them.

        `BacklogFull` where they have no room now, `ListTooLong` where the list never has; nothing of them is kept then.
        """
        number_of = self._state.journal.domain_number
        number = await self._number(batch_id)
        add = partial(add_lines, batch=number, entries=entries, refused=refused, number_of=number_of)
        return list((await self._add(batch_id, entries, add)).duplicates)

    async def append_piece(self, batch_id: str, piece: PieceRow, chunk: Chunk) -> None:
        """Add a numbered piece, all of it or nothing; `Conflict` where it is not the next, or was another before."""
        add = partial(
            add_piece, batch=await self._number(batch_id), piece=piece, entries=chunk.entries, refused=chunk.refused,
            number_of=self._state.journal.domain_number, max_lines=self._admission.max_lines,
        )  # fmt: skip
        await self._add(batch_id, chunk.entries, add)

    async def _add(
        self, batch_id: str, entries: list[Entry], add: Callable[[sqlite3.Connection], Added]
    ) -> Added:
        async with self._state.one_at_a_time(batch_id):
            n = await self._admission.reserve(batch_id, entries)
            added = Added()

            def write(db: sqlite3.Connection) -> Added:
                made = add(db)
                self._admission.see_that_it_fits(batch_id, n, made.n_items)
                return made

            try:
                added = await self._state.write(self._state.journal.run, write)
            finally:
                self._admission.settle(batch_id, n, added.n_items)
        return added

    async def commit(self, batch_id: str) -> Snapshot:
        """Make a received batch real and start it; return its first snapshot."""
        async with self._state.one_at_a_time(batch_id):
            await self._state.write(self._state.journal.commit_batch, batch_id)
            await self._batches.open(batch_id)
        return await self._batches.status(batch_id)

    async def abandon(self, batch_id: str) -> bool:
        """Forget a batch that was never committed; False where there is none such."""
        async with self._state.one_at_a_time(batch_id):
            was_there = await self._state.write(self._state.journal.abandon_batch, batch_id)
            self._admission.forget(batch_id)
        return was_there

    async def abandon_old(self) -> None:
        """Forget lists whose senders are gone."""
        for batch_id in self._admission.abandoned():
            await self.abandon(batch_id)

    async def _number(self, batch_id: str) -> int:
        return await self._state.write(self._state.journal.batch_number, batch_id)


def new_batch(
    batch_id: str,
    *,
    name: str,
    priority: int,
    options: BatchOptions,
    created_at: float,
    owner: str = "",
    key: str | None = None,
    digest: str | None = None,
) -> NewBatch:
    """Return a batch that is to be opened; ``created_at`` is in epoch seconds.

    ``key`` is its owner's name for the request and ``digest`` stands for its content: the same key again makes no second batch.
    Without a key the request is known by the batch's id, so that only the very same call is a repetition.
    """
    request_key, known = (f"once {batch_id}", None) if key is None else (f"{owner}\n{key}", digest)
    return NewBatch(batch_id, name, Priority(priority), options, request_key, created_at, owner, known)
