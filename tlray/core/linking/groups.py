"""Performances: groups of linked sets, with at most one set of each site.

Links say what may be the same. Where two sets of one site claim the same partner, such as a show and its repeat beside a page
without a date, only one of them can be right: the link with the higher score counts. A set without a day or a DJ
may be linked with sets that contradict each other: those are never in one group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple


class Link(NamedTuple):
    """Two sets, by their numbers, and how much they are alike."""

    one: int
    other: int
    score: float
    site: str
    """Of ``one`` …"""
    other_site: str
    """… and of ``other``."""


def groups(links: Iterable[Link], contradicts: Callable[[int, int], bool]) -> dict[int, list[int]]:
    """Return the group of each linked set; members of one group share one list.

    ``links``: the one with the highest score first.
    """
    group_of: dict[int, list[int]] = {}
    site_of: dict[int, str] = {}
    for link in links:
        site_of[link.one], site_of[link.other] = link.site, link.other_site
        ours = group_of.setdefault(link.one, [link.one])
        theirs = group_of.setdefault(link.other, [link.other])
        if ours is theirs or {site_of[n] for n in ours} & {site_of[n] for n in theirs}:
            continue
        if any(contradicts(a, b) for a in ours for b in theirs if {a, b} != {link.one, link.other}):
            continue
        ours.extend(theirs)
        for number in theirs:
            group_of[number] = ours
    return group_of


def best_first(links: Iterable[Link]) -> list[Link]:
    """Return links in the order that `groups` needs."""
    return sorted(links, key=lambda link: (-link.score, link.one, link.other))


class Relation(NamedTuple):
    """How a set of a group is linked with another: directly, or through a third one."""

    score: float
    through: int | None = None


def relations(
    number: int, group: Iterable[int], scores: Mapping[tuple[int, int], float]
) -> dict[int, Relation]:
    """Return how a set is linked with the others of its group; through others, along the links whose lowest score is highest.

    ``scores`` has each link in both directions.
    """
    rest = set(group) - {number}
    found: dict[int, Relation] = {}
    while rest:
        steps = [
            (min(score, found[one].score if one in found else 1.0), one, other)
            for (one, other), score in scores.items()
            if other in rest and (one == number or one in found)
        ]
        score, one, other = max(steps)
        found[other] = Relation(score, None if one == number else one)
        rest.discard(other)
    return {
        n: Relation(scores[number, n]) if (number, n) in scores else relation
        for n, relation in sorted(found.items())
    }
