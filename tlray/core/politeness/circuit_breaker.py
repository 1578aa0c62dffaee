"""A circuit breaker for a domain whose connections fail.

When `TRIPS_AFTER` different items in a row get no answer (refused, reset, timed out, no DNS), the breaker opens: the domain
rests, 1 s first, doubling to 5 minutes, and its items are snoozed without an attempt. After each rest one item probes. Any
answer, even a 404, closes the breaker; silence doubles the rest. An answer that arrives during a rest was in flight before it,
and does not count as a step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tlray.core.model.outcome import OutcomeKind

TRIPS_AFTER = 5
FIRST_REST_S = 1.0
LONGEST_REST_S = 300.0

NO_ANSWER = frozenset({OutcomeKind.CONNECT, OutcomeKind.TIMEOUT, OutcomeKind.DNS})
_SAYS_NOTHING = frozenset(
    {OutcomeKind.NOT_BEGUN, OutcomeKind.ROBOTS, OutcomeKind.PRIVATE_ADDRESS, OutcomeKind.CRASHED}
)


@dataclass(slots=True)
class CircuitBreaker:
    """The breaker of one domain."""

    failed: set[int] = field(default_factory=set)
    """Items without an answer, in a row."""
    n_rests: int = 0
    open_since: float | None = None
    """The moment at which it opened; None while it is closed."""

    def copy(self) -> CircuitBreaker:
        """Return a copy, for a forecast."""
        return CircuitBreaker(set(self.failed), self.n_rests, self.open_since)

    def count(self, item: int, kind: OutcomeKind, *, now: float, cool_until: float) -> float | None:
        """Count an outcome; return the seconds for which the domain rests now, or None while it is closed."""
        if kind not in NO_ANSWER:
            if (self.failed or self.open_since is not None) and kind not in _SAYS_NOTHING:
                self.close()
            return None
        self.failed.add(item)
        if self.open_since is None:
            if len(self.failed) < TRIPS_AFTER:
                return None
            self.open_since, self.n_rests = now, 1
        elif now < cool_until:
            return cool_until - now
        else:
            self.n_rests += 1
        self.failed.clear()
        return self.rest_s

    @property
    def rest_s(self) -> float:
        """The rest at this step."""
        return float(min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(self.n_rests - 1, 20)))

    def close(self) -> None:
        """Close it: the domain answers, or a person wants it tried again."""
        self.failed.clear()
        self.n_rests, self.open_since = 0, None
