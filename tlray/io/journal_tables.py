"""Which tables does a journal have? They are made where they are not, and a journal of an older tlray is brought up to date.

The newest schema is ``journal_schema.sql``. Each step of `_STEPS` leads from one version to the next and is one
transaction; a journal of a newer tlray is left as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from tlray.errors import HomeUnusable
from tlray.io.journal_rows import SCHEMA_VERSION

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
"""Names that were two domains in version 1 and are one (`tlray.core.policy.unit_of`): their lanes and rests are joined."""

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
    """Make the tables where they are not; `HomeUnusable` where a newer tlray made them."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        bring_up_to_date(db, path)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.executescript(resources.files("tlray.io").joinpath("journal_schema.sql").read_text("utf-8"))
    db.execute("INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (SCHEMA_VERSION,))


def bring_up_to_date(db: sqlite3.Connection, path: Path) -> None:
    """Lead a journal of an older version to today's; `HomeUnusable` for one of a newer tlray."""
    row = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    version = SCHEMA_VERSION if row is None else str(row[0])
    while version != SCHEMA_VERSION:
        if version not in _STEPS:
            why = f"its journal is of version {version}, this tlray writes {SCHEMA_VERSION}"
            raise HomeUnusable(str(path.parent), why)
        version, statements = _STEPS[version]
        db.execute("BEGIN IMMEDIATE")
        for statement in statements:
            db.execute(statement)
        db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (version,))
        db.execute("COMMIT")
