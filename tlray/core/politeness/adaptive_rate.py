"""The adaptive rate: how far a domain is kept below its ceiling, by its latency and its errors; never above.

In each window (at least `WINDOW_S`, and some answers) the median latency is compared with the domain's own long-term floor, in
the manner of Vegas (Brakmo and Peterson, 1995) and Netflix's gradient limiters: a queue at the site shows as latency that grows
with our rate. Errors that mean "too fast" (429, and many of 503, timeouts and resets) multiply the rate by `DECREASE`; without
them it grows back slowly, by a share of its reach. Errors give no latency sample, so a fast error never speeds anything up.

Latency lowers an explicit rate only after several windows of twice the floor, and not below a quarter: a slow site is not asked
ever less. ``auto`` searches from 1/s upward, by a quarter a window until the first sign of a queue, then by small steps. While
there is a queue, the answers a second are what the site bears (the bottleneck's bandwidth of BBR; Cardwell et al., 2016): the
rate falls to a little less, so that the queue drains in `DRAIN_S`. If later the rate is well `BEYOND` that without a queue, it
was noise or the site has grown, and the search goes on. A domain without a ceiling has none until it says "too fast". Moments
are monotonic seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from tlray.core.model.outcome import Outcome, OutcomeKind

WINDOW_S = 1.5
MIN_ANSWERS = 10
DECREASE = 0.7
STEP_PER_S, LONGEST_STEP = 0.02, 0.25
"""Additive increase as a share of the rate's reach: for each second of a window, and for one at most."""
SEARCH = 1.25
AUTO_START = 1.0
LOWEST_SHARE = 1 / 16
"""Errors lower a rate to this share of its reach at most."""
LOWEST_BY_LATENCY = 1 / 4
HOLD_S = 3.0
"""After a decrease, answers of this time and a latency more were mostly begun before it."""
DRAIN_S = 3.0
QUEUED = 0.3
"""Latency counts as a queue if so many fetches wait at the site, in the median: two that come close together at a slow site are
no queue."""
NOISE = 3.0
"""A queue is a latency that has grown by so many times its own noise: the median deviation over the root of their number."""
BEYOND = 1.15
"""Times the rate that a site bore at its last queue."""
BAD_SHARE, BAD_GROWTH = 0.2, 3.0
"""Timeouts, resets and 503s mean an overloaded site above this share, and above so many times their usual share."""

_BAD = frozenset({OutcomeKind.UNAVAILABLE, OutcomeKind.TIMEOUT, OutcomeKind.CONNECT, OutcomeKind.TRUNCATED})
_GOOD = frozenset(
    {
        OutcomeKind.FETCHED,
        OutcomeKind.LISTED,
        OutcomeKind.FOUND,
        OutcomeKind.GONE,
        OutcomeKind.NOT_A_SET,
        OutcomeKind.REDIRECTED,
    }
)


@dataclass(frozen=True, slots=True)
class _Latency:
    """The latencies of a window."""

    growth: float = 1.0
    """The median, as a multiple of the floor."""
    queue_s: float = 0.0
    """The median minus the floor."""
    noise_s: float = 0.0

    def shows_queue(self, n: int, per_s: float) -> bool:
        """True if there is a queue at a site with ``n`` answers, ``per_s`` a second."""
        has_grown = self.growth > (1.5 if n < 20 else 1.25) and self.queue_s > NOISE * self.noise_s
        return has_grown and per_s * self.queue_s >= QUEUED


