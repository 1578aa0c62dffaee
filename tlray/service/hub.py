"""Who waits for news of a batch? Any number of requests, on one long poll per batch and replica.

An actor takes a thousand calls at a time, so that clients must not each hold one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tlray.service.gateway import Gateway

POLL_S = 20.0


@dataclass(slots=True)
class _Watched:
    """One batch that somebody waits for."""

    task: asyncio.Task[None]
    told: dict[str, Any] | None = None
    n_waiting: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None


class Hub:
    """The newest snapshot of every batch that is being watched through this replica."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._watched: dict[str, _Watched] = {}

    async def news(self, batch_id: str, since: int, timeout_s: float) -> dict[str, Any] | None:
        """Return the newest snapshot as soon as its version is above ``since``; None after ``timeout_s``."""
        watched = self._watched.get(batch_id)
        if watched is None:
            watched = _Watched(asyncio.create_task(self._follow(batch_id, since)))
            self._watched[batch_id] = watched
        watched.n_waiting += 1
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    if watched.error is not None:
                        raise watched.error
                    if watched.told is not None and watched.told["version"] > since:
                        return watched.told
                    await watched.news.wait()
        except TimeoutError:
            return None
        finally:
            watched.n_waiting -= 1
            if not watched.n_waiting and self._watched.get(batch_id) is watched:
                del self._watched[batch_id]
                watched.task.cancel()

    async def _follow(self, batch_id: str, since: int) -> None:
        await asyncio.sleep(0)  # until it is entered
        watched = self._watched[batch_id]
        try:
            while True:
                told = await self._gateway.watch(batch_id, since, POLL_S)
                if told["version"] > since:
                    since, watched.told = told["version"], told
                    self._tell(watched)
        except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it is
            watched.error = error
            self._watched.pop(batch_id, None)
            self._tell(watched)

    @staticmethod
    def _tell(watched: _Watched) -> None:
        news, watched.news = watched.news, asyncio.Event()
        news.set()
