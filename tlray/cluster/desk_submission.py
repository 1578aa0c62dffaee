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
        chunks: list[Chunk],
        key: str | None = None,
        digest: str = "",
    ) -> dict[str, Any]:
        """Take in a whole list and return its receipt.

        ``key`` is the submitter's name for this request and ``digest`` tells what is in it: `Conflict` where something else
        came under that key before.
        """
        request_key = f"once {batch_id}" if key is None else f"{owner}\n{key}"
        if key is not None:
            await self._claim(request_key, digest)
        made = await self._batches.create(
            batch_id, name=name, priority=priority, options=options, request_key=request_key, owner=owner
        )
        if made == batch_id or await self._is_receiving(made):
            await self._receive(made, chunks)
        return await self.receipt(made)

    async def _receive(self, batch_id: str, chunks: list[Chunk]) -> None:
        try:
            n_items = 0
            for chunk in chunks:
                duplicates = await self._batches.append(batch_id, chunk.entries, chunk.refused)
                n_items += len(chunk.entries) - len(duplicates)
            if not n_items:
                raise UsageError(nothing_to_do([line for chunk in chunks for line in chunk.refused]))  # noqa: TRY301
        except BaseException:
            await self._batches.abandon(batch_id)
            raise
        await self._batches.commit(batch_id)

    async def _claim(self, request_key: str, digest: str) -> None:
        claim = partial(claim_key, request_key=request_key, digest=digest)
        if not await self._state.write(self._state.journal.run, claim):
            key = request_key.partition("\n")[2]
            raise Conflict(f"under the key {key!r} another list was submitted before; take another key")

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
            "rejected": [{"line": r.line, "url": r.text, "reason": r.reason} for r in rejected],
            "duplicate_lines": [
                {"line": r.line, "url": r.text, "first_line": r.first_line} for r in duplicates
            ],
            "estimated_completion": told["estimated_completion"],
        }
