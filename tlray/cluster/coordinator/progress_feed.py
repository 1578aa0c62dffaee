"""The progress of every batch for readers outside: the service and other programs, through a `ProgressSink` (Redis).

The coordinator never waits for the sink. A change only marks its batch; one loop beside the engine makes the newest snapshot of
the marked batches, at most every `TICK_S`, and hands them over. While the sink is away nothing is made: the batches stay
marked, their changed items stay in their bounded logs, and the newest snapshot is made when it is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from time import thread_time
from typing import Final

from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.ports.coordinator import ProgressSink
from tlray.core.model.lifecycle import BatchState
from tlray.core.model.progress import ProgressMessage, ProgressUpdate, Snapshot, Workers
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.change_log import MAX_KEPT, ChangedItem, ChangeLog
from tlray.errors import TlrayError

logger = logging.getLogger(__name__)
TICK_S: Final = 0.02
LOOK_S: Final = 1.0
"""Changes that nobody announces, as of items that are leased, are looked for so often."""
REFRESH_S: Final = 5.0
"""A running batch is written anew at least so often: its rate and its domains' rests change with time alone."""
ALIVE_S: Final = 3_600.0
"""Any open batch is, so that its key does not expire."""
AWAY_S: Final = 0.2
SHARE_OF_TIME: Final = 40
"""Making snapshots may take this part of the time: a fortieth."""
ROUND_S: Final = 0.01
"""Of one round; the marked batches that are left are in the next one."""
MAX_ITEMS: Final = 10_000
"""Changed items of one batch that wait for the sink: half a minute of a fast one. They come in one message then."""
MAX_ITEMS_OF_ALL: Final = 50_000
MAX_FINISHED: Final = 1_000
"""Finished batches that wait for the sink."""
LAST_S: Final = 1.0
"""The last round of a coordinator that ends."""


@dataclass(slots=True)
class _Followed:
    """A batch that is written."""

    owner: str
    changes: ChangeLog[ChangedItem]
    sent: int = 0
    """The version that the sink has; 0: none of this life."""
    sent_at: float = 0.0


