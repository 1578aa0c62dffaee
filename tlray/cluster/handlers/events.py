"""Events for a message broker: one publisher reads them in order, and drops what the broker has confirmed."""

from __future__ import annotations

import asyncio
import math
from functools import partial
from typing import ClassVar

from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.ports.coordinator import Reader
from tlray.core.messaging.events import Event
from tlray.io.journal.events import RENEW_S, drop_events, has_events, read_events, want_events

LOOK_EVERY_S = 0.2
ALONE_S = 10.0
"""A publisher that has not asked for so long has ended; until then another one gets nothing."""


class Events:
    """The desk's part for events."""

    ASKS: ClassVar = frozenset({"take_events"})
    CHANGES: ClassVar = frozenset({"settle_events"})

    def __init__(self, state: CoordinatorState, reading: Reader) -> None:
        self._state = state
        self._reading = reading
        self._publisher = ""
        self._asked_at = self._wanted_at = -math.inf

    async def take_events(self, publisher: str, limit: int, wait_s: float) -> list[Event]:
        """Return the oldest events, as soon as there is one; none after ``wait_s``, or while another publisher is at work."""
        state = self._state
        deadline = state.now() + wait_s
        while not state.is_stopping and state.now() < deadline:
            now = state.now()
            if publisher == self._publisher or now > self._asked_at + ALONE_S:
                self._publisher, self._asked_at = publisher, now
                if now > self._wanted_at + RENEW_S:
                    await state.write(state.journal.run, partial(want_events, wall=state.wall()))
                    self._wanted_at = now
                if await self._reading.ask(has_events):
                    return await self._reading.ask(read_events, state.home.id, limit)
            await asyncio.sleep(LOOK_EVERY_S)
        return []

    async def settle_events(self, seq: int) -> None:
        """Drop the events up to this one."""
        await self._state.write(self._state.journal.run, partial(drop_events, seq=seq))
