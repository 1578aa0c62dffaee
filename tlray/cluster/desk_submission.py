"""How does the service hand over a list? In one call, all of it or nothing; sent again under the same key, it is told again
what became of it the first time."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from tlray.cluster.batches import Batches
from tlray.cluster.desk_reading import Reading
from tlray.cluster.state import CoordinatorState
from tlray.core.lifecycle import BatchState
from tlray.errors import Conflict, UsageError
from tlray.io.intake import Chunk, nothing_to_do
from tlray.io.journal_reader import JournalReader
from tlray.io.journal_requests import claim_key, lines_told
from tlray.io.journal_rows import BatchOptions, RefusedLine


class Submission:
    """The desk's part for lists."""

    ASKS: ClassVar = frozenset({"receipt"})
    CHANGES: ClassVar = frozenset({"submit"})

    def __init__(self, state: CoordinatorState, batches: Batches, reading: Reading) -> None:
        self._state = state
        self._batches = batches
        self._reading = reading

    async def submit(
        self,
        batch_id: str,
        *,
        name: str,
        priority: int,
        options: BatchOptions,
        owner: str,
        chunk: Chunk,
        key: str | None = None,
        digest: str = "",
    ) -> dict[str, Any]:
        """Take in a whole list and return its receipt.

        ``key`` is the submitter's name for this request and ``digest`` tells what is in it: `Conflict` where something else
        came under that key before.
        """
        request_key = await self.claim(batch_id, owner=owner, key=key, digest=digest)
        made = await self._batches.create(
            batch_id, name=name, priority=priority, options=options, request_key=request_key, owner=owner
        )
        if made == batch_id or await self._is_receiving(made):
            await self._receive(made, chunk)
        return await self.receipt(made)

    async def _receive(self, batch_id: str, chunk: Chunk) -> None:
        try:
            duplicates = await self._batches.append(batch_id, chunk.entries, chunk.refused)
            if len(chunk.entries) == len(duplicates):
                raise UsageError(nothing_to_do(chunk.refused))  # noqa: TRY301 - the batch is to be abandoned
        except BaseException:
            await self._batches.abandon(batch_id)
            raise
        await self._batches.commit(batch_id)

    async def claim(self, batch_id: str, *, owner: str, key: str | None, digest: str) -> str:
        """Return the name by which a request is known; `Conflict` where something else was sent under its key."""
        if key is None:
            return f"once {batch_id}"
        request_key = f"{owner}\n{key}"
        action = partial(claim_key, request_key=request_key, digest=digest)
        if not await self._state.write(self._state.journal.run, action):
            raise Conflict(f"under the key {key!r} another list was submitted before; take another key")
        return request_key

    async def _is_receiving(self, batch_id: str) -> bool:
        row = await self._reading.ask(JournalReader.batch_row, batch_id)
        return row is not None and row.state is BatchState.RECEIVING

    async def receipt(self, batch_id: str) -> dict[str, Any]:
        """Return what became of a list: its batch, and the lines that made no item."""
        told = await self._batches.status(batch_id)
        row = await self._reading.ask(JournalReader.batch_row, batch_id)
        rejected: list[RefusedLine] = []
        duplicates: list[RefusedLine] = []
        if row is not None and row.n_duplicates + row.n_rejected:
            rejected, duplicates = await self._reading.ask(lines_told, row.id)
        return {
            "batch_id": batch_id,
            "state": told["state"],
            "total": told["total"],
            "duplicates": told["duplicates"],
            "n_rejected": told["n_rejected"],
            "estimated_completion": told["estimated_completion"],
            **told_lines(rejected, duplicates),
        }


def told_lines(rejected: list[RefusedLine], duplicates: list[RefusedLine]) -> dict[str, list[dict[str, Any]]]:
    """Return lines that made no item, as they are told."""
    return {
        "rejected": [{"line": r.line, "url": r.text, "reason": r.reason} for r in rejected],
        "duplicate_lines": [{"line": r.line, "url": r.text, "first_line": r.first_line} for r in duplicates],
    }
