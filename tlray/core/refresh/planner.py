"""The choice of sets to fetch again, within a budget, each with its reason.

Every fetch costs the same, so those with the highest expected gain are chosen: the chance of a change times the rows that a
change brings. A site is given no more than it may be asked politely.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tlray.core.model.durations import in_words
from tlray.core.refresh.change_rate import ChangeRates, Expectation
from tlray.core.refresh.known_set import DAY_S, KnownSet


@dataclass(frozen=True, slots=True)
class Pick:
    """A set that is worth a fetch now."""

    known: KnownSet
    expected: Expectation
    why: str
    """In words, for a person."""


def plan(
    sets: Iterable[KnownSet],
    rates: ChangeRates,
    *,
    budget: int,
    now: float,
    at_most: Mapping[str, int] | None = None,
) -> list[Pick]:
    """Return the sets to fetch now, at most ``budget``, the most promising first; none that is gone from its site.

    ``at_most`` is site → fetches that its rate allows in the time of the plan; a site that is missing has no bound of its own.
    Memory is in proportion to the budget. Equal sets come in the order of site and id, so a plan is the same every time.
    """
    bounds = at_most or {}
    by_site: dict[str, list[tuple[float, _Reversed, KnownSet, Expectation]]] = {}
    for known in sets:
        size = min(budget, bounds.get(known.site, budget))
        if size <= 0 or known.is_gone:
            continue
        expected = rates.expect(known, now=now)
        entry = (expected.gain, _Reversed(known.source_id), known, expected)
        best = by_site.setdefault(known.site, [])
        if len(best) < size:
            heapq.heappush(best, entry)
        elif entry > best[0]:
            heapq.heapreplace(best, entry)
    chosen = heapq.nsmallest(
        budget,
        (entry for best in by_site.values() for entry in best),
        key=lambda entry: (-entry[0], entry[2].site, entry[2].source_id),
    )
    return [Pick(known, expected, _why(known, expected, now=now)) for _, _, known, expected in chosen]


@dataclass(frozen=True, slots=True)
class _Reversed:
    """An id that sorts the other way round: of equal gains the smaller id stays in the heap."""

    source_id: str

    def __lt__(self, other: _Reversed) -> bool:
        return self.source_id > other.source_id


def _why(known: KnownSet, expected: Expectation, *, now: float) -> str:
    n_visits = len(known.visits) - 1
    last_s = max(0.0, now - known.visits[-1].at)
    seen = f"changed at {known.n_changes} of {n_visits} later visits" if n_visits else "fetched once"
    return (
        f"{expected.chance:.0%} likely to have changed: {known.visits[-1].n_unknown} of {known.n_rows} rows unknown, "
        f"{in_words(known.age_days(now) * DAY_S)} old, {seen}, last {in_words(last_s)} ago"
    )
