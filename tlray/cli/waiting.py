"""What does a command say while its list waits for room? A line, and another every half minute."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import TextIO

from tlray.errors import BacklogFull

TELL_EVERY_S = 30.0


class WaitingLines:
    """Tells on stderr that a list waits for room."""

    def __init__(self, *, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out or sys.stderr
        self._clock = clock
        self._told_at = -math.inf

    def tell(self, full: BacklogFull) -> None:
        """Say so, if it was not said just now."""
        if self._clock() - self._told_at >= TELL_EVERY_S:
            self._told_at = self._clock()
            self._out.write(f"waiting for room: {full}\n")
            self._out.flush()
