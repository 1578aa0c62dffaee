"""The time limits of a request's body: in all, between two pieces, and by a least average rate.

A client that sends nothing, or a byte now and then, occupies a place of the service until then.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """The limits of a body."""

    total_s: float
    """The longest time in all."""
    gap_s: float
    """The longest time without a byte."""
    min_rate: float
    """Bytes a second on average, once the first gap is over."""


class BodyPace:
    """The arrival of one body. Moments are seconds of any one clock."""

    __slots__ = ("_began_at", "_last_at", "_limits", "_n_bytes")

    def __init__(self, limits: PaceLimits, *, now: float) -> None:
        self._limits = limits
        self._began_at = self._last_at = now
        self._n_bytes = 0

    def take(self, n_bytes: int, *, now: float) -> None:
        """Record a piece of the body."""
        self._n_bytes += n_bytes
        self._last_at = now

    def wait_s(self, *, now: float) -> float:
        """Return the seconds that the next piece may still take; 0: too late."""
        limits = self._limits
        due_at = min(
            self._began_at + limits.total_s,
            self._last_at + limits.gap_s,
            self._began_at + limits.gap_s + self._n_bytes / limits.min_rate,
        )
        return max(0.0, due_at - now)
