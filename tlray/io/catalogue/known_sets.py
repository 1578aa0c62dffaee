"""Known sets with their visits, as the refresh planner wants them (`tlray.core.refresh`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterator
from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import Any

from tlray.core.refresh.known_set import KnownSet, Visit
from tlray.io.catalogue.applying import CHANGES_PER_RESULT

_SETS = (
    "SELECT s.id, s.item_id, s.site, s.source_id, s.url, s.date, v.fetched_at, v.track_count, v.identified_count,"
    " coalesce(c.n_rows, 0)"
    " FROM sets s JOIN versions v ON v.set_id = s.id"
    " LEFT JOIN (SELECT set_id, seq / ?1 AS result, count(DISTINCT coalesce(index_after, -index_before)) AS n_rows"
    "  FROM changes WHERE cause != 'parser' GROUP BY set_id, result) c ON c.set_id = s.id AND c.result = v.seq"
    " WHERE CASE WHEN ?2 IS NULL THEN s.is_newest ELSE s.owner = ?2 END"
    " AND s.url LIKE 'http%' AND v.fetched_at IS NOT NULL ORDER BY s.id,"
    " min(v.seq) OVER (PARTITION BY s.id, v.fetched_at), v.seq, v.set_index"
)


def known_sets(
    db: sqlite3.Connection, *, owner: str | None = None, gone: Container[int] = ()
) -> Iterator[KnownSet]:
    """Yield every set that was fetched from a URL, once: as it is known to ``owner``, or to whom its newest version belongs.

    ``gone``: the items whose page is gone now.

    A set is as old as its date says, or as its first fetch where that came earlier or there is no date. What only another parser
    has changed is no change.
    """
    for _, rows in groupby(db.execute(_SETS, (CHANGES_PER_RESULT, owner)), key=lambda row: row[0]):
        versions: list[tuple[Any, ...]] = []
        for row in rows:
            is_again = versions and versions[-1][6] == row[6]  # the same fetch, parsed again
            n_changed = versions.pop()[-1] if is_again else 0
            versions.append((*row[:-1], n_changed + row[-1]))
        _, item_id, site, source_id, url, day, first_at, *_ = versions[0]
        visits = tuple(
            Visit(fetched_at, max(0, n_rows - n_identified), n_changed)
            for *_, fetched_at, n_rows, n_identified, n_changed in versions
        )
        born_at = min(first_at, _moment(day, first_at))
        yield KnownSet(site, source_id, url, born_at, versions[-1][7], visits, is_gone=item_id in gone)


def _moment(day: str | None, else_at: float) -> float:
    """Return the beginning of a day, in UTC."""
    if day is None:
        return else_at
    return datetime.combine(date.fromisoformat(day), time(), UTC).timestamp()
