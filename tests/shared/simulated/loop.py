"""An asyncio event loop in virtual time: where it would wait, the clock jumps."""

from __future__ import annotations

import asyncio
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


class _JumpingSelector(selectors.SelectSelector):
    """Waits for no socket: moves the clock on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise NothingHappensError("nothing happens any more")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; it is also the port `Clock`."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jumping.now

    @property
    def now(self) -> float:
        return self._jumping.now

    def monotonic(self) -> float:
        return self._jumping.now

    def wall(self) -> float:
        return WALL_AT_START + self._jumping.now - START

    def step(self) -> bool:
        """Run what is due now, or jump to the next moment and run what is due then."""
        events._set_running_loop(self)
        try:
            self._run_once()  # type: ignore[attr-defined]
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
