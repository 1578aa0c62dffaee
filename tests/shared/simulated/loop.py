"""An asyncio event loop in virtual time: where it would wait, the clock jumps."""

from __future__ import annotations

import asyncio
import heapq
import selectors
from asyncio import events
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
START = 1_000.0
"""Monotonic seconds at the beginning."""
WALL_AT_START = 1_800_000_000.0
"""Epoch seconds at the beginning."""

ROUNDS_OF_AN_END = 20


class NothingHappensError(AssertionError):
    """Every coroutine waits for something that will never come."""


class _NoSockets(selectors.SelectSelector):
    """Waits for no socket, and for nothing else."""

    def select(self, timeout: float | None = None) -> list[Any]:
        raise NothingHappensError("a virtual loop waits for nothing")


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; it is also the port `Clock`."""

    def __init__(self) -> None:
        self.now = START
        super().__init__(_NoSockets())
        self._clock_resolution = 1e-9
        self.get_debug = bool  # False; every task and future asks for it

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return WALL_AT_START + self.now - START

    def step(self) -> bool:
        """Run what is due now, or jump to the next moment and run what is due then.

        It is what `BaseEventLoop._run_once` does, without sockets: most of the time of a story would be spent there.
        """
        ready, timers = self._ready, self._scheduled  # type: ignore[attr-defined]
        while timers and (timers[0]._cancelled or timers[0]._when <= self.now or not ready):
            timer = heapq.heappop(timers)
            timer._scheduled = False
            if timer._cancelled:
                self._timer_cancelled_count -= 1
                continue
            self.now = max(self.now, timer._when)
            ready.append(timer)
        if not ready:
            raise NothingHappensError("nothing happens any more")
        events._set_running_loop(self)
        try:
            for _ in range(len(ready)):
                handle = ready.popleft()
                if not handle._cancelled:
                    handle._run()
        finally:
            events._set_running_loop(None)
        return True

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run until a coroutine is done, and return its result."""
        task = self.create_task(work)
        while not task.done():
            self.step()
        return task.result()

    def end(self) -> None:
        """Cancel everything that has not ended, and close."""
        self.set_exception_handler(lambda *_: None)  # nobody waits for what fails now
        for _ in range(ROUNDS_OF_AN_END):
            running = asyncio.all_tasks(self)
            if not running:
                break
            for task in running:
                task.cancel()
            self.step()
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        self.close()
