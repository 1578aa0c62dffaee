"""The comparison of two sets: a link with a score and its reasons, if they are the same performance.

What speaks for it: named tracks in the same order, the day, a common DJ, common words of event and venue. What speaks against it:
no DJ in common, days further apart than a night, two events on two days. A DJ on tour plays much the same tracks on the next
day, so a day of difference needs the same event, or nearly the same list.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tlray.core.catalogue.matching import common_subsequence
from tlray.core.linking.performance import Performance

FEW: Final = 4
"""Lists with fewer named tracks in one of them say little."""
SAME_PLACE: Final = 0.6
"""Share of the words of the shorter name of event and venue from which on it counts as the same."""
MOST_TRACKS: Final = 2_000


class Link(NamedTuple):
    """Two sets that are one performance."""

    one: tuple[str, str]
    """Site and id; the smaller of the two."""
    other: tuple[str, str]
    score: float
    """0 to 1."""
    reasons: tuple[str, ...]


class _Evidence(NamedTuple):
    n_common: int
    """Named tracks in the same order."""
    share: float
    """Of the shorter list; 0 where one of them says little."""
    is_comparable: bool
    days_apart: int | None
    shares_dj: bool | None
    """None where a source names nobody."""
    place: float | None
    """Share of common words of the shorter name; None where a source names no place."""


def compare(one: Performance, other: Performance) -> Link | None:
    """Return the link of two sets, None if they are not the same performance as far as is known."""
    seen = _evidence(one, other)
    if not _is_same(seen):
        return None
    ids = sorted([(one.site, one.source_id), (other.site, other.source_id)])
    return Link(ids[0], ids[1], round(_score(seen), 3), tuple(_reasons(seen)))


def _evidence(one: Performance, other: Performance) -> _Evidence:
    n_least = min(len(one.tracks), len(other.tracks))
    n_common = len(common_subsequence(one.tracks[:MOST_TRACKS], other.tracks[:MOST_TRACKS]))
    is_comparable = n_least >= FEW
    return _Evidence(
        n_common,
        n_common / n_least if is_comparable else 0.0,
        is_comparable,
        None if one.day is None or other.day is None else abs(one.day - other.day),
        bool(one.djs & other.djs) if one.djs and other.djs else None,
        _overlap(one.places, other.places),
    )


def _overlap(one: frozenset[str], other: frozenset[str]) -> float | None:
    return len(one & other) / min(len(one), len(other)) if one and other else None


def _is_same(seen: _Evidence) -> bool:
    share, place = seen.share, seen.place if seen.place is not None else 0.5
    if seen.shares_dj is False or (seen.days_apart or 0) > 1:
        return False
    if seen.is_comparable and share < 0.2:
        return False
    if seen.shares_dj is None or seen.days_apart is None:  # the list must say it nearly alone
        return seen.n_common >= FEW and share >= (0.4 if place >= SAME_PLACE else 0.8)
    if seen.days_apart == 1:
        return share >= (0.35 if place >= SAME_PLACE else 0.85)
    if seen.is_comparable:
        return share >= (0.3 if place >= 0.3 else 0.75)
    return place >= SAME_PLACE


def _score(seen: _Evidence) -> float:
    day = {0: 1.0, 1: 0.5, None: 0.3}[seen.days_apart]
    place = 0.5 if seen.place is None else seen.place
    return 0.5 * min(1.0, seen.share / 0.8) + 0.2 * day + 0.15 * (seen.shares_dj is True) + 0.15 * place


def _reasons(seen: _Evidence) -> list[str]:
    told = (
        [f"{seen.n_common} tracks in the same order, {seen.share:.0%} of the shorter list"]
        if seen.n_common
        else []
    )
    if seen.days_apart is not None:
        told.append("the same day" if seen.days_apart == 0 else "days next to each other")
    if seen.shares_dj:
        told.append("a common DJ")
    if seen.place:
        told.append("the same event by name" if seen.place >= SAME_PLACE else "an event of a similar name")
    return told
