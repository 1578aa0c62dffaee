"""Events for a message broker: one publisher reads them in order, and drops what the broker has confirmed."""

from __future__ import annotations

import asyncio
import math
from typing import Final

from tlray.cluster.handlers.handlers import Handlers, Parts, command
from tlray.core.messaging.events import Event

LOOK_EVERY_S: Final = 0.2
ALONE_S: Final = 10.0
"""A publisher that has not asked for so long has ended; until then another one gets nothing."""
WANTED_S: Final = 7 * 86_400.0
"""Events are written for so long after the last publisher: a home whose broker is gone for good does not grow for ever."""
RENEW_S: Final = 3_600.0


class EventHandlers(Handlers):
    """Methods for events."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._publisher = ""
        self._asked_at = self._wanted_at = -math.inf

    @command
    async def want_events(self) -> None:
        """Write events from now on, and for `WANTED_S` after the last question for them."""
        await self._want(self._state.now())

    async def take_events(self, publisher: str, limit: int, wait_s: float) -> list[Event]:
        """Return the oldest events, as soon as there is one; none after ``wait_s``, or while another publisher is at work."""
        state = self._state
        source, deadline = state.settings.terms.identity, state.now() + wait_s
        while not state.is_stopping and state.now() < deadline:
            now = state.now()
            if publisher == self._publisher or now > self._asked_at + ALONE_S:
                self._publisher, self._asked_at = publisher, now
                if now > self._wanted_at + RENEW_S:
                    await self._want(now)
                if events := await self._reader.ask(lambda journal: journal.events(source, limit)):
                    return events
            await asyncio.sleep(LOOK_EVERY_S)
        return []

    @command
    async def settle_events(self, seq: int) -> None:
        """Drop the events up to this one."""
        await self._state.write(self._state.journal.drop_events, seq)

    async def _want(self, now: float) -> None:
        state = self._state
        await state.write(state.journal.want_events, state.wall() + WANTED_S)
        self._wanted_at = now
