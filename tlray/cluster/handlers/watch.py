"""What is a watcher told? The newest snapshot of a batch as soon as there is one, and which items changed since the last.

Item by item changes are kept while somebody asks for them, and for a while after, so that who comes back misses none. A
restarted coordinator keeps none of earlier lives: its first answer says that they are not complete (``items_complete``).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tlray.cluster.coordinator.batches import Batches
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.core.model.progress import ItemUpdate, Snapshot, SnapshotWithItems
from tlray.core.scheduling.change_log import Changes, ItemChanged

KEEP_S = 300.0
"""Changes are kept for so long after they were asked for last."""
MAX_ITEMS = 500
"""Of one answer: the newest ones."""
SHARE_OF_TIME = 10
"""Snapshots of a batch may take this part of the time: a tenth."""


@dataclass(slots=True)
class _Kept:
    """The changes of one batch."""

    changes: Changes[ItemChanged]
    asked_at: float = 0.0


class Watching:
    """The coordinator's side of whoever watches."""

    def __init__(self, state: CoordinatorState, batches: Batches) -> None:
        self._state = state
        self._batches = batches
        self._kept: dict[str, _Kept] = {}
        self._not_before: dict[str, float] = {}
        """Batches whose snapshots are costly."""

    async def watch(self, batch_id: str, since: int | None, timeout_s: float) -> Snapshot:
        """Return the snapshot as soon as its version is above ``since`` (None: at once), or after ``timeout_s``."""
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

    async def with_items(self, batch_id: str, since: int | None, timeout_s: float) -> SnapshotWithItems:
        """Return what `watch` does, with the items that changed since: those that became final or will be tried again.

        ``items_complete`` says whether these are all of them.
        """
        self._keep(batch_id)
        rest_s = self._not_before.get(batch_id, 0.0) - self._state.now()
        if rest_s > 0 and timeout_s > 0:
            await asyncio.sleep(min(rest_s, timeout_s))
        told = await self.watch(batch_id, since, timeout_s)
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
                kept = self._kept[batch_id] = _Kept(Changes(known_since=book.version))
            elif book.changes is not kept.changes:  # it was finished, and has been opened again
                kept.changes.lose(version=book.version)
            book.changes = kept.changes
        if kept is not None:
            kept.asked_at = self._state.now()
        return kept

    def refresh(self, now: float) -> None:
        """Tell watchers of what has moved without an announcement, and forget changes that nobody asks for."""
        self._state.announce_moves(now=now)
        for batch_id in [b for b, kept in self._kept.items() if now - kept.asked_at > KEEP_S]:
            del self._kept[batch_id]
            if (book := self._state.book(batch_id)) is not None:
                book.changes = None
        if len(self._not_before) > len(self._state.engine.books) + len(self._kept):
            self._not_before = {b: at for b, at in self._not_before.items() if at > now}
