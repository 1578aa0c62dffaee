"""Is a domain there at all? A circuit breaker over connections that fail.

When `TRIPS_AFTER` different items in a row get no answer (refused, reset, timed out, no DNS), the breaker
opens: the domain rests, 1 s first, doubling to 5 minutes, and its items are snoozed, which spends no attempt.
After each rest one item probes. Any answer, even a 404, closes the breaker; silence doubles the rest. An
answer that comes out of a rest was in flight before it, and is no further step.
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
class Breaker:
    """One domain's."""

    failed: set[int] = field(default_factory=set)
    """Items that got no answer, one after the other."""
    n_rests: int = 0
    open_since: float | None = None
    """Since when it is open; None while it is closed."""

    def copy(self) -> Breaker:
        """Return another in the same state, to see what would follow."""
        return Breaker(set(self.failed), self.n_rests, self.open_since)

    def count(self, item: int, kind: OutcomeKind, *, now: float, cool_until: float) -> float | None:
        """Take in an outcome; return for how long the domain rests now, or None while it is closed."""
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
        """How long the domain rests at this step."""
        return float(min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(self.n_rests - 1, 20)))

    def close(self) -> None:
        """Take in that the domain answers, or that a person wants it tried anew."""
        self.failed.clear()
        self.n_rests, self.open_since = 0, None