@dataclass(slots=True)
class AdaptiveRate:
    """One domain's rate below its ceiling."""

    rate: float = math.inf
    """Fetches a second that the domain bears, as estimated."""
    floor_s: float = 0.0
    """Its latency without load; 0: unknown."""
    is_searching: bool = True
    _borne: float = math.inf
    """The rate that it bore at the last decrease."""
    _reach: float = math.inf
    _n_slow: int = 0
    _usual_share: float = 0.0
    _hold_until: float = -math.inf
    _begun_at: float | None = None
    _latencies: list[float] = field(default_factory=list)
    _n: int = 0
    _n_bad: int = 0
    _n_throttled: int = 0

    def allowed(self, ceiling: float, *, is_auto: bool = False) -> float:
        """Return the rate under a ceiling."""
        if is_auto and math.isinf(self.rate):
            return min(AUTO_START, ceiling)
        return min(self.rate, ceiling)

    def observe(
        self, outcomes: Iterable[Outcome], *, now: float, ceiling: float, is_auto: bool = False
    ) -> None:
        """Apply the outcomes of one report."""
        if self._begun_at is None:
            self._begun_at = now
        for outcome in outcomes:
            self._n += outcome.kind is not OutcomeKind.NOT_BEGUN
            self._n_bad += outcome.kind in _BAD
            self._n_throttled += outcome.kind is OutcomeKind.THROTTLED
            if outcome.kind in _GOOD and outcome.latency_s is not None:
                self._latencies.append(outcome.latency_s)
        passed_s = now - self._begun_at
        n_needed = 3 if is_auto and self.is_searching else MIN_ANSWERS
        if passed_s >= WINDOW_S and (self._n >= n_needed or self._n_throttled):
            self._decide(passed_s, now=now, ceiling=ceiling, is_auto=is_auto)
            self._latencies.clear()
            self._begun_at, self._n, self._n_bad, self._n_throttled = now, 0, 0, 0

    def _decide(self, passed_s: float, *, now: float, ceiling: float, is_auto: bool) -> None:
        seen = self._n / passed_s
        rate = self.allowed(ceiling, is_auto=is_auto)
        latency = self._look_at_latency()
        share = self._n_bad / self._n if self._n else 0.0
        is_bad = self._n_throttled > 0 or (
            self._n_bad >= 3 and share > max(BAD_SHARE, BAD_GROWTH * self._usual_share)
        )
        self._usual_share += 0.1 * (share - self._usual_share)
        if now < self._hold_until:
            return
        if is_bad:
            if math.isinf(rate):
                self._reach = rate = max(1.0, seen)
            self._borne = rate
            self._lower(max(rate * DECREASE, LOWEST_SHARE * self._reach_under(ceiling)), latency, now)
        elif is_auto and latency.shows_queue(self._n, seen):
            self._borne = min(rate, seen)
            drained = self._borne * (1.0 - latency.queue_s / DRAIN_S)
            self._lower(max(rate * DECREASE, drained, LOWEST_SHARE), latency, now)
        elif not is_auto and latency.growth > 2.0:
            self._n_slow += 1
            if self._n_slow >= 3 and math.isfinite(rate):
                lowest = LOWEST_BY_LATENCY * self._reach_under(ceiling)
                self._lower(max(min(rate, lowest), rate * max(DECREASE, 1.5 / latency.growth)), latency, now)
        else:
            self._n_slow = 0
            if math.isfinite(rate) and (seen >= 0.7 * rate or not is_auto):  # an unused rate proves nothing
                share = min(LONGEST_STEP, STEP_PER_S * passed_s)
                is_calm = latency.growth < 1.15 or seen * latency.queue_s < QUEUED
                is_steep = is_calm and (self.is_searching or min(rate, seen) > BEYOND * self._borne)
                if is_auto:
                    self.rate = min(ceiling, rate * (SEARCH if is_steep else 1 + share))
                elif math.isfinite(self.rate):
                    self._recover(rate, share, ceiling)

    def _look_at_latency(self) -> _Latency:
        """Compare the window's latencies with the floor; the floor follows, fast downward and slowly upward."""
        n = len(self._latencies)
        if n < 3:
            return _Latency()
        now_s = max(0.001, median(self._latencies))
        if not self.floor_s:
            self.floor_s = now_s
        growth, queue_s = now_s / self.floor_s, max(0.0, now_s - self.floor_s)
        noise_s = median(abs(s - now_s) for s in self._latencies) / math.sqrt(n)
        self.floor_s += (0.15 if growth < 1 else 0.02) * (now_s - self.floor_s)
        return _Latency(growth, queue_s, noise_s)

    def _reach_under(self, ceiling: float) -> float:
        return min(self._reach, ceiling)

    def _lower(self, rate: float, latency: _Latency, now: float) -> None:
        self.rate, self._n_slow, self.is_searching = rate, 0, False
        self._hold_until = now + HOLD_S + self.floor_s + latency.queue_s

    def _recover(self, rate: float, share: float, ceiling: float) -> None:
        reach = self._reach_under(ceiling)
        self.rate = rate + share * reach
        if self.rate >= (1.5 * reach if math.isinf(ceiling) else ceiling):
            self.rate = self._reach = math.inf
