"""A generated world of tracklists that change as real ones do, with every process known.

Three sites differ in how eager their users are. A set is put up with a share of unknown rows; each is named at a rate that is
high at first and falls with the set's age; rows are also corrected, now and then. A third of the sets change at a tenth of the
pace, and every set has a factor of its own (Gamma). New sets come every day.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tlray.core.refresh.change_rate import ChangeRates
from tlray.core.refresh.known_set import DAY_S, KnownSet, Visit
from tlray.core.refresh.planner import plan

EAGERNESS = {"a.test": 0.04, "b.test": 0.015, "c.test": 0.005}
"""Site → share of its unknown rows that are named in a day, of a new set."""
CALM_DAYS = 20.0
"""The pace falls to half at this age, to a third at twice of it."""
CORRECTED = 0.002
"""Corrections of a set in a day."""

Choice = Callable[["World", int], list[int]]


@dataclass(slots=True)
class _Set:
    site: str
    born: float
    """Days."""
    n_rows: int
    n_unknown: int
    pace: float
    n_changed: int = 0
    """Rows changed since the last visit."""
    visits: list[Visit] = field(default_factory=list)

    def known(self, number: int) -> KnownSet:
        return KnownSet(self.site, f"{number:07d}", "", self.born * DAY_S, self.n_rows, tuple(self.visits))


class World:
    """Sets, and what their visitor knows of them."""

    def __init__(self, seed: int, *, n_sets: int, days_back: float = 400.0) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - no secret
        self.choosing = random.Random(seed)  # noqa: S311
        """For a visitor's own dice: the world is the same for every visitor."""
        self.day = 0.0
        self.sets: list[_Set] = []
        self.per_day = n_sets / days_back
        for _ in range(n_sets):
            self._add(-self.rng.uniform(0.0, days_back))
        for one in self.sets:
            for day in range(int(one.born), 0):  # as it was before anybody looked
                self._age(one, float(day))
            self._visit(one)

    def _add(self, born: float) -> _Set:
        r = self.rng
        n_rows = r.randint(10, 60)
        share = r.choice([0.0, 0.05, 0.1, 0.2, 0.4, 0.7])
        pace = r.gammavariate(1.5, 1 / 1.5) * (0.1 if r.random() < 1 / 3 else 1.0)
        one = _Set(r.choice(sorted(EAGERNESS)), born, n_rows, round(share * n_rows), pace)
        self.sets.append(one)
        return one

    def _age(self, one: _Set, day: float) -> None:
        """Let one day pass for a set."""
        age = max(0.0, day - one.born)
        rate = one.pace * EAGERNESS[one.site] / (1.0 + age / CALM_DAYS)
        if one.n_unknown:
            n_named = min(one.n_unknown, _poisson(self.rng, rate * one.n_unknown))
            one.n_unknown -= n_named
            one.n_changed += n_named
        one.n_changed += _poisson(self.rng, CORRECTED * one.pace)

    def _visit(self, one: _Set) -> int:
        n_changed = one.n_changed if one.visits else 0
        one.visits.append(Visit(self.day * DAY_S, one.n_unknown, n_changed))
        one.n_changed = 0
        return n_changed

    def run(self, choose: Choice, *, days: int, budget: int) -> tuple[int, int]:
        """Visit ``budget`` sets a day, as a choice says; return the visits that showed a change, and the rows of all changes."""
        n_visits = n_rows = 0
        for _ in range(days):
            self.day += 1.0
            for one in self.sets:
                self._age(one, self.day)
            for _ in range(_poisson(self.rng, self.per_day)):
                self._visit(self._add(self.day))  # a new set is found by other means
            for number in choose(self, budget):
                n_changed = self._visit(self.sets[number])
                n_visits += n_changed > 0
                n_rows += n_changed
        return n_visits, n_rows


def uniform(world: World, budget: int) -> list[int]:
    """Choose at random."""
    return world.choosing.sample(range(len(world.sets)), budget)


def oldest_first(world: World, budget: int) -> list[int]:
    """Choose those that were not visited for the longest time."""
    return sorted(range(len(world.sets)), key=lambda n: world.sets[n].visits[-1].at)[:budget]


def newest_first(world: World, budget: int) -> list[int]:
    """Choose those that were put up last."""
    return sorted(range(len(world.sets)), key=lambda n: -world.sets[n].born)[:budget]


def planned(world: World, budget: int) -> list[int]:
    """Choose as ``tlray refresh`` does."""
    sets = [one.known(number) for number, one in enumerate(world.sets)]
    picks = plan(sets, ChangeRates.learned(sets), budget=budget, now=world.day * DAY_S)
    return [int(pick.known.source_id) for pick in picks]


def _poisson(r: random.Random, mean: float) -> int:
    """Return a Poisson count (Knuth's product of uniforms; the means here are small)."""
    n, product, least = 0, r.random(), math.exp(-mean)
    while product > least:
        product *= r.random()
        n += 1
    return n
