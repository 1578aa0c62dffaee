"""The time that nothing happened, and whether it has been long enough to end.

A coordinator outlives the command that started it, so on a cluster it must end by itself. It is busy while a batch moves by
itself, a task runs, a service is there or a driver watches; every call counts as a sign of life, too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Idleness:
    """How long nothing has happened."""

    limit_s: float
    """Seconds after which it has been long enough; 0: it never is."""
    since: float
    """When something happened last; monotonic."""

    def touch(self, *, now: float) -> None:
        """Take in a sign of life."""
        self.since = max(self.since, now)

    @property
    def over_at(self) -> float | None:
        """The moment at which it will have been long enough if nothing happens; None: it never is."""
        return self.since + self.limit_s if self.limit_s > 0 else None

    def is_over(self, *, is_busy: bool, now: float) -> bool:
        """Return whether nothing has happened for the limit; what is busy now happens now."""
        if is_busy:
            self.touch(now=now)
        return self.limit_s > 0 and now - self.since >= self.limit_s
