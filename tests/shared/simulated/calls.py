"""Calls between processes: they take a while, come late, and come twice where an actor died before it answered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .lives import Life
from .loop import VirtualLoop

T = TypeVar("T")
A = TypeVar("A")


@dataclass
class Chances:
    """How slow calls are, and how often something goes wrong."""

    longest_call_s: float = 0.005
    """One way; most calls take a small part of it."""
    repeated: float = 0.0
    """Share of actor calls that run twice, because the first answer was lost."""
    failed_ask: float = 0.0
    """Share of asks to a limiter that fail."""
    write_s: float = 0.005
    """The longest that one action of the journal's thread takes."""
    connect_s: float = 0.0
    """The longest from a fetch's begin to its request on the wire."""


class Delays:
    """Random times of calls."""

    def __init__(self, chances: Chances, rng: random.Random) -> None:
        self.chances, self.rng = chances, rng

    def one_way_s(self) -> float:
        return self.chances.longest_call_s * self.rng.random() ** 3


class Actor(Generic[A]):
    """A named actor that is restarted when it dies, and whose calls are then made again (``max_task_retries=-1``)."""

    def __init__(self, loop: VirtualLoop, delays: Delays) -> None:
        self.loop, self.delays = loop, delays
        self.life: Life | None = None
        self.instance: A | None = None
        self._is_up = asyncio.Event()

    def is_up(self, life: Life, instance: A) -> None:
        """Take in a new life."""
        self.life, self.instance = life, instance
        self._is_up.set()

    def kill(self) -> None:
        """Kill it; somebody must bring up the next life."""
        if self.life is not None:
            self.life.kill()
        self.life = self.instance = None
        self._is_up.clear()

    async def call(self, method: Callable[[A], Awaitable[T]], *, caller: Life | None) -> T:
        """Call a method; return when an answer has come, in whichever life of the actor."""
        await asyncio.sleep(self.delays.one_way_s())
        n_more = int(self.delays.rng.random() < self.delays.chances.repeated)
        while True:
            await self._is_up.wait()
            if caller is not None:
                await caller.reach()
            life, instance = self.life, self.instance
            if life is None or instance is None:
                continue
            running = life.spawn(_run(method, instance))
            running.add_done_callback(_is_heard)
            await asyncio.wait({running, life.died}, return_when=asyncio.FIRST_COMPLETED)
            if life.is_dead:
                continue
            if n_more:
                n_more -= 1
                continue
            await asyncio.sleep(self.delays.one_way_s())
            if caller is not None:
                await caller.reach()
            return running.result()


async def _run(method: Callable[[A], Awaitable[T]], instance: A) -> T:
    return await method(instance)


def _is_heard(running: asyncio.Task[Any]) -> None:
    """Take in how a call ends; an answer that nobody gets is lost without a word."""
    if not running.cancelled():
        running.exception()
