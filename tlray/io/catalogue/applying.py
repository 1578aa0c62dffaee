"""The effect of a result on the catalogue: a version more, and what changed.

The newest version is the one that was published last; clocks may run back. But a set of a page that the catalogue has
already, read by another parser or copied into another batch, is a version of that fetch: it is the newest only if that was. A
set on a page that was a dead letter, and was read later from the archive, is the newest only if its page is.
"""

from __future__ import annotations

import json
import math
import sqlite3
from itertools import islice
from typing import Final

from tlray.core.catalogue.changes import cause_of, compare
from tlray.io.catalogue.content import pack, unpack, version_of, words_of
from tlray.io.catalogue.linking import link
from tlray.io.catalogue.records import Record, Result
from tlray.io.catalogue.tally import ALL, Tally, issue_names, of_batch, of_owner

CHANGES_PER_RESULT: Final = 2**20
"""Changes are numbered by the number of their result times this, and their place."""
_FIELDS: Final = (
    "seq", "batch", "item_id", "set_index", "url", "title", "date", "djs", "sources", "quality", "issues",
    "track_count", "identified_count", "cued_count", "parser", "fetched_at", "digest",
)  # fmt: skip
_OF_VERSION: Final = (
    "seq", "set_index", "batch", "item_id", "parser", "fetched_at", "digest", "quality", "track_count", "identified_count",
    "cued_count",
)  # fmt: skip
_INSERT: Final = (
    f"INSERT INTO sets (site, source_id, owner, is_newest, {', '.join(_FIELDS)})"
    f" VALUES (:site, :source_id, :owner, 1, {', '.join(f':{name}' for name in _FIELDS)})"
)
_UPDATE: Final = (
    f"UPDATE sets SET {', '.join(f'{name} = :{name}' for name in _FIELDS)}, is_newest = 1, n_changes = n_changes + :n_changes"
    " WHERE id = :id"
)
_VERSION: Final = (
    f"INSERT OR IGNORE INTO versions (set_id, {', '.join(_OF_VERSION)})"
    f" VALUES (:id, {', '.join(f':{name}' for name in _OF_VERSION)})"
)


def apply(db: sqlite3.Connection, result: Result, records: list[Record], tally: Tally) -> int:
    """Enter the sets of a result; return the number of changes. ``tally`` is written by the caller, in the same transaction."""
    n_changes = 0
    for record in records:
        n_changes += _apply_set(db, result, record, n_changes, tally)
    return n_changes


def _apply_set(db: sqlite3.Connection, result: Result, record: Record, n_before: int, tally: Tally) -> int:
    packed, digest = pack(record.content)
    title, date, djs, sources, site, *_ = record.content
    values = {
        **record._asdict(),
        "site": site, "owner": result.owner, "seq": result.seq, "batch": result.batch, "item_id": result.item_id,
        "title": title, "date": date, "djs": json.dumps(djs, ensure_ascii=False),
        "sources": json.dumps(sources, ensure_ascii=False), "digest": digest, "issues": issue_names(record.issues),
    }  # fmt: skip
    rated = record.quality, str(values["issues"])
    known = db.execute(
        "SELECT id, seq, fetched_at, parser, digest, is_newest, quality, issues, batch, item_id FROM sets"
        " WHERE site = ? AND source_id = ? AND owner = ?",
        (site, record.source_id, result.owner),
    ).fetchone()
    if known is None:
        values["id"] = db.execute(_INSERT, values).lastrowid
        db.execute("INSERT INTO contents VALUES (?, ?)", (values["id"], packed))
        _index(db, values["id"], words_of(record.content))
        db.execute(_VERSION, values)
        for scope in (of_batch(result.batch), of_owner(result.owner), ALL):
            tally.count(scope, *rated)
        _outdate_others(db, values["id"], record, tally)
        link(db, values["id"], result.owner, record.content)
        return 0
    values["id"] = set_id = known[0]
    is_newest = result.seq >= known[1] and _is_of_newest_fetch(db, set_id, known[2], result, record)
    had = result.is_revision and _has_version(db, set_id, result)
    if db.execute(_VERSION, values).rowcount:
        db.execute("UPDATE sets SET n_versions = n_versions + 1 WHERE id = ?", (set_id,))
        if not had:
            tally.count(of_batch(result.batch), *rated)
        elif (known[8], known[9]) == (result.batch, result.item_id):  # in the place of its rating so far
            tally.count(of_batch(result.batch), known[6], known[7], -1)
            tally.count(of_batch(result.batch), *rated)
    if not is_newest:
        return 0
    values["n_changes"] = 0
    if digest != known[4]:
        (before,) = db.execute("SELECT content FROM contents WHERE set_id = ?", (set_id,)).fetchone()
        values["n_changes"] = _note_changes(db, values, unpack(before), known[3], known[2], record, n_before)
        db.execute("UPDATE contents SET content = ? WHERE set_id = ?", (packed, set_id))
    for scope, was_counted in ((of_owner(result.owner), True), (ALL, known[5])):
        if was_counted:
            tally.count(scope, known[6], known[7], -1)
        tally.count(scope, *rated)
    db.execute(_UPDATE, values)
    _outdate_others(db, set_id, record, tally)
    if digest != known[4] or not known[5]:
        link(db, set_id, result.owner, record.content)
    return int(values["n_changes"])


