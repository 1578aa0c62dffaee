"""The message of a command that waits for room or for a service: one line, and another every half minute."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import TextIO

from tlray.errors import BacklogFull

TELL_EVERY_S = 30.0


class WaitingLines:
    """Tells on stderr what is waited for."""

    def __init__(self, *, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out or sys.stderr
        self._clock = clock
        self._told_at = -math.inf

    def tell(self, full: BacklogFull) -> None:
        """Say that a list waits for room, if it was not said just now."""
        self.say("waiting for room", str(full))

    def say(self, what: str, why: str) -> None:
        """Say what is waited for, and why, if that was not said just now."""
        if self._clock() - self._told_at >= TELL_EVERY_S:
            self._told_at = self._clock()
            self._out.write(f"{what}: {why}\n")
            self._out.flush()
