"""The pacing of a domain's requests on the wire, besides the limiter's permits.

A site sees requests when they are on the wire. A busy loop uses its permits late, and writes late what it has begun; the site
would see them bunch. So there are two token buckets of the domain's rate here, one charged by begins and one by sends, and a
late permit waits until earlier requests are on the wire.

Each bucket holds a little more than the burst: a loop wakes a millisecond or two late each time, and the next fetch may make up
for it. Without that, 2 % of 20 fetches a second are lost. In a window that the rate fills with a whole number of fetches the
promise (burst + rate × t) still holds, for there is room for one more. Moments are monotonic seconds.
"""

from __future__ import annotations

import math

from tlray.core.politeness.token_bucket import TokenBucket

LATE_S = 0.05
MAX_SLACK = 0.25
"""The lateness that the next fetch may make up for, at most this share of a spacing."""


class SendPacing:
    """One domain's requests, in one task."""

    __slots__ = ("_begins", "_sent", "burst", "n_unsent", "rate")

    def __init__(self, rate: float, burst: float, *, now: float) -> None:
        self.rate, self.burst = rate, burst
        full = burst + _slack(rate)
        self._begins = TokenBucket(rate, full, now=now, tokens=burst)
        self._sent = TokenBucket(rate, full, now=now, tokens=burst)
        self.n_unsent = 0
        """Requests that have begun and are not on the wire yet."""

    def __repr__(self) -> str:
        return f"<Wire {self.rate:g}/s burst {self.burst:g}, {self.n_unsent} unsent>"

    @property
    def has_ceiling(self) -> bool:
        """True if there is a rate."""
        return not math.isinf(self.rate)

    def change(self, rate: float, burst: float, *, now: float) -> None:
        """Change rate and burst."""
        if (rate, burst) != (self.rate, self.burst):
            self.rate, self.burst = rate, burst
            for bucket in (self._begins, self._sent):
                bucket.set_rate(rate, now=now, burst=burst + _slack(rate))

    def must_hold(self, late_s: float) -> bool:
        """True if a permit this late must wait until earlier requests are on the wire."""
        return self.n_unsent > 0 and self.has_ceiling and late_s * self.rate > _slack(self.rate)

    def wait_s(self, *, now: float) -> float:
        """Seconds until one more may begin; 0 if now."""
        return max(self._begins.wait_s(now=now), self._sent.wait_s(now=now, n=1 + self.n_unsent))

    def begin(self, *, now: float) -> None:
        """Count a request as begun."""
        self._begins.spend(now=now)
        self.n_unsent += 1

    def sent(self, *, now: float) -> None:
        """Count a request as on the wire."""
        self._sent.spend(now=now)
        self.n_unsent -= 1


def _slack(rate: float) -> float:
    """Return the tokens above the burst; none for a slow domain: lateness costs it nothing, and a crawl-delay is a spacing."""
    return min(MAX_SLACK, rate * LATE_S) if rate >= 1 else 0.0
