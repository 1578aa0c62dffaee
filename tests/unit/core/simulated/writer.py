"""In what order is the journal written? One writer: what is asked first is written first, and each write takes a while."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Any

from .clock import Loop


class Writer:
    """The journal's thread."""

    def __init__(self, loop: Loop, rng: random.Random, longest_s: float) -> None:
        self._loop, self._rng, self._longest_s = loop, rng, longest_s
        self._writes: deque[tuple[Callable[[], Any], Callable[[Any], None]]] = deque()
        self._is_writing = False

    def write(self, action: Callable[[], Any]) -> Callable[[Callable[[Any], None]], None]:
        """Return what a coroutine yields to have something written."""

        def begin(go_on: Callable[[Any], None]) -> None:
            self._writes.append((action, go_on))
            if not self._is_writing:
                self._write_next()

        return begin

    def _write_next(self) -> None:
        self._is_writing = bool(self._writes)
        if self._writes:
            self._loop.after(self._rng.random() * self._longest_s, self._written)

    def _written(self) -> None:
        action, go_on = self._writes.popleft()
        result = action()
        go_on(result)
        self._write_next()
