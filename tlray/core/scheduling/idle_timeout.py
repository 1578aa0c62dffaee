"""The idle timeout of a coordinator.

A coordinator outlives the command that started it, so on a cluster it must end by itself. It is busy while a batch runs, a task
runs, a service is there or a driver watches; every call counts as activity, too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class IdleTimeout:
    """The time since the last activity."""

    limit_s: float
    """Seconds of idleness after which it ends; 0: never."""
    since: float
    """The last activity; monotonic."""

    def touch(self, *, now: float) -> None:
        """Record activity."""
        self.since = max(self.since, now)

    @property
    def over_at(self) -> float | None:
        """The moment of the timeout without further activity; None: never."""
        return self.since + self.limit_s if self.limit_s > 0 else None

    def is_over(self, *, is_busy: bool, now: float) -> bool:
        """Return True if the timeout has passed; ``is_busy`` counts as activity now."""
        if is_busy:
            self.touch(now=now)
        return self.limit_s > 0 and now - self.since >= self.limit_s