def _has_version(db: sqlite3.Connection, set_id: int, result: Result) -> bool:
    """True if an item has a version of a set already."""
    row = db.execute(
        "SELECT 1 FROM versions WHERE set_id = ? AND batch = ? AND item_id = ? AND seq < ? LIMIT 1",
        (set_id, result.batch, result.item_id, result.seq),
    ).fetchone()
    return row is not None


def _is_of_newest_fetch(
    db: sqlite3.Connection, set_id: int, newest_at: float | None, result: Result, record: Record
) -> bool:
    """True unless a version is of a fetch that is known and is not the newest one, or of an archived page that is older."""
    if record.fetched_at is None or record.fetched_at == newest_at:
        return True
    if result.is_revision:
        return newest_at is None or record.fetched_at > newest_at
    row = db.execute(
        "SELECT 1 FROM versions WHERE set_id = ? AND fetched_at = ? LIMIT 1", (set_id, record.fetched_at)
    ).fetchone()
    return row is None


def _outdate_others(db: sqlite3.Connection, set_id: int, record: Record, tally: Tally) -> None:
    """Other users' versions of the set are not the newest any more."""
    outdated = db.execute(
        "UPDATE sets SET is_newest = 0 WHERE site = ? AND source_id = ? AND id != ? AND is_newest"
        " RETURNING quality, issues",
        (record.site, record.source_id, set_id),
    ).fetchall()
    for quality, issues in outdated:
        tally.count(ALL, quality, issues, -1)


def _note_changes(
    db: sqlite3.Connection,
    values: dict[str, object],
    before: list[object],
    parser: str,
    fetched_at: float | None,
    record: Record,
    n_before: int,
) -> int:
    """Store what changed since the version before, and index its words; return how many changes there are."""
    old = version_of(before, parser, fetched_at)
    new = version_of(record.content, record.parser, record.fetched_at)
    cause = cause_of(old, new)
    set_id, first = values["id"], int(str(values["seq"])) * CHANGES_PER_RESULT + n_before
    changes = list(islice(compare(old, new), CHANGES_PER_RESULT - 1 - n_before))
    db.executemany(
        "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (first + n, set_id, values["batch"], c.kind.value, cause.value, c.index_before, c.index, c.artist, c.title,
             _finite(c.cue_s), c.before, c.after, old.parser, new.parser, new.fetched_at)
            for n, c in enumerate(changes)
        ],
    )  # fmt: skip
    old_words, new_words = words_of(before), words_of(record.content)
    if old_words != new_words:
        db.execute(
            "INSERT INTO words (words, rowid, title, djs, artists, tracks, labels, sources)"
            " VALUES ('delete', ?, ?, ?, ?, ?, ?, ?)",
            (set_id, *old_words),
        )
        _index(db, set_id, new_words)
    return len(changes)


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def _index(db: sqlite3.Connection, set_id: object, words: tuple[str, ...]) -> None:
    db.execute(
        "INSERT INTO words (rowid, title, djs, artists, tracks, labels, sources) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (set_id, *words),
    )
