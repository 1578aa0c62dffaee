"""Questions of one process to the catalogue: each first reads what is missing there; those that come together read it once."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from tlray.io.catalogue.catch_up import WINDOW, Standing, catch_up
from tlray.io.catalogue.database import opened
from tlray.io.disk.home import Home

T = TypeVar("T")
CATCH_UP_S: Final = 0.5
"""So long a question reads; what is missing then is counted in `Standing.n_behind`."""
PAUSE_S: Final = 1.0
"""For this time after a question that left more than a window unread, the next ones read nothing: a page asks several things, and
the watch (`catalogue_watch`) reads on."""


class CatalogueQuestions:
    """The catalogue of a home, for one process."""

    def __init__(self, home: Home, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._home, self._clock = home, clock
        self._reading = asyncio.Lock()
        self._standing = Standing(0, 0)
        self._begun_at = self._ended_at = -math.inf
        """When the last question that read began to, and when it ended."""

    async def ask(self, question: Callable[[Any], T]) -> tuple[Standing, T]:
        """Return how far the catalogue is, and the answer to a question: of all results before it, if time allows."""
        standing = await self._catch_up()
        return standing, await asyncio.to_thread(self._answer, question)

    async def _catch_up(self) -> Standing:
        asked_at = self._clock()
        async with self._reading:
            is_far_behind = self._standing.n_behind > WINDOW and self._clock() - self._ended_at < PAUSE_S
            if self._begun_at < asked_at and not is_far_behind:
                begun_at = self._clock()
                self._standing = await asyncio.to_thread(catch_up, self._home, within_s=CATCH_UP_S)
                self._begun_at, self._ended_at = begun_at, self._clock()
            return self._standing

    def _answer(self, question: Callable[[Any], T]) -> T:
        with opened(self._home) as db:
            return question(db)


_of_home: dict[Path, CatalogueQuestions] = {}


def questions_of(home: Home) -> CatalogueQuestions:
    """Return this process's questions to the catalogue of a home."""
    return _of_home.setdefault(home.path, CatalogueQuestions(home))
