"""Lists: batches, items, refused lines, results and dead letters, a page at a time."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tlray.cluster.handlers.handlers import Handlers, read
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.io.journal.listing import (
    batches_page,
    counted,
    dead_page,
    items_page,
    lines_page,
    n_received,
    stories,
)
from tlray.io.journal.manifest import stems_with_rows
from tlray.io.journal.reader import totals
from tlray.io.journal.result_order import DoneRow, done_page, last_done
from tlray.io.journal.rows import BatchRow


class ListingHandlers(Handlers):
    """Methods for lists."""

    async def list_batches(
        self, *, owner: str | None, state: str | None, before: int | None, limit: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Return batches with their counts, the newest first."""
        rows = await self._reading.ask(batches_page, owner=owner, state=state, before=before, limit=limit)
        told = [
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
        if row.state.is_final and row.counts is not None:
            return row.counts
        if row.state is BatchState.RECEIVING:
            return {ItemState.QUEUED: await self._reading.ask(n_received, row.id)}
        return totals(await self._reading.ask(counted, row.batch_id))

    @read
    async def list_items(
        self, batch_id: str, *, state: str | None, after: int, limit: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Return items in the order of the list."""
        row = await self._row(batch_id)
        wanted = None if state is None else ItemState(state)
        page, next_ = await self._reading.ask(items_page, row.id, state=wanted, after=after, limit=limit)
        return [asdict(item) for item in page], next_

    @read
    async def list_refused(
        self, batch_id: str, *, after: int, limit: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Return the lines of a batch's list that made no item."""
        row = await self._row(batch_id)
        page, next_ = await self._reading.ask(lines_page, row.id, after=after, limit=limit)
        told = [{"line": r.line, "url": r.text, "reason": r.reason, "first_line": r.first_line} for r in page]
        return told, next_

    @read
    async def list_done(self, batch_id: str, *, after: int, limit: int) -> tuple[list[DoneRow], bool]:
        """Return the items that succeeded next after a number, and whether the batch was finished before that was asked."""
        row = await self._row(batch_id)
        return await self._reading.ask(done_page, row.id, after=after, limit=limit), row.state.is_final

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
        page, next_ = await self._reading.ask(
            dead_page, owner=owner, batch_id=batch_id, reason=reason, before=before, limit=limit
        )
        told = await self._reading.ask(stories, [letter.item_id for letter in page])
        attempts = {item: [asdict(once) for once in story] for item, story in told.items()}
        return [{**asdict(letter), "attempts": attempts[letter.item_id]} for letter in page], next_

    @read
    async def manifest(self, batch_id: str) -> tuple[list[str], int]:
        """Return the parts that have a batch's rows, and the number of the item that succeeded last."""
        row = await self._row(batch_id)
        last = await self._reading.ask(last_done, row.id)
        return await self._reading.ask(stems_with_rows, row.id), last


def _counts(counts: dict[ItemState, int]) -> dict[str, Any]:
    return {
        "total": sum(counts.values()),
        "counts": {state.value: counts.get(state, 0) for state in ItemState},
    }
