"""The port of the two clocks, and the machine's."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """The two clocks."""

    def monotonic(self) -> float:
        """Return seconds that never jump; only differences mean anything."""
        ...

    def wall(self) -> float:
        """Return seconds since the epoch."""
        ...


class SystemClock:
    """The clocks of this machine."""

    def monotonic(self) -> float:
        """Return `time.monotonic`."""
        return time.monotonic()

    def wall(self) -> float:
        """Return `time.time`."""
        return time.time()
