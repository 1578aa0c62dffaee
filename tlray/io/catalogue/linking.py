"""Links of a set with those of other sites, made when it is entered into the catalogue, and anew when it has changed.

Two sets are compared if they have a block in common (`tlray.core.linking.performance`) and are of one user, or both the newest of
all users. A block that many sets have says nothing, and is passed over: so a set costs the same whatever the others are.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections import Counter
from datetime import date
from typing import Final

from tlray.core.linking.compare import compare
from tlray.core.linking.performance import Performance, blocks, nights_beside, performance
from tlray.io.catalogue import block_index
from tlray.io.catalogue.content import Content
from tlray.model import Identity

_IDENTIFIED: Final = Identity.IDENTIFIED.value
MAX_IN_BLOCK: Final = 64
"""A block with more sets is passed over."""
MAX_CANDIDATES: Final = 128
"""Sets that one set is compared with: those with the most common blocks."""


def link(db: sqlite3.Connection, set_id: int, owner: str, content: Content) -> None:
    """Index a set, and store its links in the place of those that it had."""
    one, old = performance_of(content), stored(db, set_id)
    if old is not None:
        _delete_links(db, set_id)
    own = blocks(one)
    if one != old:
        _index(db, set_id, one, set(own), set() if old is None else set(blocks(old)))
    found = []
    for other_id in _candidates(db, set_id, owner, [*own, *nights_beside(one)]):
        other = stored(db, other_id, unless_site=one.site)
        if other is not None and (likeness := compare(one, other)) is not None:
            found += [(set_id, other_id, likeness.score), (other_id, set_id, likeness.score)]
    if found:
        db.executemany("INSERT INTO links VALUES (?, ?, ?)", found)


def unlink(db: sqlite3.Connection, set_id: int) -> None:
    """Take a set out of the index, with its links."""
    old = stored(db, set_id)
    if old is not None:
        _delete_links(db, set_id)
        block_index.drop(db, set_id, blocks(old))


def _delete_links(db: sqlite3.Connection, set_id: int) -> None:
    db.execute(
        "DELETE FROM links WHERE other = ?1 AND one IN (SELECT other FROM links WHERE one = ?1)", (set_id,)
    )
    db.execute("DELETE FROM links WHERE one = ?", (set_id,))


def stored(db: sqlite3.Connection, set_id: int, *, unless_site: str | None = None) -> Performance | None:
    """Return what a set is compared by; None if it is not indexed, or of that site."""
    row = db.execute(
        "SELECT site, day, djs, places, numbered, tracks FROM performances WHERE set_id = ? AND site IS NOT ?",
        (set_id, unless_site),
    ).fetchone()
    if row is None:
        return None
    site, day, *texts, tracks = row
    djs, places, numbered = (frozenset(json.loads(text)) for text in texts)
    return Performance(site, day, djs, places, numbered, tuple(array("I", tracks)))


def performance_of(content: Content) -> Performance:
    """Return what a set is compared by, of its content."""
    title, day, djs, sources, site, artists, titles, identities, *_ = content
    rows = zip(artists, titles, identities, strict=True)
    return performance(
        site, title=title, day=None if day is None else date.fromisoformat(day).toordinal(), djs=djs, sources=sources,
        tracks=((artist, name) for artist, name, identity in rows if identity == _IDENTIFIED),
    )  # fmt: skip


def _index(db: sqlite3.Connection, set_id: int, one: Performance, own: set[int], old: set[int]) -> None:
    block_index.drop(db, set_id, old - own)
    block_index.add(db, set_id, own - old)
    texts = (json.dumps(sorted(some)) for some in (one.djs, one.places, one.numbered))
    db.execute(
        "INSERT OR REPLACE INTO performances VALUES (?, ?, ?, ?, ?, ?, ?)",
        (set_id, one.site, one.day, *texts, array("I", one.tracks).tobytes()),
    )


def _candidates(db: sqlite3.Connection, set_id: int, owner: str, in_blocks: list[int]) -> list[int]:
    """Return the sets to compare a set with."""
    n_common: Counter[int] = Counter()
    for block in block_index.shared(db, set_id, in_blocks):
        others = block_index.sets_in(db, block, owner, limit=MAX_IN_BLOCK + 1)
        if len(others) <= MAX_IN_BLOCK:
            n_common.update(others)
    del n_common[set_id]
    return sorted(n_common, key=lambda number: (-n_common[number], number))[:MAX_CANDIDATES]
