"""The handover of a domain from one task to another, or between tasks that share it.

The limiter knows from when its permits hold, not when they are used: an answer takes time, a loop may be busy, a request waits
for those before it. So each `PermitRequest` says how long the task's next fetch waits, and how long answers took lately. No
other task gets a permit for a fetch that could bunch with one that is still to come. Moments are monotonic seconds.
"""

from __future__ import annotations

import math

from tlray.core.politeness.token_bucket import TokenBucket

LATE_S = 0.5
"""A permit of a domain of one task may be used this late."""
UNHEARD_S = 2 * LATE_S
"""The least free time after the last fetch of a domain of one task: its lateness is not reported."""
SHARED_LATE_S = 0.02
"""A permit of a shared domain may be used this late; a share of the rate is withheld for that."""


class Handover:
    """The tasks that have fetched from one domain of late, each with the last moment at which it may begin a fetch."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def begins(self, holder: str, until: float) -> None:
        """Record that a task has begun, or may begin, a fetch up to this moment."""
        self._until[holder] = max(self._until.get(holder, -math.inf), until)

    def cap(self, bucket: TokenBucket, holder: str, burst: float, *, now: float) -> None:
        """Take tokens from the bucket that other tasks may still be using."""
        for name, until in list(self._until.items()):
            if name != holder and (tokens := burst - 1 + (now - until) * bucket.rate) < burst:
                bucket.cap(tokens, now=now)
            elif name != holder:
                del self._until[name]


def late_s(*, is_shared: bool, answer_s: float) -> float:
    """Return how late a permit may be used, if answers took at most ``answer_s`` lately."""
    return max(0.0, answer_s - SHARED_LATE_S) if is_shared else max(UNHEARD_S, LATE_S + answer_s)
