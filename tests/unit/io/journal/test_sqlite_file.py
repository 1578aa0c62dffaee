"""The journal's file: versions, names, modes, damage, a full disk."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from made_journal import entries, new_batch, states, submit

from tlray.core.model.lifecycle import ItemState
from tlray.errors import HomeUnusable, StorageFull
from tlray.io.journal.opening import open_reader
from tlray.io.journal.sqlite.journal import SqliteJournal


def test_a_journal_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        db.execute("INSERT INTO meta VALUES ('schema', '99')")
    db.close()
    for opening in (lambda: SqliteJournal(path), lambda: open_reader(tmp_path)):
        with pytest.raises(HomeUnusable, match="version 99"):
            opening()
    db = sqlite3.connect(path)
    assert db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("meta",)]
    db.close()


@pytest.mark.parametrize("name", ["a?b", "a#b", "50%", "a b", "ä"])
def test_a_home_may_have_any_name(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    home.mkdir()
    journal = SqliteJournal(home / "state.db")
    submit(journal)
    journal.close()
    with open_reader(home) as reader:
        assert states(reader) == {ItemState.QUEUED: 3}


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"this is no database, but longer than a header of one" * 100)
    with pytest.raises(HomeUnusable, match="not a database"):
        SqliteJournal(tmp_path / "state.db")
    with pytest.raises(HomeUnusable, match="cannot be read"):
        open_reader(tmp_path)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeUnusable, match="its journal cannot be used"):
        SqliteJournal(tmp_path / "file" / "state.db")


def test_a_full_disk_is_told_as_one_and_nothing_is_half_done(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "state.db")
    journal.open_batch(new_batch())
    journal.add_lines("b1", entries(10), [])
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StorageFull):
        journal.add_lines("b1", entries(5_000, first=11, domain="new.test"), [])
    journal._db.execute("PRAGMA max_page_count = 1000000")
    journal.add_lines("b1", entries(5, first=11, domain="new.test"), [])
    journal.commit_batch("b1")
    assert states(journal) == {ItemState.QUEUED: 15}
    journal.close()


def test_a_home_without_a_journal_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(HomeUnusable, match="no journal"):
        open_reader(tmp_path)


def test_a_journal_is_its_owners_only_with_all_of_its_files(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        journal = SqliteJournal(tmp_path / "state.db")
        submit(journal)
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        journal.close()
    finally:
        os.umask(umask)
    assert modes == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm"), 0o600)
