"""The coordinator's side of the backlog: what is open is counted once from the journal, then kept in memory.

`tlray.core.backlog` decides. A new life of the coordinator counts anew when the next list comes.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence

from tlray.cluster.state import CoordinatorState
from tlray.core.backlog import Backlog, Refusal, Standing
from tlray.core.lifecycle import BatchState
from tlray.errors import BacklogFull, ListTooLong, NoSuchBatch
from tlray.io.journal_reader import JournalReader, OpenRow
from tlray.io.journal_rows import Entry


class Admission:
    """Whether lists that are submitted have room."""

    def __init__(self, state: CoordinatorState) -> None:
        self._state = state
        self._backlog = Backlog(state.settings.bounds)
        self._owners: dict[str, str] = {}
        self._is_counted = False
        self._counting = asyncio.Lock()

    async def prepare(self) -> None:
        """Count what is open, if that has not been done."""
        async with self._counting:
            if self._is_counted:
                return
            rows = await self._state.write(self._read)
            now = time.monotonic()
            for row in rows:
                if self._state.book(row.batch_id) is None:
                    self._backlog.keep(
                        row.batch_id, row.owner, n_open=row.n_open, is_receiving=row.is_receiving, now=now
                    )
            self._is_counted = True

    def _read(self) -> list[OpenRow]:
        with JournalReader.of(self._state.home.path) as journal:
            return journal.open_items()

    def begin(self, batch_id: str, owner: str) -> None:
        """Count a list that is going to be received."""
        if self._state.book(batch_id) is None:
            self._backlog.keep(batch_id, owner, now=time.monotonic())

    async def reserve(self, batch_id: str, entries: Sequence[Entry]) -> None:
        """Make room for a piece of a list; `BacklogFull` where there is none now."""
        await self.prepare()
        if not self._backlog.is_receiving(batch_id):
            if self._state.book(batch_id) is None:
                raise NoSuchBatch(batch_id, str(self._state.home.path))
            return  # the piece came once more, after the whole list was taken in
        n = len({entry.fingerprint for entry in entries})
        now = time.monotonic()
        refusal = self._backlog.reserve(batch_id, n, self._standings(now), now=now)
        if refusal is None:
            return
        for gone in self._backlog.abandoned(now):
            self._backlog.forget(gone)
            await self._state.write(self._state.journal.abandon_batch, gone)
        left_s = refusal.retry_after_s
        raise BacklogFull(
            refusal.bound,
            _setting(refusal),
            refusal.n_open,
            None if left_s is None else max(1, math.ceil(left_s)),
            refusal.can_wait,
        )

    def appended(self, batch_id: str, n_duplicates: int) -> None:
        """Take in how many of a piece were duplicates; `ListTooLong` where the list is now seen to be."""
        if self._backlog.is_receiving(batch_id):
            self._backlog.give_back(batch_id, n_duplicates)
            if (found := self._backlog.is_too_long(batch_id)) is not None:
                raise ListTooLong(found.bound, _setting(found))

    def opened(self, batch_id: str, owner: str) -> None:
        """Take in that a batch is in memory from now on: its books count."""
        self._owners[batch_id] = owner
        self._backlog.forget(batch_id)

    def forget(self, batch_id: str) -> None:
        """Take in that a list was not kept."""
        self._backlog.forget(batch_id)

    def _standings(self, now: float) -> list[Standing]:
        engine = self._state.engine
        return [
            Standing(
                self._owners.get(book.batch_id, ""),
                book.n_open,
                book.state is BatchState.RUNNING,
                lambda batch=book.id: engine.remaining_s(batch, now=now),  # type: ignore[misc]
            )
            for book in engine.books.values()
        ]


def _setting(refusal: Refusal) -> str:
    return "TLRAY_MAX_OPEN_ITEMS_PER_USER" if refusal.is_per_owner else "TLRAY_MAX_OPEN_ITEMS"
