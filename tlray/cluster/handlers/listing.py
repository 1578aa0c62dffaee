"""Lists: batches, items, refused lines, results and dead letters, a page at a time."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tlray.cluster.handlers.handlers import Handlers, read
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.receipts import (
    BatchCounts,
    BatchOrigin,
    BatchSummary,
    DeadGroupRecord,
    DeadGroups,
    DeadSample,
    RefusedRecord,
)
from tlray.core.politeness.dead_kind import kind_of, retry_help
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import AttemptRow, BatchRow, DoneRow, ItemFilter, ListedItem

PagePlace = tuple[str, str, int, int]
"""Batch, part, offset and length of an archived page."""
MAX_ATTEMPTS = 100
"""Attempts of an item that are shown: the last ones. A page that blocks again and again may have more."""


class ListingHandlers(Handlers):
    """Methods for lists."""

    async def list_batches(
        self,
        *,
        owner: str | None,
        state: str | None,
        before: int | None,
        limit: int,
        schedule_id: str | None = None,
    ) -> tuple[list[BatchSummary], int | None]:
        """Return batches with their counts, the newest first; those that a schedule submitted, if one is given."""
        rows = await self._reader.ask(
            lambda journal: journal.batches(
                owner=owner, state=state, before=before, limit=limit, schedule_id=schedule_id
            )
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

    @read
    async def batch_origin(self, batch_id: str) -> BatchOrigin:
        """Return whose a batch is, when it came and ended, and what it was submitted with."""
        row = await self._row(batch_id)
        options, paused = row.options, row.options.paused
        return {
            "owner": row.owner, "created_at": row.created_at, "finished_at": row.finished_at, "not_before": options.not_before,
            "fresh_for_s": options.fresh_for_s, "keeps_pages": options.keeps_pages,
            "max_attempts": options.retry.max_attempts, "webhook": options.webhook, "email": options.email,
            "paused_by": None if paused is None else paused.by, "paused_at": None if paused is None else paused.at,
            "half_way": options.half_way,
        }  # fmt: skip

    async def _counts(self, row: BatchRow) -> dict[ItemState, int]:
        book = self._state.book(row.batch_id)
        if book is not None:
            return book.counts
        if row.state is BatchState.RECEIVING:
            return {ItemState.QUEUED: await self._reader.ask(lambda journal: journal.count_items(row.id))}
        return await self._reader.ask(lambda journal: journal.totals(row))

    @read
    async def list_items(
        self, batch_id: str, shown: ItemFilter, *, after: int = 0, from_line: int = 0, limit: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Return items in the order of the list."""
        page, next_ = await self._reader.ask(
            lambda journal: journal.items_page(
                journal.batch(batch_id).id, shown, after=after, from_line=from_line, limit=limit
            )
        )
        return [_item(item) for item in page], next_

    @read
    async def get_item(self, batch_id: str, item_id: int) -> dict[str, Any] | None:
        """Return an item with its last attempts, the first one first, and where its page lies; None if there is none."""

        def query(journal: JournalReader) -> dict[str, Any] | None:
            item = journal.find_item(journal.batch(batch_id).id, item_id)
            if item is None:
                return None
            attempts = journal.attempts([item_id])[item_id]
            page = _page_of(attempts)
            return {
                **_item(item),
                "attempts": [_attempt(row) for row in attempts[-MAX_ATTEMPTS:]],
                "n_attempts": len(attempts),
                "has_page": page is not None or _answering_page(journal, item) is not None,
            }

        return await self._reader.ask(query)

    @read
    async def find_page(self, batch_id: str, item_id: int) -> PagePlace | None:
        """Return where the archived page of an item lies, its own or that of the item that answers it; None if nowhere."""

        def query(journal: JournalReader) -> PagePlace | None:
            item = journal.find_item(journal.batch(batch_id).id, item_id)
            if item is None:
                return None
            page = _page_of(journal.attempts([item_id])[item_id])
            return (batch_id, *page) if page is not None else _answering_page(journal, item)

        return await self._reader.ask(query)

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
        kind: str | None = None,
        domain: str | None = None,
        before: tuple[int, int] | None,
        limit: int,
    ) -> tuple[list[dict[str, Any]], tuple[int, int] | None]:
        """Return dead letters, each with all of its attempts, those of the newest batch first."""

        def query(journal: JournalReader) -> tuple[list[dict[str, Any]], tuple[int, int] | None]:
            page, next_ = journal.dead_letters(
                owner=owner,
                batch_id=batch_id,
                reason=reason,
                kind=kind,
                domain=domain,
                before=before,
                limit=limit,
            )
            attempts = journal.attempts([letter.item_id for letter in page])
            told = [
                {
                    **asdict(letter), "kind": letter.kind,
                    "attempts": [_attempt(row) for row in attempts[letter.item_id]],
                }
                for letter in page
            ]  # fmt: skip
            return told, next_

        return await self._reader.ask(query)

    @read
    async def count_dead(self, owner: str | None, limit: int) -> int:
        """Count the dead letters of an owner's batches, up to a limit."""
        return await self._reader.ask(lambda journal: journal.count_dead(owner=owner, limit=limit))

    @read
    async def dead_groups(self, *, owner: str | None, batch_id: str | None) -> DeadGroups:
        """Return the dead letters of a batch, or of an owner's batches, counted by kind and domain."""

        def query(journal: JournalReader) -> DeadGroups:
            groups: dict[tuple[str, str], DeadGroupRecord] = {}
            for row in journal.dead_groups(owner=owner, batch_id=batch_id):
                kind = kind_of(row.reason)
                group = groups.get((kind, row.domain))
                if group is not None:
                    group["n"] += row.n
                    group["newest_at"] = max(group["newest_at"] or 0.0, row.newest / 1e3) or None
                    continue
                help_ = retry_help(kind)
                groups[kind, row.domain] = {
                    "kind": kind, "domain": row.domain, "n": row.n, "newest_at": row.newest / 1e3 or None,
                    "retry_helps": help_.helps, "hint": help_.hint, "sample": _sample(journal, row.last_item),
                }  # fmt: skip
            found = sorted(groups.values(), key=lambda group: -group["n"])
            return {
                "total": sum(group["n"] for group in found),
                "version": journal.last_death(),
                "groups": found,
            }

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
        "attempt": row.attempt, "at": row.started_at, "node": row.node, "kind": row.kind, "reason": row.reason,
        "status": row.status,
        "latency_s": row.latency_s,
    }  # fmt: skip


