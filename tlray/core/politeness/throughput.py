"""The measured throughput of a domain, retries and cool-downs included.

A rate is a permission; this is a measurement: fetches a second while the domain was at work, fetches that an item took until it
was final, and the rest that each cost. Recent time counts more: older than `MEMORY_S` (or than a hundred fetches of a slow
domain) fades. Time without work does not count; `tlray.core.scheduling.demand` knows it. Moments are monotonic seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tlray.core.model.outcome import Outcome, OutcomeKind

MEMORY_S = 120.0
MEMORY_FETCHES = 100.0
IDLE_S = 90.0
"""A longer silence than this, and than a few fetches take, does not count: no task was there."""
PRIOR_FETCHES = 2.0
"""The weight of the rate itself, in fetches."""


@dataclass(slots=True)
class Throughput:
    """The measurements of one domain."""

    n_fetched: int = 0
    n_final: int = 0
    rested_s: float = 0.0
    """Time spent in cool-downs."""
    latency_s: float = 0.0
    """Of an answer, lately; 0: unknown."""
    _lately: float = 0.0
    _lately_s: float = 0.0
    _final_lately: float = 0.0
    _n_final_before: int = 0
    _at: float | None = None
    """The moment of the last report; None before the first one since it has work again."""

    def begin(self, *, now: float, cool_until: float) -> None:
        """Restart after a time without work; of that time only a cool-down counts."""
        if self._at is not None:
            self.rested_s += max(0.0, min(cool_until, now) - self._at)
            self._at = None

    def count(self, outcomes: Iterable[Outcome], *, now: float, rate: float, cool_until: float) -> None:
        """Count the outcomes of one report; ``cool_until`` is the end of the last cool-down before it."""
        n = 0
        for outcome in outcomes:
            if outcome.kind is OutcomeKind.NOT_BEGUN:
                continue
            n += 1
            if outcome.latency_s is not None:
                weight = 0.1 if self.latency_s else 1.0
                self.latency_s += weight * (outcome.latency_s - self.latency_s)
        n_final, self._n_final_before = self.n_final - self._n_final_before, self.n_final
        self.n_fetched += n
        if self._at is not None:
            passed_s = now - self._at
            rested_s = max(0.0, min(cool_until - self._at, passed_s))
            self.rested_s += rested_s
            memory_s = MEMORY_S if math.isinf(rate) else max(MEMORY_S, MEMORY_FETCHES / rate)
            busy_s = min(passed_s - rested_s, max(IDLE_S, 4 / rate))
            fading = math.exp(-busy_s / memory_s)
            self._lately = self._lately * fading + n
            self._final_lately = self._final_lately * fading + n_final
            self._lately_s = self._lately_s * fading + busy_s
        self._at = now

    def per_s(self, rate: float) -> float | None:
        """Fetches a second while at work, at most ``rate``; None without a rate and a measurement."""
        if math.isinf(rate):
            return self._lately / self._lately_s if self._lately > 0 and self._lately_s > 0 else None
        seen_s = self._lately_s + PRIOR_FETCHES / rate
        return min(rate, (self._lately + PRIOR_FETCHES) / seen_s)

    @property
    def fetches_per_item(self) -> float:
        """Fetches that an item takes until it is final, retries, hops and snoozes counted."""
        return max(1.0, (self._lately + PRIOR_FETCHES) / (self._final_lately + PRIOR_FETCHES))

    @property
    def rest_s_per_item(self) -> float:
        """Seconds that the domain rests for each item that becomes final."""
        return self.rested_s / (self.n_final + 1)
