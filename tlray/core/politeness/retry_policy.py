"""The retry policy of a batch: attempts, waits and the longest snooze, for all domains and for single ones.

Without an option the table of `tlray.core.politeness.retry` holds. The narrower of two options counts: a domain before the
batch, and a kind of outcome before all kinds. ``host:port`` counts before ``host``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tlray.core.model.outcome import OutcomeKind
from tlray.core.model.urls import host_of

MAX_ATTEMPTS = 5
MAX_SNOOZE_S = 172_800.0
"""Two days: longer than any block that was seen to end by itself."""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """The options for one kind of outcome; None: as in the table."""

    max_attempts: int | None = None
    base_s: float | None = None
    cap_s: float | None = None

    def over(self, below: RuleChange) -> RuleChange:
        """Return both, this one over the other."""
        return RuleChange(
            self.max_attempts if self.max_attempts is not None else below.max_attempts,
            self.base_s if self.base_s is not None else below.base_s,
            self.cap_s if self.cap_s is not None else below.cap_s,
        )

    def less(self, other: RuleChange) -> RuleChange:
        """Return the options that the other one does not set."""
        return RuleChange(
            self.max_attempts if other.max_attempts is None else None,
            self.base_s if other.base_s is None else None,
            self.cap_s if other.cap_s is None else None,
        )


NO_CHANGE = RuleChange()
RuleChanges = Mapping[OutcomeKind, RuleChange]


@dataclass(frozen=True, slots=True)
class RetryChoices:
    """The options of one place: a batch, or one of its domains."""

    max_attempts: int | None = None
    max_snooze_s: float | None = None
    changes: RuleChanges = field(default_factory=dict)

    def over(self, below: RetryChoices) -> RetryChoices:
        """Return both, this one over the other: its number of attempts holds for every kind."""
        left = below.less(self)
        kinds = {**left.changes, **self.changes}
        return RetryChoices(
            self.max_attempts if self.max_attempts is not None else left.max_attempts,
            self.max_snooze_s if self.max_snooze_s is not None else left.max_snooze_s,
            {
                kind: self.changes.get(kind, NO_CHANGE).over(left.changes.get(kind, NO_CHANGE))
                for kind in kinds
            },
        )

    def less(self, other: RetryChoices) -> RetryChoices:
        """Return the options that the other ones do not set."""
        every_kind = RuleChange(max_attempts=other.max_attempts)
        return RetryChoices(
            self.max_attempts if other.max_attempts is None else None,
            self.max_snooze_s if other.max_snooze_s is None else None,
            {
                kind: change.less(every_kind).less(other.changes.get(kind, NO_CHANGE))
                for kind, change in self.changes.items()
            },
        )


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The retry policy of a batch."""

    max_attempts: int = MAX_ATTEMPTS
    max_snooze_s: float = MAX_SNOOZE_S
    changes: RuleChanges = field(default_factory=dict)
    by_domain: Mapping[str, RetryChoices] = field(default_factory=dict)
    """Politeness key → options of that domain."""

    def snooze_s(self, domain: str) -> float:
        """Return the longest time in seconds that an item of a domain may be put off."""
        requested = self._of_domain(domain).max_snooze_s if self.by_domain else None
        return self.max_snooze_s if requested is None else requested

    def change(self, kind: OutcomeKind, domain: str, *, most: int | None) -> RuleChange:
        """Return the options for a kind of outcome at a domain; the number of attempts is always set.

        ``most`` is the table's own bound; only an option for this very kind may raise it.
        """
        of_batch = self.changes.get(kind, NO_CHANGE)
        if not self.by_domain:
            return replace(of_batch, max_attempts=of_batch.max_attempts or _least(self.max_attempts, most))
        own = self._of_domain(domain)
        of_domain = own.changes.get(kind, NO_CHANGE)
        n = of_domain.max_attempts
        if n is None and own.max_attempts is not None:
            n = _least(own.max_attempts, most)
        n = n or of_batch.max_attempts or _least(self.max_attempts, most)
        return replace(of_domain.over(of_batch), max_attempts=n)

    def _of_domain(self, domain: str) -> RetryChoices:
        own, of_host = self.by_domain.get(domain), self.by_domain.get(host_of(domain))
        if own is None or of_host is None or own is of_host:
            return own or of_host or RetryChoices()
        return own.over(of_host)


def _least(n: int, most: int | None) -> int:
    return n if most is None else min(n, most)
