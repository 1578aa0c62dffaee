"""Admission and storage of lists: a whole list in one transaction, or chunk by chunk with one commit at the end.

Each step can be repeated, by Ray after a crash or by a sender whose answer was lost, and changes nothing then. Steps of one
list wait for each other (`CoordinatorState.one_at_a_time`).
"""

from __future__ import annotations

from collections.abc import Callable

from tlray.cluster.coordinator.admission import Admission
from tlray.cluster.coordinator.batches import Batches, Found
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState
from tlray.core.model.progress import Snapshot
from tlray.core.submission.lines import Chunk, Entry, RefusedLine
from tlray.core.submission.rules import NoGoodLine
from tlray.io.journal.rows import Added, BatchOptions, ChunkRow, NewBatch


class Submissions:
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
            made, added, found = await self._state.write(self._write_whole, new, chunk, n)
            async with self._state.one_at_a_time(made):
                await self._batches.open(made, found)
        finally:
            self._admission.forget(new.batch_id)
        return made, None if added is None else list(added.duplicates)

    def _write_whole(
        self, new: NewBatch, chunk: Chunk, n_reserved: int
    ) -> tuple[str, Added | None, Found | None]:
        journal = self._state.journal
        with journal.transaction():
            made = journal.open_batch(new)
            if journal.batch(made).state is not BatchState.RECEIVING:
                return made, None, None
            added = journal.add_lines(made, chunk.entries, chunk.refused)
            if not added.n_items:
                raise NoGoodLine(tuple(chunk.refused))
            self._admission.require_room(new.batch_id, n_reserved, added.n_items)
            journal.commit_batch(made)
            return made, added, self._batches.read(made)

    async def create(self, new: NewBatch) -> str:
        """Open a batch for its list; a repeated key returns the batch that it made before."""
        await self._admission.prepare()
        made = await self._state.write(self._state.journal.open_batch, new)
        self._admission.begin(made, new.owner)
        return made

    async def append(
        self, batch_id: str, entries: list[Entry], refused: list[RefusedLine]
    ) -> list[RefusedLine]:
        """Add lines to a batch that is being received; return the duplicates among them.

        `BacklogFull` where they have no room now, `ListTooLong` where the list never has; nothing of them is kept then.
        """
        journal = self._state.journal
        added = await self._add(batch_id, entries, lambda: journal.add_lines(batch_id, entries, refused))
        return list(added.duplicates)

    async def append_chunk(self, batch_id: str, piece: ChunkRow, chunk: Chunk) -> None:
        """Add a numbered piece, all of it or nothing; `Conflict` where it is not the next, or was another before."""
        journal, max_lines = self._state.journal, self._admission.max_lines
        await self._add(
            batch_id,
            chunk.entries,
            lambda: journal.add_chunk(batch_id, piece, chunk.entries, chunk.refused, max_lines=max_lines),
        )

    async def _add(self, batch_id: str, entries: list[Entry], add: Callable[[], Added]) -> Added:
        async with self._state.one_at_a_time(batch_id):
            n = await self._admission.reserve(batch_id, entries)
            added = Added()

            def write() -> Added:
                with self._state.journal.transaction():
                    made = add()
                    self._admission.require_room(batch_id, n, made.n_items)
                return made

            try:
                added = await self._state.write(write)
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
