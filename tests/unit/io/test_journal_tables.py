"""A home of an older tlray goes on: its journal is brought up to date, whoever opens it first."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tlray.core.lifecycle import ItemState
from tlray.errors import HomeUnusable
from tlray.io.journal_reader import JournalReader, totals
from tlray.io.journal_rows import SCHEMA_VERSION, BatchOptions
from tlray.io.journal_sqlite import SqliteJournal

VERSION_1 = Path(__file__).with_name("journal_of_version_1.sql")


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    """A home whose journal was written by version 1: one batch, one set fetched, one to go."""
    options = json.dumps(BatchOptions().to_json())
    db = sqlite3.connect(tmp_path / "state.db")
    db.executescript(VERSION_1.read_text("utf-8"))
    db.execute("INSERT INTO meta VALUES ('schema', '1')")
    db.execute("INSERT INTO domains (id, name) VALUES (1, 'a.test')")
    db.execute(
        "INSERT INTO batches (id, batch_id, name, state, priority, options, created_at)"
        " VALUES (1, 'b1', '', 'running', 1, ?, 5.0)",
        (options,),
    )
    db.executemany(
        "INSERT INTO items (id, batch, line, domain, url, fingerprint, state, part) VALUES (?, 1, ?, 1, ?, ?, ?, ?)",
        [(1, 1, "http://a.test/1", "f1", "succeeded", "p"), (2, 2, "http://a.test/2", "f2", "queued", None)],
    )
    db.commit()
    db.close()
    return tmp_path


def test_an_older_journal_is_read_as_if_it_were_of_today(old_home: Path) -> None:
    with JournalReader.of(old_home) as reader:
        row, counts = reader.get("b1")
        assert row.owner == ""
        assert totals(counts) == {ItemState.SUCCEEDED: 1, ItemState.QUEUED: 1}


def test_an_older_journal_is_written_on(old_home: Path) -> None:
    journal = SqliteJournal(old_home / "state.db")
    assert [item.url for item in journal.load_lane(1, "a.test", after_id=0, limit=9)] == ["http://a.test/2"]
    journal.close()
    db = sqlite3.connect(old_home / "state.db")
    assert db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == (SCHEMA_VERSION,)
    assert db.execute("SELECT id, fetched_at FROM items").fetchall() == [(1, 5.0), (2, None)], (
        "a page that was fetched before that was written down counts as old as its batch"
    )
    db.close()


def test_the_tables_of_an_older_journal_end_up_the_same_as_new_ones(old_home: Path, tmp_path: Path) -> None:
    def columns(path: Path) -> dict[str, set[str]]:
        SqliteJournal(path).close()
        db = sqlite3.connect(path)
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {table: {row[1] for row in db.execute(f"PRAGMA table_info({table})")} for table in tables}
        db.close()
        return found

    assert columns(old_home / "state.db") == columns(tmp_path / "new.db")


def test_a_step_that_fails_changes_nothing(old_home: Path) -> None:
    path = old_home / "state.db"
    db = sqlite3.connect(path)
    db.execute("ALTER TABLE items ADD COLUMN from_public INTEGER")  # as no tlray ever wrote it
    db.commit()
    db.close()
    with pytest.raises(HomeUnusable, match="from_public"):
        SqliteJournal(path)
    db = sqlite3.connect(path)
    assert db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == ("1",)
    assert "owner" not in {row[1] for row in db.execute("PRAGMA table_info(batches)")}
    db.close()
