"""How often sets change: a rate for each group of sets, and for each set a factor on it.

Changes of a set are taken as a Poisson process whose rate is that of its group (site × age × share of unknown rows) times a
factor of its own. The factor has a Gamma prior with mean 1, so that a set which was visited seldom counts as its group does.
Rates are shrunk, too: a group's towards that of the same age and share at all sites, and that towards a belief to start with.

A visit shows whether something has changed, not how often (Cho and Garcia-Molina, "Estimating frequency of change", 2003). A gap
of Δt with a change has rΔt / (1 − exp(−rΔt)) changes on average, if the rate is r. So rate and count are computed in turn.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tlray.core.refresh.known_set import DAY_S, Interval, KnownSet

AGES_DAYS = (1.0, 3.0, 7.0, 14.0, 30.0, 90.0, 365.0)
SHARES = (0.001, 0.05, 0.15, 0.35, 0.6)
"""Upper bounds of the groups; one more group lies above the last."""
PRIOR_CHANGES = 2.0
"""A group with so many changes counts as much as what it is shrunk to."""
SPREAD = 1.0
"""Shape of the prior of a set's factor. The smaller, the more sets of a group may differ."""
ROUNDS = 4


class Group(NamedTuple):
    """Sets that are expected to change alike."""

    site: str
    """"" for all sites together."""
    age: int
    share: int


@dataclass(slots=True)
class _Sums:
    days: float = 0.0
    n_changes: float = 0.0
    """Expected, given what the visits showed."""
    n_changed_visits: int = 0
    n_rows: int = 0
    """Rows that these visits showed to be changed."""


class Expectation(NamedTuple):
    """What a fetch of a set is expected to show."""

    chance: float
    """Of a change since the last visit, 0 to 1."""
    n_rows: float
    """Rows that are changed then, on average."""

    @property
    def gain(self) -> float:
        """The rows that a fetch is expected to change."""
        return self.chance * self.n_rows


def group_of(site: str, age_days: float, unknown_share: float) -> Group:
    """Return the group of a set at some age."""
    return Group(site, bisect.bisect_left(AGES_DAYS, age_days), bisect.bisect_left(SHARES, unknown_share))


def first_belief(group: Group) -> float:
    """Return the changes a day that are assumed before anything was fetched twice: names are found in the first weeks."""
    age_days, unknown_share = (0.0, *AGES_DAYS)[group.age], (0.0, *SHARES)[group.share]
    return 0.01 + 0.3 * unknown_share / (1.0 + age_days / 14.0)


@dataclass(slots=True)
class ChangeRates:
    """The rates of all groups, learned from visits. ``ChangeRates.learned(sets)``."""

    _rates: dict[Group, float] = field(default_factory=dict)
    _sums: dict[Group, _Sums] = field(default_factory=dict)

    @classmethod
    def learned(cls, sets: Iterable[KnownSet]) -> ChangeRates:
        """Learn from the visits of sets; they are read once, and of each interval a few numbers are kept."""
        seen = [
            (group_of(one.site, gap.age_days, gap.unknown_share), gap)
            for one in sets
            for gap in one.intervals()
        ]
        rates = cls()
        for _ in range(ROUNDS if seen else 0):
            rates = cls._round(seen, rates)
        return rates

    @classmethod
    def _round(cls, seen: list[tuple[Group, Interval]], before: ChangeRates) -> ChangeRates:
        sums: dict[Group, _Sums] = {}
        for group, gap in seen:
            n_changes = 0.0
            if gap.n_changed:
                n_changes = _n_expected(before.rate(group) * gap.days)
            for each in (group, group._replace(site="")):
                total = sums.setdefault(each, _Sums())
                total.days += gap.days
                total.n_changes += n_changes
                total.n_changed_visits += gap.n_changed > 0
                total.n_rows += gap.n_changed
        return cls({}, sums)

    def rate(self, group: Group) -> float:
        """Return the changes a day of a group, shrunk."""
        if (rate := self._rates.get(group)) is None:
            towards = self.rate(group._replace(site="")) if group.site else first_belief(group)
            total = self._sums.get(group, _Sums())
            rate = (total.n_changes + PRIOR_CHANGES) / (total.days + PRIOR_CHANGES / towards)
            self._rates[group] = rate
        return rate

    def expect(self, known: KnownSet, *, now: float) -> Expectation:
        """Return what a fetch of a set would show now.

        With α = `SPREAD` + the changes seen and β = `SPREAD` + those expected of its group, both over its visits, and e those
        expected since the last one, the chance of a change is 1 − (β / (β + e))^α.
        """
        alpha = beta = SPREAD
        for gap in known.intervals():
            expected = self.rate(group_of(known.site, gap.age_days, gap.unknown_share)) * gap.days
            beta += expected
            alpha += _n_expected(expected) if gap.n_changed else 0.0
        age_days = known.age_days(now)
        group = group_of(known.site, age_days, known.unknown_share)
        days = max(0.0, now - known.visits[-1].at) / DAY_S
        chance = 1.0 - (beta / (beta + self.rate(group) * days)) ** alpha
        return Expectation(chance, self._n_rows(group))

    def _n_rows(self, group: Group) -> float:
        """Return how many rows a change changes in such sets of all sites, on average; 1 as long as none was seen."""
        total = self._sums.get(group._replace(site=""), _Sums())
        return (total.n_rows + PRIOR_CHANGES) / (total.n_changed_visits + PRIOR_CHANGES)


def _n_expected(expected: float) -> float:
    """Return the mean of a Poisson count that is known to be at least 1; ``expected`` is its mean without that knowledge."""
    return expected / -math.expm1(-expected) if expected > 0 else 1.0
