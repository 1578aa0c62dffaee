"""Sets that are not on their page any more, since a parser of today has read it again: their rows are gone.

Such a set leaves the catalogue with its changes, as if it had never been there: a catalogue that is made anew would not have it
either. If another fetch has it too, that one is entered again.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from tlray.io.catalogue.content import unpack, words_of
from tlray.io.catalogue.linking import unlink
from tlray.io.catalogue.records import Result
from tlray.io.catalogue.tally import ALL, Tally, of_batch, of_owner

_GONE = (
    "SELECT id, site, source_id, owner, is_newest, item_id, seq, quality, issues FROM sets"
    " WHERE batch = ? AND item_id IN (SELECT value FROM json_each(?))"
)
_BY_SET = ("contents", "versions", "changes", "performances")


def forget_gone(db: sqlite3.Connection, results: Iterable[Result], tally: Tally) -> None:
    """Forget the sets that results had before they were read again, and have no more."""
    by_batch: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for result in results:
        if result.is_revision:
            by_batch[result.batch][result.item_id] = result.seq
    for batch, read in by_batch.items():
        for row in db.execute(_GONE, (batch, json.dumps(list(read)))).fetchall():
            set_id, site, source_id, owner, is_newest, item_id, seq, quality, issues = row
            if seq >= read[item_id]:
                continue
            _reenter(db, set_id, batch, item_id)
            _delete(db, set_id)
            for scope in (of_batch(batch), of_owner(owner), *((ALL,) if is_newest else ())):
                tally.count(scope, quality, issues, -1)
            if is_newest:
                _promote(db, site, source_id, tally)


def _reenter(db: sqlite3.Connection, set_id: int, batch: int, item_id: int) -> None:
    """Have the newest version of another fetch read again, if there is one."""
    db.execute(
        "INSERT OR REPLACE INTO unread SELECT seq, batch, item_id, 'a newer version is gone' FROM versions"
        " WHERE set_id = ? AND NOT (batch = ? AND item_id = ?) ORDER BY seq DESC LIMIT 1",
        (set_id, batch, item_id),
    )


def _delete(db: sqlite3.Connection, set_id: int) -> None:
    (packed,) = db.execute("SELECT content FROM contents WHERE set_id = ?", (set_id,)).fetchone()
    db.execute(
        "INSERT INTO words (words, rowid, title, djs, artists, tracks, labels, sources)"
        " VALUES ('delete', ?, ?, ?, ?, ?, ?, ?)",
        (set_id, *words_of(unpack(packed))),
    )
    unlink(db, set_id)
    for table in _BY_SET:
        db.execute(f"DELETE FROM {table} WHERE set_id = ?", (set_id,))
    db.execute("DELETE FROM facets WHERE id = ?", (set_id,))
    db.execute("DELETE FROM sets WHERE id = ?", (set_id,))


def _promote(db: sqlite3.Connection, site: str, source_id: str, tally: Tally) -> None:
    """Make the newest version of the other users the newest of all."""
    promoted = db.execute(
        "UPDATE sets SET is_newest = 1 WHERE id = (SELECT id FROM sets WHERE site = ? AND source_id = ?"
        " ORDER BY seq DESC LIMIT 1) RETURNING quality, issues",
        (site, source_id),
    ).fetchall()
    for rated in promoted:
        tally.count(ALL, *rated)