def _item(item: ListedItem) -> dict[str, Any]:
    return {**asdict(item), "kind": kind_of(item.reason) if item.state == ItemState.DEAD else None}


def _page_of(attempts: list[AttemptRow]) -> tuple[str, int, int] | None:
    """Return part, offset and length of the page that was archived last; None if none was."""
    for row in reversed(attempts):
        if row.part is not None and row.raw_offset is not None and row.raw_length is not None:
            return row.part, row.raw_offset, row.raw_length
    return None


def _answering_page(journal: JournalReader, item: ListedItem) -> PagePlace | None:
    """Return the place of the page of the item whose result answers this one, if it is the same user's."""
    if item.answered_by is None or (batch_id := journal.batch_of_item(item.answered_by)) is None:
        return None
    page = _page_of(journal.attempts([item.answered_by])[item.answered_by])
    return None if page is None else (batch_id, *page)


def _sample(journal: JournalReader, item_id: int) -> DeadSample:
    batch_id = journal.batch_of_item(item_id) or ""
    item = journal.find_item(journal.batch(batch_id).id, item_id)
    assert item is not None  # noqa: S101 - of the same snapshot
    return {
        "batch_id": batch_id, "item_id": str(item_id), "line": item.line, "url": item.url, "reason": item.reason,
    }  # fmt: skip


def _counts(counts: dict[ItemState, int]) -> BatchCounts:
    return {
        "total": sum(counts.values()),
        "counts": {state.value: counts.get(state, 0) for state in ItemState},
    }
