"""Migrations: the tables of a new journal, and the steps from an older schema to the current one, ``schema.sql``.

Each step of `_STEPS` leads from one version to the next. A journal of a newer tlray is left as it is. Only a writer migrates a
journal; a reader of an older one reads a migrated copy (`tlray.io.journal.sqlite.read_only`).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tlray.errors import HomeUnusable
from tlray.io.journal.sql.schema import DISCOVERY, SCHEMA_VERSION, statements

MIGRATION_S = 120
"""Seconds for which a writer waits for another one that migrates a large journal."""
BUSY_S = 5
"""Seconds for which it waits at any other time."""

_JOIN_NAMES = """
CREATE TEMP TABLE both_names (name TEXT);
INSERT INTO both_names VALUES
    ('www.1001tracklists.com'), ('www.mixesdb.com'), ('www.musicbrainz.org'), ('www.nts.live');
INSERT INTO domains (name, robots_text, robots_at, crawl_delay_s, cool_until, cool_reason, n_blocks, last_fetch_at)
    SELECT substr(name, 5), robots_text, robots_at, crawl_delay_s, cool_until, cool_reason, n_blocks, last_fetch_at
    FROM domains WHERE name IN both_names
    ON CONFLICT (name) DO UPDATE SET
    cool_reason = CASE WHEN excluded.cool_until > coalesce(cool_until, 0) THEN excluded.cool_reason ELSE cool_reason END,
    cool_until = max(coalesce(cool_until, 0), coalesce(excluded.cool_until, 0)),
    n_blocks = max(n_blocks, excluded.n_blocks),
    last_fetch_at = max(coalesce(last_fetch_at, 0), coalesce(excluded.last_fetch_at, 0));
UPDATE items SET domain = (
    SELECT bare.id FROM domains www JOIN domains bare ON bare.name = substr(www.name, 5) WHERE www.id = items.domain
) WHERE domain IN (SELECT id FROM domains WHERE name IN both_names);
DELETE FROM domains WHERE name IN both_names;
DROP TABLE both_names
"""
"""Merge names that were two domains in version 1 and are one now (`tlray.core.politeness.site_profile.politeness_key`)."""

_STEPS: Mapping[str, tuple[str, Sequence[str]]] = {
    "1": (
        "2",
        (
            "ALTER TABLE batches ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE batches ADD COLUMN n_answered INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE items ADD COLUMN from_public INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE items ADD COLUMN fetched_at REAL",
            "ALTER TABLE items ADD COLUMN answered_by INTEGER",
            "ALTER TABLE items ADD COLUMN done_seq INTEGER",
            "ALTER TABLE batches ADD COLUMN counts TEXT",
            "ALTER TABLE batches ADD COLUMN version INTEGER NOT NULL DEFAULT 1",
            "ALTER TABLE batches ADD COLUMN first_item INTEGER",
            "ALTER TABLE batches ADD COLUMN last_item INTEGER",
            "ALTER TABLE batches ADD COLUMN n_items INTEGER",
            "ALTER TABLE domains ADD COLUMN set_rate REAL",
            "ALTER TABLE domains ADD COLUMN set_concurrency INTEGER",
            "ALTER TABLE domains ADD COLUMN is_paused INTEGER NOT NULL DEFAULT 0",
            "UPDATE items SET done_seq = id WHERE state = 'succeeded'",
            "INSERT INTO meta SELECT 'done_seq', max(id) FROM items HAVING max(id)",
            "UPDATE batches SET (first_item, last_item) = (SELECT min(id), max(id) FROM items WHERE batch = batches.id)",
            "UPDATE items SET fetched_at = (SELECT created_at FROM batches WHERE id = batch) WHERE state = 'succeeded'",
            *_JOIN_NAMES.split(";"),
        ),
    ),
    "2": ("3", ("ALTER TABLE items ADD COLUMN peer TEXT",)),
    "3": ("4", ("ALTER TABLE domains ADD COLUMN used_in INTEGER",)),
    "4": ("5", ("ALTER TABLE items ADD COLUMN dead_at INTEGER",)),
    "5": ("6", DISCOVERY),
    "6": ("7", ()),  # the table of revisions
}
"""Version → (next version, statements)."""


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Create the tables, or migrate those of an older tlray; `HomeUnusable` if a newer one wrote them.

    It is one transaction, and the version is read within it: of two processes that do it at once, the second finds it done.
    """
    check_version(version_of(db), path)  # before anything is written
    db.execute(f"PRAGMA busy_timeout = {MIGRATION_S * 1_000}")
    _use_wal(db)
    db.execute("PRAGMA synchronous=FULL")
    migrate(db, path)
    db.execute(f"PRAGMA busy_timeout = {BUSY_S * 1_000}")


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL mode; wait for readers, which SQLite itself does not do here."""
    deadline = time.monotonic() + MIGRATION_S
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.02)
        else:
            return


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Migrate the tables of any version, or of none, to the current schema, in one transaction."""
    db.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(db)
        check_version(version, path)
        while version is not None and version != SCHEMA_VERSION:
            version, steps = _STEPS[version]
            for statement in steps:
                db.execute(statement)
        for statement in statements():
            db.execute(statement)
        db.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", (SCHEMA_VERSION,))
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk has rolled back already
            db.execute("ROLLBACK")
        raise


def version_of(db: sqlite3.Connection) -> str | None:
    """Return the version of a journal's tables; None if there are none."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
        return None
    row = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    return None if row is None else str(row[0])


def check_version(version: str | None, path: Path) -> None:
    """Raise `HomeUnusable` for a version that this tlray cannot migrate."""
    if version is not None and version != SCHEMA_VERSION and version not in _STEPS:
        reason = f"its journal is of version {version}, this tlray writes {SCHEMA_VERSION}"
        raise HomeUnusable(str(path.parent), reason)
