"""Lists: batches, items, refused lines, results and dead letters, a page at a time."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tlray.cluster.handlers.handlers import Handlers, read
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.receipts import BatchCounts, BatchSummary, RefusedRecord
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import AttemptRow, BatchRow, DoneRow


class ListingHandlers(Handlers):
    """Methods for lists."""

    async def list_batches(
        self, *, owner: str | None, state: str | None, before: int | None, limit: int
    ) -> tuple[list[BatchSummary], int | None]:
        """Return batches with their counts, the newest first."""
        rows = await self._reader.ask(
            lambda journal: journal.batches(owner=owner, state=state, before=before, limit=limit)
        )
        told: list[BatchSummary] = [
            {
                "batch_id": row.batch_id, "name": row.name, "state": row.state.value, "owner": row.owner,
                "priority": row.priority.name.lower(), "created_at": row.created_at, "finished_at": row.finished_at,
                "tracks": row.n_tracks, "duplicates": row.n_duplicates, "n_rejected": row.n_rejected,
                **_counts(await self._counts(row)),
            }
            for row in rows
        ]  # fmt: skip
        return told, rows[-1].id if len(rows) == limit else None

    async def _counts(self, row: BatchRow) -> dict[ItemState, int]:
        book = self._state.book(row.batch_id)
        if book is not None:
            return book.counts
        if row.state is BatchState.RECEIVING:
            return {ItemState.QUEUED: await self._reader.ask(lambda journal: journal.count_items(row.id))}
        return await self._reader.ask(lambda journal: journal.totals(row))

    @read
    async def list_items(
        self, batch_id: str, *, state: str | None, after: int, limit: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Return items in the order of the list."""
        wanted = None if state is None else ItemState(state)
        page, next_ = await self._reader.ask(
            lambda journal: journal.items_page(
                journal.batch(batch_id).id, state=wanted, after=after, limit=limit
            )
        )
        return [asdict(item) for item in page], next_

    @read
    async def list_refused(
        self, batch_id: str, *, after: int, limit: int
    ) -> tuple[list[RefusedRecord], int | None]:
        """Return the lines of a batch's list that made no item."""
        page = await self._reader.ask(
            lambda journal: journal.refused_lines(journal.batch(batch_id).id, after=after, limit=limit)
        )
        told: list[RefusedRecord] = [
            {"line": r.line, "url": r.text, "reason": r.reason, "first_line": r.first_line} for r in page
        ]
        return told, page[-1].line if len(page) == limit else None

    @read
    async def list_done(self, batch_id: str, *, after: int, limit: int) -> tuple[list[DoneRow], bool]:
        """Return the items that succeeded next after a number, and whether the batch was finished before that was asked."""

        def query(journal: JournalReader) -> tuple[list[DoneRow], bool]:
            row = journal.batch(batch_id)
            return journal.results_after(row.id, after=after, limit=limit), row.state.is_final

        return await self._reader.ask(query)

    @read
    async def list_dead_letters(
        self,
        *,
        owner: str | None,
        batch_id: str | None,
        reason: str | None,
        before: tuple[int, int] | None,
        limit: int,
    ) -> tuple[list[dict[str, Any]], tuple[int, int] | None]:
        """Return dead letters, each with all of its attempts, those of the newest batch first."""

        def query(journal: JournalReader) -> tuple[list[dict[str, Any]], tuple[int, int] | None]:
            page, next_ = journal.dead_letters(
                owner=owner, batch_id=batch_id, reason=reason, before=before, limit=limit
            )
            attempts = journal.attempts([letter.item_id for letter in page])
            told = [
                {**asdict(letter), "attempts": [_attempt(row) for row in attempts[letter.item_id]]}
                for letter in page
            ]
            return told, next_

        return await self._reader.ask(query)

    @read
    async def manifest(self, batch_id: str) -> tuple[list[str], int]:
        """Return the parts that have a batch's rows, and the number of the item that succeeded last."""

        def query(journal: JournalReader) -> tuple[list[str], int]:
            stems = [part.stem for part in journal.parts(batch_id) if part.has_rows]
            return stems, journal.last_result(journal.batch(batch_id).id)

        return await self._reader.ask(query)


def _attempt(row: AttemptRow) -> dict[str, Any]:
    return {
        "attempt": row.attempt, "at": row.started_at, "kind": row.kind, "reason": row.reason, "status": row.status,
        "latency_s": row.latency_s,
    }  # fmt: skip


def _counts(counts: dict[ItemState, int]) -> BatchCounts:
    return {
        "total": sum(counts.values()),
        "counts": {state.value: counts.get(state, 0) for state in ItemState},
    }