class ProgressFeed:
    """What the sink has, and what it is to get."""

    def __init__(
        self,
        state: CoordinatorState,
        sink: ProgressSink,
        *,
        status: Callable[[str], Awaitable[Snapshot]],
        workers: Callable[[], Workers],
        is_watched: Callable[[str], bool],
    ) -> None:
        self._state = state
        self._sink = sink
        self._status, self._workers, self._is_watched = status, workers, is_watched
        self._followed: dict[str, _Followed] = {}
        self._marked: dict[str, None] = {}
        """Batches with news, the one that has waited longest first."""
        self._news = asyncio.Event()
        self._looked_at = 0.0
        self._not_before = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, in the engine's loop."""
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._sink.run())]

    async def close(self) -> None:
        """Write what is marked, if that is soon done, and end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        until = self._state.now() + LAST_S
        try:
            async with asyncio.timeout(LAST_S):  # for a sink that waits; one that refuses may swallow it
                while self._marked and self._sink.is_ready and self._state.now() < until:
                    await self._round()
        except TimeoutError:
            logger.warning("progress not written n=%d", len(self._marked))
        except Exception:  # what follows closes the journal
            logger.exception("progress feed failed")
        await self._sink.close()

    def changed(self, batch: Batch) -> None:
        """Mark a batch."""
        followed = self._followed.get(batch.batch_id)
        if followed is None:
            log: ChangeLog[ChangedItem] = ChangeLog(known_since=batch.version, max_kept=MAX_ITEMS)
            followed = self._followed[batch.batch_id] = _Followed(batch.owner, log)
        if batch.changes is None:  # just opened; again, if it was finished
            followed.changes.reset(version=batch.version)
            batch.changes = followed.changes
        followed.changes = batch.changes
        self._marked.setdefault(batch.batch_id)
        self._news.set()

    # -- the loop ----------------------------------------------------------------------------------

    async def _run(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        while not task.cancelling():  # the sink may swallow it: `asyncio.wait_for` before Python 3.12
            try:
                await self._step()
            except Exception:
                logger.exception("progress feed failed")
                await asyncio.sleep(LOOK_S)

    async def _step(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._news.wait()
        self._look(self._state.now())
        if not self._sink.is_ready:
            await asyncio.sleep(AWAY_S)
            return
        await asyncio.sleep(self._not_before - self._state.now())
        self._news.clear()
        n_before = len(self._marked)
        await self._round()
        if self._marked and len(self._marked) < n_before:
            self._news.set()

    def _look(self, now: float) -> None:
        """Mark what has moved without an announcement, and bound what waits."""
        if now - self._looked_at < LOOK_S:
            return
        self._looked_at = now
        for batch_id, followed in self._followed.items():
            book = self._state.book(batch_id)
            if book is None:
                continue
            is_moving = book.state is BatchState.RUNNING and book.n_open > 0
            age_s = now - followed.sent_at
            if book.version > followed.sent or age_s >= ALIVE_S or (is_moving and age_s >= REFRESH_S):
                self._marked.setdefault(batch_id)
                self._news.set()
        self._bound()

    def _bound(self) -> None:
        total = sum(len(followed.changes) for followed in self._followed.values())
        if total > MAX_ITEMS_OF_ALL:
            for followed in self._followed.values():
                followed.changes.trim(MAX_ITEMS_OF_ALL // len(self._followed))
        finished = [batch_id for batch_id in self._followed if self._state.book(batch_id) is None]
        for batch_id in finished[: max(0, len(finished) - MAX_FINISHED)]:
            self._drop(batch_id)

    def _drop(self, batch_id: str) -> None:
        self._followed.pop(batch_id, None)
        self._marked.pop(batch_id, None)

    async def _round(self) -> None:
        """Write some of the marked batches."""
        begun = thread_time()  # a machine that is busy with other programs makes no snapshot costlier
        updates: list[ProgressUpdate] = []
        stored: Collection[str] = ()
        try:
            for batch_id in list(self._marked):
                del self._marked[batch_id]
                update = await self._update(batch_id)
                if update is not None:
                    updates.append(update)
                if thread_time() - begun >= ROUND_S:
                    break
            now = self._state.now()
            self._not_before = now + max(TICK_S, SHARE_OF_TIME * (thread_time() - begun))
            if updates:
                stored = await self._sink.write(updates, now=now)
        finally:
            for update in updates:
                self._note(update, is_stored=update.message["batch_id"] in stored)

    async def _update(self, batch_id: str) -> ProgressUpdate | None:
        followed = self._followed[batch_id]
        try:
            told = await self._status(batch_id)
        except TlrayError:  # it was never committed, or the journal cannot be read now
            self._drop(batch_id)
            return None
        now, wall = self._state.now(), self._state.wall()
        found, is_complete = followed.changes.take(followed.sent)
        items = [change.as_json(now=now, wall=wall) for change in found]
        trouble = told["trouble"]
        message: ProgressMessage = {
            **told,
            "trouble": trouble and trouble.replace(str(self._state.home.path), "the home"),
            **self._workers(),
            "items": items,
            "items_complete": is_complete,
            "last_known": None,
        }
        is_last = BatchState(told["state"]).is_final
        is_news = told["version"] > followed.sent
        return ProgressUpdate(followed.owner, message, followed.sent, wall, is_news=is_news, is_last=is_last)

    def _note(self, update: ProgressUpdate, *, is_stored: bool) -> None:
        batch_id = update.message["batch_id"]
        followed = self._followed.get(batch_id)
        if followed is None:
            return
        if not is_stored:
            self._marked.setdefault(batch_id)
            return
        followed.sent, followed.sent_at = update.message["version"], self._state.now()
        followed.changes.trim(MAX_KEPT if self._is_watched(batch_id) else 0, until=followed.sent)
        if update.is_last and self._state.book(batch_id) is None:
            self._drop(batch_id)
