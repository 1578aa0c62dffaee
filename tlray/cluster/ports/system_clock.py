"""The machine's two clocks."""

from __future__ import annotations

import time


class SystemClock:
    """The port `tlray.cluster.ports.coordinator.Clock` on this machine."""

    def monotonic(self) -> float:
        """Return `time.monotonic`."""
        return time.monotonic()

    def wall(self) -> float:
        """Return `time.time`."""
        return time.time()
