"""The versions of one set, the one that was published last first; they are numbered in the order of publication, from 1.

``owner`` is the user whose batches are looked at; None stands for all users.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Any, Final, NamedTuple

from tlray.io.catalogue.applying import CHANGES_PER_RESULT
from tlray.io.catalogue.search import moment

_COLUMNS: Final = (
    "b.batch_id, v.item_id, v.parser, v.fetched_at, v.quality, v.track_count, v.identified_count, v.cued_count, v.digest,"
    " v.seq = s.seq AND v.set_index = s.set_index AND (?3 IS NOT NULL OR s.is_newest) AS is_newest"
)
_OF_SET: Final = (
    " FROM sets s JOIN versions v ON v.set_id = s.id JOIN batches b ON b.number = v.batch"
    " WHERE s.site = ?1 AND s.source_id = ?2 AND (?3 IS NULL OR s.owner = ?3) ORDER BY v.seq DESC, v.set_index DESC"
)


class StoredVersion(NamedTuple):
    """The result that has a version of a set."""

    batch_id: str
    item_id: int
    seq: int
    set_index: int


def find_version(
    db: sqlite3.Connection, site: str, source_id: str, number: int, *, owner: str | None
) -> StoredVersion | None:
    """Return where a version of a set is, by its number; None if there is no such version."""
    rows = db.execute(
        f"SELECT b.batch_id, v.item_id, v.seq, v.set_index{_OF_SET}", (site, source_id, owner)
    ).fetchall()
    return StoredVersion(*rows[-number]) if 1 <= number <= len(rows) else None


def versions(db: sqlite3.Connection, site: str, source_id: str, *, owner: str | None) -> list[dict[str, Any]]:
    """Return all versions of a set, the one that was published last first; none if there is no such set."""
    asked = (site, source_id, owner)
    cursor = db.execute(f"SELECT {_COLUMNS}, s.id, v.seq{_OF_SET}", asked)
    names = [column[0] for column in cursor.description]
    found = [dict(zip(names, row, strict=True)) for row in cursor]
    counts = defaultdict[tuple[int, int], dict[str, int]](dict)
    for set_id in {version["id"] for version in found}:
        of_set = (
            "SELECT seq / ?2 AS result, kind, count(*) FROM changes WHERE set_id = ?1 GROUP BY result, kind"
        )
        for seq, kind, n in db.execute(of_set, (set_id, CHANGES_PER_RESULT)):
            counts[set_id, seq][kind] = n
    for place, version in enumerate(found):
        version |= {
            "version": len(found) - place, "changes": counts.get((version.pop("id"), version.pop("seq")), {}),
            "item_id": str(version["item_id"]), "fetched_at": moment(version["fetched_at"]),
            "digest": version["digest"].hex(), "is_newest": bool(version["is_newest"]),
        }  # fmt: skip
    return found
