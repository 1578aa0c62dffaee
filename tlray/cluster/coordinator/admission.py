"""The coordinator's side of the backlog: what is open is counted once from the journal, then kept in memory.

`tlray.core.scheduling.backlog` decides. A new life of the coordinator counts anew when the next list comes.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from tlray.cluster.coordinator.state import CoordinatorState
from tlray.core.model.lifecycle import BatchState
from tlray.core.scheduling.backlog import Backlog, BatchLoad, InMemory, Refusal
from tlray.core.submission.lines import Entry
from tlray.errors import BacklogFull, ListTooLong


class Admission:
    """Admission of lists: room in the backlog."""

    def __init__(self, state: CoordinatorState) -> None:
        self._state = state
        self._backlog = Backlog(state.settings.bounds)
        self._is_counted = False
        self._counting = asyncio.Lock()

    async def prepare(self) -> None:
        """Count what is open, if that has not been done."""
        async with self._counting:
            if self._is_counted:
                return
            rows = await self._state.ports.reader.ask(lambda journal: journal.count_open_items())
            now = self._state.now()
            for row in rows:
                if self._state.book(row.batch_id) is None:
                    self._backlog.add(
                        row.batch_id, row.owner, n_open=row.n_open, is_receiving=row.is_receiving, now=now
                    )
            self._is_counted = True

    def begin(self, batch_id: str, owner: str) -> None:
        """Count a list that is going to be received."""
        if self._state.book(batch_id) is None:
            self._backlog.add(batch_id, owner, now=self._state.now())

    async def reserve(self, batch_id: str, entries: Sequence[Entry]) -> int:
        """Make room for lines of a list; return for how many items: give back by `settle` what does not become one.

        `BacklogFull` where there is no room now, `ListTooLong` where there never will be. None is made for a list that is taken
        in already.
        """
        await self.prepare()
        if not self._backlog.is_receiving(batch_id):
            return 0
        n = len({entry.fingerprint for entry in entries})
        now = self._state.now()
        refusal = self._backlog.reserve(batch_id, n, self._in_memory(now), now=now)
        if refusal is None:
            return n
        if n > refusal.bound:  # to wait would be in vain
            raise ListTooLong(refusal.bound, _setting(refusal))
        left_s = refusal.retry_after_s
        raise BacklogFull(
            refusal.bound,
            _setting(refusal),
            refusal.n_open,
            None if left_s is None else max(1, math.ceil(left_s)),
            refusal.can_wait,
        )

    def require_room(self, batch_id: str, n_reserved: int, n_items: int) -> None:
        """Raise `ListTooLong` where so many items, now that the duplicates are known, make a list longer than it may ever be.

        This is asked in the journal's thread, before the lines are committed; nothing else reserves for this list meanwhile.
        """
        if self._backlog.is_receiving(batch_id):
            found = self._backlog.is_too_long(batch_id, less=n_reserved - n_items)
            if found is not None:
                raise ListTooLong(found.bound, _setting(found))

    @property
    def is_receiving(self) -> bool:
        """True while a list is being received, up to its commit."""
        return self._backlog.is_any_receiving

    @property
    def max_lines(self) -> int:
        """The most lines of a list, good or refused: all are stored."""
        return max(100_000, 2 * self._state.settings.bounds.per_owner)

    def settle(self, batch_id: str, n_reserved: int, n_items: int) -> None:
        """Take in how many items came of lines that room was made for."""
        self._backlog.give_back(batch_id, n_reserved - n_items)

    def abandoned(self) -> list[str]:
        """Return the lists whose senders were not heard of for an hour."""
        return self._backlog.abandoned(self._state.now())

    def forget(self, batch_id: str) -> None:
        """Take in that a list was not kept, or that its batch is in memory from now on."""
        self._backlog.forget(batch_id)

    def _in_memory(self, now: float) -> InMemory:
        engine = self._state.engine
        return InMemory(
            engine.open_items,
            lambda: [
                BatchLoad(
                    book.owner,
                    book.n_open,
                    book.state is BatchState.RUNNING,
                    lambda batch=book.id: engine.remaining_s(batch, now=now),  # type: ignore[misc]
                )
                for book in engine.batches.values()
            ],
        )


def _setting(refusal: Refusal) -> str:
    return "TLRAY_MAX_OPEN_ITEMS_PER_USER" if refusal.is_per_owner else "TLRAY_MAX_OPEN_ITEMS"
