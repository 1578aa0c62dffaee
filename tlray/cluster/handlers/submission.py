"""Submission of a list: in one call by the service, or opened, appended to and committed by the command line.

Either way all of it is accepted or nothing. A request that is repeated under its key gets the receipt of the first one.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tlray.cluster.coordinator.submission import new_batch
from tlray.cluster.handlers.handlers import Handlers, command
from tlray.core.model.progress import Snapshot
from tlray.core.model.receipts import Receipt
from tlray.core.submission.lines import Chunk, Entry, RefusedLine
from tlray.core.submission.receipt_lines import (
    MAX_LINES_LISTED,
    MAX_WARNINGS,
    refused_as_json,
    warning_of_unused,
)
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import BatchOptions


class SubmissionHandlers(Handlers):
    """Methods for a list that is submitted."""

    @command
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
    ) -> Receipt:
        """Take in a whole list and return its receipt.

        ``key`` is the submitter's name for this request and ``digest`` tells what is in it: `Conflict` where something else
        came under that key before.
        """
        new = new_batch(
            batch_id, name=name, priority=priority, options=options, owner=owner, key=key, digest=digest,
            created_at=self._state.wall(),
        )  # fmt: skip
        made, duplicates = await self._submissions.submit(new, chunk)
        if duplicates is None:
            return await self.receipt(made)
        rejected = sorted(chunk.refused, key=lambda line: line.line)
        return await self._receipt(made, rejected, duplicates, names_domains=bool(options.named))

    async def submit_many(self, requests: list[dict[str, Any]]) -> list[str | BaseException]:
        """Take in several lists, each for itself; return for each its batch, or the error that `submit` raises."""
        results = await asyncio.gather(
            *(self.submit(**request) for request in requests), return_exceptions=True
        )
        return [r if isinstance(r, BaseException) else r["batch_id"] for r in results]

    @command
    async def create_batch(
        self,
        batch_id: str,
        *,
        name: str,
        priority: int,
        options: BatchOptions,
        key: str,
    ) -> str:
        """Open a batch for its list."""
        return await self._submissions.create(
            new_batch(
                batch_id,
                name=name,
                priority=priority,
                options=options,
                key=key,
                created_at=self._state.wall(),
            )
        )

    @command
    async def append(
        self, batch_id: str, entries: list[Entry], refused: list[RefusedLine]
    ) -> list[RefusedLine]:
        """Add lines to a batch that is being received; return the duplicates among them."""
        return await self._submissions.append(batch_id, entries, refused)

    @command
    async def commit_batch(self, batch_id: str) -> Snapshot:
        """Make a received batch real and start it."""
        return await self._submissions.commit(batch_id)

    async def abandon_batch(self, batch_id: str) -> None:
        """Forget a batch that was never committed."""
        await self._submissions.abandon(batch_id)

    async def receipt(self, batch_id: str) -> Receipt:
        """Return what became of a list: its batch, and the lines that made no item."""

        def query(journal: JournalReader) -> list[list[RefusedLine]]:
            row = journal.find_batch(batch_id)
            if row is None or not row.n_duplicates + row.n_rejected:
                return [[], []]
            return [
                journal.refused_lines(row.id, is_duplicate=is_duplicate, limit=MAX_LINES_LISTED)
                for is_duplicate in (False, True)
            ]

        return await self._receipt(batch_id, *await self._reader.ask(query))

    async def _warnings(self, batch_id: str) -> list[str]:
        """Return what is odd about a list that was taken in: domains that its options name in vain."""

        def query(journal: JournalReader) -> list[str]:
            row = journal.find_batch(batch_id)
            return journal.domains_without_items(batch_id, row.options.named) if row is not None else []

        missing = await self._reader.ask(query)
        return [warning_of_unused(name) for name in missing[:MAX_WARNINGS]]

    async def _receipt(
        self,
        batch_id: str,
        rejected: list[RefusedLine],
        duplicates: list[RefusedLine],
        *,
        names_domains: bool = True,
    ) -> Receipt:
        told = await self._batches.status(batch_id)
        can_warn = names_domains and told["state"] != "receiving"
        warnings = await self._warnings(batch_id) if can_warn else []
        return {
            "batch_id": batch_id,
            "state": told["state"],
            "total": told["total"],
            "duplicates": told["duplicates"],
            "n_rejected": told["n_rejected"],
            "estimated_completion": told["estimated_completion"],
            "warnings": warnings,
            **refused_as_json(rejected[:MAX_LINES_LISTED], duplicates[:MAX_LINES_LISTED]),
        }
