"""How does the service hand over a list? In one call, all of it or nothing; sent again under the same key, it is told again
what became of it the first time."""

from __future__ import annotations

from typing import Any, ClassVar

from tlray.cluster.coordinator.batches import Batches
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.coordinator.submission import Receiving, new_batch
from tlray.cluster.ports.coordinator import Reader
from tlray.io.intake.url_list import Chunk
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import BatchOptions, RefusedLine

MAX_WARNINGS = 20
MAX_LINES_TOLD = 1_000
"""Refused lines of each kind that a receipt names; all of them are in the journal."""


class Submission:
    """The desk's part for lists."""

    ASKS: ClassVar = frozenset({"receipt"})
    CHANGES: ClassVar = frozenset({"submit"})

    def __init__(
        self, state: CoordinatorState, batches: Batches, receiving: Receiving, reading: Reader
    ) -> None:
        self._state = state
        self._batches = batches
        self._receiving = receiving
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
        request_key, known = known_by(batch_id, owner, key, digest)
        new = new_batch(
            batch_id, name=name, priority=priority, options=options, owner=owner, request_key=request_key, digest=known,
            created_at=self._state.wall(),
        )  # fmt: skip
        made, duplicates = await self._receiving.submit(new, chunk)
        if duplicates is None:
            return await self.receipt(made)
        return await self._told(made, sorted(chunk.refused, key=lambda line: line.line), duplicates)

    async def receipt(self, batch_id: str) -> dict[str, Any]:
        """Return what became of a list: its batch, and the lines that made no item."""

        def read(journal: JournalReader) -> list[list[RefusedLine]]:
            row = journal.find_batch(batch_id)
            if row is None or not row.n_duplicates + row.n_rejected:
                return [[], []]
            return [
                journal.refused_lines(row.id, is_duplicate=is_duplicate, limit=MAX_LINES_TOLD)
                for is_duplicate in (False, True)
            ]

        return await self._told(batch_id, *await self._reading.ask(read))

    async def _warnings(self, batch_id: str) -> list[str]:
        """Return what is odd about a list that was taken in: domains that its options name in vain."""

        def read(journal: JournalReader) -> list[str]:
            row = journal.find_batch(batch_id)
            return journal.domains_without_items(batch_id, row.options.named) if row is not None else []

        missing = await self._reading.ask(read)
        return [in_vain(name) for name in missing[:MAX_WARNINGS]]

    async def _told(
        self, batch_id: str, rejected: list[RefusedLine], duplicates: list[RefusedLine]
    ) -> dict[str, Any]:
        told = await self._batches.status(batch_id)
        warnings = [] if told["state"] == "receiving" else await self._warnings(batch_id)
        return {
            "batch_id": batch_id,
            "state": told["state"],
            "total": told["total"],
            "duplicates": told["duplicates"],
            "n_rejected": told["n_rejected"],
            "estimated_completion": told["estimated_completion"],
            "warnings": warnings,
            **told_lines(rejected[:MAX_LINES_TOLD], duplicates[:MAX_LINES_TOLD]),
        }


def in_vain(name: str) -> str:
    """Say that options name a domain of which a list has no URL."""
    return f"the options name {name}, and no URL of the list is there; they hold where a redirect leads there"


def known_by(batch_id: str, owner: str, key: str | None, digest: str) -> tuple[str, str | None]:
    """Return what makes a repeated request known: the sender's key, or nothing but the batch that it would make."""
    if key is None:
        return f"once {batch_id}", None
    return f"{owner}\n{key}", digest


def told_lines(rejected: list[RefusedLine], duplicates: list[RefusedLine]) -> dict[str, list[dict[str, Any]]]:
    """Return lines that made no item, as they are told."""
    return {
        "rejected": [{"line": r.line, "url": r.text, "reason": r.reason} for r in rejected],
        "duplicate_lines": [{"line": r.line, "url": r.text, "first_line": r.first_line} for r in duplicates],
    }
