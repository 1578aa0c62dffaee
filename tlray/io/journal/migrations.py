"""The tables of a journal: they are made where they are not, and a journal of an older tlray is brought up to date.

The newest schema is ``journal/schema.sql``. Each step of `_STEPS` leads from one version to the next. A journal of a newer tlray
is left as it is. Only the writer of a journal changes it so; who reads an older one, reads a copy (`tlray.io.journal.read_only`).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from tlray.errors import HomeUnusable
from tlray.io.journal.rows import SCHEMA_VERSION

MIGRATION_S = 120
"""How long a writer waits for another one, which may be bringing a large journal up to date …"""
BUSY_S = 5
"""… and at any other time."""

_JOIN_NAMES = """
CREATE TEMP TABLE both_names (name TEXT);
INSERT INTO both_names VALUES ('www.1001tracklists.com'), ('www.mixesdb.com');
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
"""Names that were two domains in version 1 and are one (`tlray.core.politeness.policy.politeness_key`): their lanes and rests are
joined."""

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
}
"""Version → (the next one, what leads to it)."""


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or bring those of an older tlray up to date; `HomeUnusable` where a newer one made them.

    It is one transaction, and the version is read within it: where two processes do this at once, the second finds it done.
    """
    check_version(version_of(db), path)  # before anything is written
    db.execute(f"PRAGMA busy_timeout = {MIGRATION_S * 1_000}")
    _use_wal(db)
    db.execute("PRAGMA synchronous=FULL")
    bring_up_to_date(db, path)
    db.execute(f"PRAGMA busy_timeout = {BUSY_S * 1_000}")


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL mode. SQLite does not wait here for those who read the file just then, so this does."""
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


def bring_up_to_date(db: sqlite3.Connection, path: Path) -> None:
    """Lead the tables of whatever version, or of none, to today's; all of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(db)
        check_version(version, path)
        while version is not None and version != SCHEMA_VERSION:
            version, statements = _STEPS[version]
            for statement in statements:
                db.execute(statement)
        for statement in _statements(
            resources.files("tlray.io.journal").joinpath("schema.sql").read_text("utf-8")
        ):
            db.execute(statement)
        db.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", (SCHEMA_VERSION,))
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk has rolled back already
            db.execute("ROLLBACK")
        raise


def version_of(db: sqlite3.Connection) -> str | None:
    """Return the version of a journal's tables; None where there are none."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
        return None
    row = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    return None if row is None else str(row[0])


def check_version(version: str | None, path: Path) -> None:
    """Raise `HomeUnusable` for a version that no step of this tlray leads on from."""
    if version is not None and version != SCHEMA_VERSION and version not in _STEPS:
        why = f"its journal is of version {version}, this tlray writes {SCHEMA_VERSION}"
        raise HomeUnusable(str(path.parent), why)


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; `executescript` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
