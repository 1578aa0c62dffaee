"""What happens when, in virtual time? Events in the order of their moments, and coroutines made of generators."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Generator
from typing import Any

Steps = Generator[Any, Any, Any]


class Loop:
    """Events in the order of their moments, and coroutines made of generators."""

    def __init__(self, start: float = 1000.0) -> None:
        self.now = start
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def at(self, moment: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(self.now, moment), next(self._numbers), action))

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        self.at(self.now + delay_s, action)

    def spawn(self, steps: Steps, value: Any = None) -> None:
        """Run a generator: it yields seconds to wait, or a function that is given how to go on."""
        try:
            wanted = steps.send(value)
        except StopIteration:
            return
        if callable(wanted):
            wanted(lambda result: self.spawn(steps, result))
        else:
            self.after(wanted, lambda: self.spawn(steps))

    def step(self) -> bool:
        """Let the next event happen; False if there is none."""
        if not self._events:
            return False
        self.now, _, action = heapq.heappop(self._events)
        action()
        return True
