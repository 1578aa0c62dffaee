"""A set as the planner knows it: when it was fetched, and what each fetch showed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One fetch of a set."""

    at: float
    """Epoch seconds."""
    n_unknown: int
    """Rows without a name (`ID`) that it showed."""
    n_changed: int = 0
    """Rows that were other than at the visit before."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The time between two visits."""

    days: float
    age_days: float
    """The age of the set in the middle of it."""
    unknown_share: float
    """At its beginning, 0 to 1."""
    n_changed: int


@dataclass(frozen=True, slots=True)
class KnownSet:
    """A set of the catalogue."""

    site: str
    source_id: str
    url: str
    born_at: float
    """When it was put up or played, else first seen; epoch seconds."""
    n_rows: int
    visits: tuple[Visit, ...]
    """At least one, in the order in which their results were stored. A clock may have run back between two."""
    is_gone: bool = False
    """A later fetch found no page."""

    def intervals(self) -> Iterator[Interval]:
        """Yield the times between visits. One that a clock makes negative counts as none."""
        for before, after in zip(self.visits, self.visits[1:], strict=False):
            days = max(0.0, after.at - before.at) / DAY_S
            middle_at = before.at + days * DAY_S / 2
            yield Interval(days, self.age_days(middle_at), self._share(before), after.n_changed)

    def age_days(self, at: float) -> float:
        """Return its age at a moment, at least 0."""
        return max(0.0, at - self.born_at) / DAY_S

    @property
    def unknown_share(self) -> float:
        """The share of its rows that had no name at the last visit."""
        return self._share(self.visits[-1])

    @property
    def n_changes(self) -> int:
        """The number of visits that showed something new."""
        return sum(visit.n_changed > 0 for visit in self.visits[1:])

    def _share(self, visit: Visit) -> float:
        return min(1.0, visit.n_unknown / max(1, self.n_rows))
