"""The comparison of two sets: a score and its reasons, if they may be the same performance.

What speaks for it: named tracks in the same order, the day, a common DJ, common words of event and venue. What speaks against it:
no DJ in common, days further apart than a night, two events on two days. A DJ on tour plays much the same tracks on the next
day, so a day of difference needs the same event, or nearly the same list.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final, NamedTuple

from tlray.core.catalogue.matching import common_subsequence
from tlray.core.catalogue.names import SIMILAR
from tlray.core.linking.performance import Performance

FEW: Final = 4
"""Lists with fewer named tracks in one of them say little."""
SAME_PLACE: Final = 0.6
"""Share of the words of the shorter name of event and venue from which on it counts as the same …"""
OTHER_PLACE: Final = 0.3
"""… and below which it is another."""
OTHER_NUMBER_SHARE: Final = 0.75
"""Below this share of common tracks "Day 1" and "Day 2" are two performances."""
LEAST_CHARS: Final = 3
"""A shorter name within another one says nothing."""
MISSPELT_SHARE: Final = 0.5
"""From this share of common tracks on, DJs of nearly the same name are the same."""


class Likeness(NamedTuple):
    """How much two sets are alike."""

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
    has_same_djs: bool
    place: float | None
    """Share of common words of the shorter name; None where a source names no place."""
    has_other_number: bool
    """One is called "Day 1", the other "Day 2"."""


def compare(one: Performance, other: Performance) -> Likeness | None:
    """Return how much two sets are alike, None if they are not the same performance as far as is known.

    Sets of one site are not: it has a performance once.
    """
    if one.site == other.site:
        return None
    seen = _evidence(one, other)
    return Likeness(round(_score(seen), 3), tuple(_reasons(seen))) if _is_same(seen) else None


def contradicts(one: Performance, other: Performance) -> bool:
    """True if two sets cannot be the same performance, whatever a third one says: other DJs, or other days."""
    is_far = one.day is not None and other.day is not None and abs(one.day - other.day) > 1
    return is_far or _shares_dj(one.djs, other.djs, may_be_misspelt=True) is False


def _evidence(one: Performance, other: Performance) -> _Evidence:
    n_least = min(len(one.tracks), len(other.tracks))
    n_common = len(common_subsequence(one.tracks, other.tracks))
    is_comparable = n_least >= FEW
    share = n_common / n_least if is_comparable else 0.0
    return _Evidence(
        n_common,
        share,
        is_comparable,
        None if one.day is None or other.day is None else abs(one.day - other.day),
        _shares_dj(one.djs, other.djs, may_be_misspelt=share >= MISSPELT_SHARE),
        one.djs == other.djs,
        _overlap(one.places, other.places),
        _has_other_number(one.numbered, other.numbered),
    )


def _overlap(one: frozenset[str], other: frozenset[str]) -> float | None:
    return len(one & other) / min(len(one), len(other)) if one and other else None


def _has_other_number(one: frozenset[str], other: frozenset[str]) -> bool:
    """True if the same word has numbers in both, and none in common."""
    ours, theirs = ({name.partition(" ")[0] for name in some} for some in (one, other))
    in_both = {name.partition(" ")[0] for name in one & other}
    return bool((ours & theirs) - in_both)


def _shares_dj(one: frozenset[str], other: frozenset[str], *, may_be_misspelt: bool) -> bool | None:
    if not one or not other:
        return None
    if one & other:
        return True
    return may_be_misspelt and any(_is_spelling(a, b) for a in sorted(one)[:9] for b in sorted(other)[:9])


def _is_spelling(one: str, other: str) -> bool:
    """True for nearly the same name, and for one within another: a site names a duo, or both of a b2b, as one DJ or as two."""
    if min(len(one), len(other)) >= LEAST_CHARS and (
        f" {one} " in f" {other} " or f" {other} " in f" {one} "
    ):
        return True
    return SequenceMatcher(None, one[:99], other[:99], autojunk=False).ratio() >= SIMILAR


def _is_same(seen: _Evidence) -> bool:
    share, place = seen.share, 0.5 if seen.place is None else seen.place
    if seen.shares_dj is False or (seen.days_apart or 0) > 1 or (seen.is_comparable and share < 0.2):
        return False
    if seen.has_other_number and (seen.days_apart == 1 or share < OTHER_NUMBER_SHARE):
        return False
    if seen.shares_dj is None or seen.days_apart is None:  # the list must say it nearly alone
        return seen.n_common >= FEW and share >= (0.4 if place >= SAME_PLACE else 0.8)
    if seen.days_apart == 1:
        return place >= OTHER_PLACE and share >= (0.35 if place >= SAME_PLACE else 0.85)
    if seen.is_comparable:
        return share >= (0.3 if place >= OTHER_PLACE else 0.75)
    return place >= SAME_PLACE and seen.has_same_djs


def _score(seen: _Evidence) -> float:
    day = {0: 1.0, 1: 0.5, None: 0.3}[seen.days_apart]
    place = 0.5 if seen.place is None else seen.place
    return 0.5 * min(1.0, seen.share / 0.8) + 0.2 * day + 0.15 * (seen.shares_dj is True) + 0.15 * place


def _reasons(seen: _Evidence) -> list[str]:
    found = (
        [f"{seen.n_common} tracks in the same order, {seen.share:.0%} of the shorter list"]
        if seen.n_common
        else []
    )
    if seen.days_apart is not None:
        found.append("the same day" if seen.days_apart == 0 else "days next to each other")
    if seen.shares_dj:
        found.append("a common DJ")
    if seen.place:
        found.append("the same event by name" if seen.place >= SAME_PLACE else "an event of a similar name")
    return found
