"""Performances: the groups of linked sets, as far as a user sees their sets (`tlray.core.linking.groups`).

``owner`` is that user; None stands for all users, of whose versions the newest counts.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Any, Final

from tlray.core.linking.compare import compare, contradicts
from tlray.core.linking.groups import Link, best_first, groups, relations
from tlray.io.catalogue.linking import stored
from tlray.io.catalogue.search import Place, find_number

MAX_CHAIN: Final = 1_000
"""Sets that are looked at for the group of one; no real performance comes near."""
_OF_ONE: Final = (
    "SELECT l.other, l.score, p.site, q.site FROM links l CROSS JOIN facets f ON f.id = l.other"
    " CROSS JOIN performances p ON p.set_id = l.one CROSS JOIN performances q ON q.set_id = l.other"
    " WHERE l.one = ?1 AND (?2 IS NULL AND f.is_newest OR f.owner = ?2) ORDER BY l.other"
)
_ALL: Final = (
    "SELECT l.one, l.other, l.score, p.site, q.site FROM links l"
    " CROSS JOIN facets f ON f.id = l.one CROSS JOIN facets g ON g.id = l.other"
    " CROSS JOIN performances p ON p.set_id = l.one CROSS JOIN performances q ON q.set_id = l.other"
    " WHERE l.one < l.other AND (?1 IS NULL AND f.is_newest AND g.is_newest OR f.owner = ?1 AND g.owner = ?1)"
    " ORDER BY l.score DESC, l.one, l.other"
)


def all_groups(db: sqlite3.Connection, owner: str | None = None) -> dict[int, list[int]]:
    """Return the group of each linked set, by the numbers of the sets; members share one list."""
    return groups((Link(*row) for row in db.execute(_ALL, (owner,))), partial(_contradicts, db))


def sets_of(db: sqlite3.Connection, place: Place, *, owner: str | None) -> list[Place]:
    """Return where the sets of a set's performance are, itself among them."""
    group = _groups(db, _chain(db, place.number, owner)).get(place.number, [place.number])
    return [find_number(db, number) for number in sorted(group)]


def same_as(db: sqlite3.Connection, place: Place, *, owner: str | None) -> list[dict[str, Any]]:
    """Return the other sets of a set's performance, each with the score and the reasons of the link, the surest first."""
    number, links = place.number, _chain(db, place.number, owner)
    scores = {(link.one, link.other): link.score for link in links}
    scores |= {(link.other, link.one): link.score for link in links}
    group = _groups(db, links).get(number, [])
    places = {n: find_number(db, n) for n in group}
    found = []
    for other, relation in relations(number, group, scores).items():
        reasons = (
            _reasons(db, number, other)
            if relation.through is None
            else [f"through {places[relation.through].name}"]
        )
        of_other = {name: places[other].summary[name] for name in ("site", "source_id", "url")}
        found.append(of_other | {"score": relation.score, "reasons": reasons})
    return sorted(found, key=lambda one: (-one["score"], one["site"], one["source_id"]))


def _chain(db: sqlite3.Connection, number: int, owner: str | None) -> list[Link]:
    """Return all links that hang together with a set."""
    seen, ahead, found = {number}, [number], list[Link]()
    while ahead and len(seen) < MAX_CHAIN:
        one = ahead.pop(0)
        for other, *values in db.execute(_OF_ONE, (one, owner)).fetchall():
            if one < other or other not in seen:
                found.append(Link(one, other, *values))
            if other not in seen:
                seen.add(other)
                ahead.append(other)
    return found


def _groups(db: sqlite3.Connection, links: list[Link]) -> dict[int, list[int]]:
    return groups(best_first(links), partial(_contradicts, db))


def _contradicts(db: sqlite3.Connection, number: int, other: int) -> bool:
    one, another = stored(db, number), stored(db, other)
    return one is not None and another is not None and contradicts(one, another)


def _reasons(db: sqlite3.Connection, number: int, other: int) -> list[str]:
    one, another = stored(db, number), stored(db, other)
    likeness = None if one is None or another is None else compare(one, another)
    return [] if likeness is None else list(likeness.reasons)
