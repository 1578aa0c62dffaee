"""A rate limit by user: a token bucket for each of the last users."""

from __future__ import annotations

from collections import OrderedDict

from tlray.core.politeness.token_bucket import TokenBucket

MAX_REMEMBERED = 10_000
"""The user who was silent for longest is forgotten first, and starts with a full bucket."""


class RateLimit:
    """``rate`` requests a second and ``burst`` at once, for each user."""

    def __init__(self, rate: float, burst: float, *, max_remembered: int = MAX_REMEMBERED) -> None:
        self.rate = rate
        self.burst = burst
        self._max_remembered = max_remembered
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, who: str, *, now: float) -> float:
        """Count one request of a user and return 0; or count nothing and return the seconds to wait."""
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = TokenBucket(self.rate, self.burst, now=now)
            if len(self._buckets) > self._max_remembered:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(who)
        if bucket.reserve(1, now=now):
            return 0.0
        return bucket.wait_s(now=now)
