"""The sets of the catalogue as the planner of refreshes knows them: when each was fetched, and what each fetch showed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from tlray.core.refresh.known_set import KnownSet, Visit
from tlray.io.catalogue.applying import CHANGES_PER_RESULT


def known_sets(db: sqlite3.Connection, *, owner: str | None = None) -> Iterator[KnownSet]:
    """Yield the sets that were fetched from a site; ``owner``: those of one user, None: the newest of each.

    A page that was parsed again is one visit. What only another parser has changed is no change.
    """
    rows = db.execute(
        "SELECT s.id, s.site, s.source_id, s.url, s.date, s.track_count, v.fetched_at, v.track_count - v.identified_count,"
        " (SELECT count(DISTINCT coalesce(c.index_after, -c.index_before, 0)) FROM changes c WHERE c.set_id = v.set_id"
        "  AND c.seq >= v.seq * ?1 AND c.seq < (v.seq + 1) * ?1 AND c.cause != 'parser')"
        " FROM sets s CROSS JOIN versions v ON v.set_id = s.id WHERE (?2 IS NULL AND s.is_newest OR s.owner = ?2)"
        " AND s.url LIKE 'http%' AND v.fetched_at IS NOT NULL ORDER BY s.id, v.seq, v.set_index",
        (CHANGES_PER_RESULT, owner),
    )
    for _, of_set in groupby(rows, key=lambda row: row[0]):
        yield _known(list(of_set))


def _known(rows: list[Any]) -> KnownSet:
    _, site, source_id, url, day, n_rows, first_at, *_ = rows[0]
    visits: dict[float, Visit] = {}
    for *_, at, n_unknown, n_changed in rows:
        visits.setdefault(at, Visit(at, n_unknown, n_changed))
    born_at = first_at if day is None else datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    return KnownSet(site, source_id, url, born_at, n_rows, tuple(visits.values()))
