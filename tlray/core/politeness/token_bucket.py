"""A token bucket that answers with moments and never sleeps.

The bucket holds at most ``burst`` tokens and gains ``rate`` of them a second; a fetch takes one. Tokens may be reserved ahead:
the answer to ``reserve(3)`` is when each of the three may begin. So in any window of ``t`` seconds at most ``burst + rate * t``
fetches begin: the promise of docs/politeness.md. Moments are seconds of a clock that does not go back.
"""

from __future__ import annotations

import math

SLACK_S = 1e-6
"""This much too early counts as in time. The missing part stays owed, so it never adds up. Without it, a rounding error could
ask for a wait too short for the clock."""


class TokenBucket:
    """One domain's rate. ``rate`` in fetches a second; ``math.inf`` for no ceiling."""

    __slots__ = ("_at", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float = 1.0, *, now: float, tokens: float | None = None) -> None:
        if not rate > 0:
            raise ValueError(f"rate must be above 0, is {rate}")
        if burst < 1:
            raise ValueError(f"burst must be at least 1 or no fetch could ever begin, is {burst}")
        self.rate = rate
        self.burst = burst
        self._at = now
        self._tokens = burst if tokens is None else min(tokens, burst)

    def __repr__(self) -> str:
        return f"<TokenBucket {self.rate:g}/s burst {self.burst:g}, {self._tokens:.2f} at {self._at:.3f}>"

    def _refill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
            self._at = now

    def reserve(self, n: int, *, now: float, horizon_s: float = 0.0) -> tuple[float, ...]:
        """Take up to ``n`` tokens and return when each fetch may begin, in seconds from ``now``, at most ``horizon_s``.

        An empty answer: not even the first may begin within the horizon.
        """
        if math.isinf(self.rate):
            return (0.0,) * n
        self._refill(now)
        delays = []
        for _ in range(n):
            delay_s = max(0.0, (1.0 - self._tokens) / self.rate)
            if delay_s > horizon_s + SLACK_S:
                break
            self._tokens -= 1.0
            delays.append(delay_s)
        return tuple(delays)

    def spend(self, *, now: float) -> None:
        """Take a token; a missing one is owed."""
        self.reserve(1, now=now, horizon_s=math.inf)

    def cap(self, tokens: float, *, now: float) -> None:
        """Lower the tokens to this number; below 0 they are owed."""
        self._refill(now)
        self._tokens = min(self._tokens, tokens)

    def wait_s(self, *, now: float, n: int = 1) -> float:
        """Seconds until ``n`` more fetches, by default one, may begin; 0 if now."""
        if math.isinf(self.rate):
            return 0.0
        self._refill(now)
        return max(0.0, (n - self._tokens) / self.rate)

    def set_rate(self, rate: float, *, now: float, burst: float | None = None) -> None:
        """Change rate and burst from ``now`` on.

        Tokens stay, as far as the burst holds them; owed tokens are not paid back sooner.
        """
        if not rate > 0:
            raise ValueError(f"rate must be above 0, is {rate}")
        self._refill(now)
        self._at = max(self._at, now)
        if math.isinf(self.rate):
            self._tokens = min(self._tokens, 0.0)
        elif self._tokens < 0 and self.rate < rate < math.inf:
            # reserved fetches begin at their moments; the next one comes after them
            self._tokens *= rate / self.rate
        if burst is not None:
            self.burst = burst
            self._tokens = min(self._tokens, burst)
        self.rate = rate
