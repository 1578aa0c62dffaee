"""Progress of a batch for its watchers: a snapshot as soon as there is a newer one, and the items that changed since.

Item changes are kept while somebody asks for them, and for a while after, so that a client that comes back misses none. A
restarted coordinator has none of earlier lives: its first answer says that they are not complete (``items_complete``).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tlray.cluster.handlers.handlers import Handlers, Parts
from tlray.core.model.progress import (
    BatchStatus,
    ItemUpdate,
    ProgressMessage,
    Snapshot,
    SnapshotWithItems,
    Workers,
)
from tlray.core.scheduling.change_log import ChangedItem, ChangeLog

KEEP_S = 300.0
"""Changes are kept for so long after they were asked for last."""
MAX_ITEMS = 500
"""Of one answer: the newest ones."""
SESSION_S = 5.0
"""A driver that has not asked for news for so long is gone."""
SHARE_OF_TIME = 10
"""Snapshots of a batch may take this part of the time: a tenth."""


@dataclass(slots=True)
class _Kept:
    """The changes of one batch."""

    changes: ChangeLog[ChangedItem]
    asked_at: float = 0.0


class WatchHandlers(Handlers):
    """The coordinator's methods for who follows a batch."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._kept: dict[str, _Kept] = {}
        self._not_before: dict[str, float] = {}
        """Batches whose snapshots are costly."""
        self._sessions: dict[str, float] = {}
        """Driver → when it called last."""

    async def status(self, batch_id: str) -> BatchStatus:
        """Return a batch's snapshot."""
        return {**await self._batches.status(batch_id), **self._workers(), "last_known": None}

    async def watch(
        self,
        batch_id: str,
        since: int | None,
        timeout_s: float,
        session: str,
    ) -> BatchStatus:
        """Return the snapshot as soon as its version is above ``since`` (None: at once), or after ``timeout_s``."""
        await self.stay(session)
        return {**await self._news(batch_id, since, timeout_s), **self._workers(), "last_known": None}

    async def watch_items(
        self,
        batch_id: str,
        since: int | None,
        timeout_s: float,
        session: str,
    ) -> ProgressMessage:
        """Return what `watch` does, with the items that changed since: those that became final or will be tried again.

        ``items_complete`` says whether these are all of them.
        """
        await self.stay(session)
        told = await self._with_items(batch_id, since, timeout_s)
        return {**told, **self._workers(), "last_known": None}

    def _workers(self) -> Workers:
        return {"workers": self._leasing.n_working, "workers_waiting": self._leasing.n_waiting}

    async def stay(self, session: str) -> None:
        """Note that a driver needs this Ray, though it may watch no batch now."""
        self._sessions[session] = self._state.now()

    async def other_sessions(self, session: str) -> int:
        """Return how many other drivers called within the last seconds."""
        return self._n_drivers(but=session)

    def _n_drivers(self, but: str | None = None) -> int:
        since = self._state.now() - SESSION_S
        return sum(1 for other, at in self._sessions.items() if other != but and at >= since)

    async def _news(self, batch_id: str, since: int | None, timeout_s: float) -> Snapshot:
        deadline = self._state.now() + timeout_s
        while True:
            began_at = self._state.now()
            told = await self._batches.status(batch_id)
            now = self._state.now()
            left_s = deadline - now
            if since is None or told["version"] > since or told["trouble"] or left_s <= 0:
                self._not_before[batch_id] = now + SHARE_OF_TIME * (now - began_at)
                return told
            await self._state.news(batch_id, left_s, seen=told["version"])

    async def _with_items(self, batch_id: str, since: int | None, timeout_s: float) -> SnapshotWithItems:
        self._keep(batch_id)
        rest_s = self._not_before.get(batch_id, 0.0) - self._state.now()
        if rest_s > 0 and timeout_s > 0:
            await asyncio.sleep(min(rest_s, timeout_s))
        told = await self._news(batch_id, since, timeout_s)
        kept = self._keep(batch_id)
        if since is None:
            return {**told, "items": [], "items_complete": True}
        if kept is None:
            return {**told, "items": [], "items_complete": since >= told["version"]}
        found, is_complete = kept.changes.take(since)
        now, wall = self._state.now(), self._state.wall()
        items: list[ItemUpdate] = [change.as_json(now=now, wall=wall) for change in found[-MAX_ITEMS:]]
        is_complete = is_complete and len(found) == len(items) and since <= told["version"]
        return {**told, "items": items, "items_complete": is_complete}

    def _keep(self, batch_id: str) -> _Kept | None:
        """Keep the changes of a batch from now on; None where none are kept and none will come."""
        kept, book = self._kept.get(batch_id), self._state.book(batch_id)
        if book is not None:
            if kept is None:
                changes = book.changes if book.changes is not None else ChangeLog(known_since=book.version)
                kept = self._kept[batch_id] = _Kept(changes)
            elif book.changes is not kept.changes:  # it was finished, and has been opened again
                kept.changes.reset(version=book.version)
            book.changes = kept.changes
        if kept is not None:
            kept.asked_at = self._state.now()
        return kept

    def _refresh_watchers(self, now: float) -> None:
        """Tell watchers of what has moved without an announcement, and forget changes that nobody asks for."""
        self._state.announce_moves(now=now)
        for batch_id in [b for b, kept in self._kept.items() if now - kept.asked_at > KEEP_S]:
            del self._kept[batch_id]
            if (book := self._state.book(batch_id)) is not None and self._state.on_change is None:
                book.changes = None
        if len(self._not_before) > len(self._state.engine.batches) + len(self._kept):
            self._not_before = {b: at for b, at in self._not_before.items() if at > now}
