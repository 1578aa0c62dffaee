"""When one task takes over a domain from another, or shares it: until when may the other still begin a fetch?

The limiter knows when the permits that it gave hold, not when they are used: an answer is under way for a while, a loop is
held up, a request waits for those before it. So a task says with each `Ask` how long its own next fetch waits and how long
answers took lately, and no other task is given a permit that could bunch with what is still to come. Pure; monotonic seconds.
"""

from __future__ import annotations

import math

from tlray.core.politeness.token_bucket import TokenBucket

LATE_S = 0.5
"""A permit of a task that has a domain for itself may be used so late."""
UNHEARD_S = 2 * LATE_S
"""The least that is kept free after the last fetch of a task that had a domain for itself: nobody hears how late that was."""
SHARED_LATE_S = 0.02
"""A permit of a domain that tasks share may be used so late; a part of the rate that is not given makes room for that."""


class HandOver:
    """The tasks that have fetched from one domain of late, each with the moment until which it may still begin a fetch."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def begins(self, holder: str, until: float) -> None:
        """Take in that a task has begun, or may begin, a fetch so late."""
        self._until[holder] = max(self._until.get(holder, -math.inf), until)

    def cap(self, bucket: TokenBucket, holder: str, burst: float, *, now: float) -> None:
        """Take tokens from a domain's bucket that other tasks may still be using."""
        for name, until in list(self._until.items()):
            if name != holder and (tokens := burst - 1 + (now - until) * bucket.rate) < burst:
                bucket.cap(tokens, now=now)
            elif name != holder:
                del self._until[name]


def late_s(*, is_shared: bool, answer_s: float) -> float:
    """Return how late the limiter must expect a permit to be used, where answers lately took ``answer_s`` at the longest."""
    return max(0.0, answer_s - SHARED_LATE_S) if is_shared else max(UNHEARD_S, LATE_S + answer_s)
