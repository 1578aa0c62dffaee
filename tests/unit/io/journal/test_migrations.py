"""A home of an older tlray goes on: whoever writes its journal brings it up to date, and whoever reads it changes nothing."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import tlray
from tlray.cli import run
from tlray.core.model.lifecycle import ItemState
from tlray.errors import HomeUnusable
from tlray.io.audit.audit import audit_batch
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.io.journal.rows import BatchOptions, totals
from tlray.io.journal.sql.schema import SCHEMA_VERSION
from tlray.io.journal.sqlite import read_only
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.journal.sqlite.migrations import prepare

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
    with open_reader(old_home) as reader:
        row = reader.batch("b1")
        assert row.owner == ""
        assert reader.totals(row) == {ItemState.SUCCEEDED: 1, ItemState.QUEUED: 1}


def test_to_read_an_older_journal_changes_nothing_in_it(old_home: Path) -> None:
    before = (old_home / "state.db").read_bytes()
    with open_reader(old_home) as reader:
        reader.batch("b1")
        assert not reader.tokens(), "a table that version 1 did not have"
        assert [part.stem for part in reader.parts("b1")] == []
    audit_batch(Home(old_home), "b1")
    assert (old_home / "state.db").read_bytes() == before
    assert [path.name for path in old_home.iterdir()] == ["state.db"]


@pytest.mark.parametrize(
    "command",
    [["list"], ["status", "b1"], ["dead", "b1"], ["export", "b1", "--format", "jsonl", "--out", "-"]],
)
def test_what_reads_a_home_reads_an_older_one(old_home: Path, command: list[str]) -> None:
    before = (old_home / "state.db").read_bytes()
    assert run([*command, "--home", str(old_home)]) == 0
    assert [len(frame) for frame in tlray.load("b1", home=old_home)] == [0, 0]
    assert (old_home / "state.db").read_bytes() == before


def test_an_older_journal_is_read_while_the_tlray_that_wrote_it_writes_on(old_home: Path) -> None:
    older = sqlite3.connect(old_home / "state.db", isolation_level=None)
    older.execute("PRAGMA journal_mode = WAL")
    for n in range(3, 6):
        with open_reader(old_home) as reader:
            assert sum(totals(reader.counts(reader.batch("b1").id)).values()) == n - 1
        older.execute("INSERT INTO parts VALUES (?, 1, 1, 1, 1, 1, 1)", (f"p{n}",))  # as version 1 spelt it
        older.execute(
            "INSERT INTO items (id, batch, line, domain, url, fingerprint, state) VALUES (?, 1, ?, 1, 'u', ?, 'queued')",
            (n, n, f"f{n}"),
        )
    older.close()


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


def test_two_that_bring_a_journal_up_to_date_at_once_both_succeed(old_home: Path) -> None:
    db = sqlite3.connect(old_home / "state.db")
    db.executemany(
        "INSERT INTO items (batch, line, domain, url, fingerprint, state) VALUES (1, ?, 1, 'u', ?, 'succeeded')",
        [(n, f"f{n}") for n in range(3, 20_000)],
    )
    db.commit()
    db.close()
    assert _at_once(OPEN, old_home, 3) == [0] * 3
    db = sqlite3.connect(old_home / "state.db")
    assert db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == (SCHEMA_VERSION,)
    assert db.execute("SELECT count(*), count(fetched_at) FROM items").fetchone() == (19_999, 19_998)
    db.close()


@pytest.mark.parametrize("program", ["OPEN", "READ"])
def test_a_journal_may_be_made_while_others_make_it_or_look(tmp_path: Path, program: str) -> None:
    made = _at_once(
        {"OPEN": OPEN, "READ": READ}[program],
        tmp_path,
        2,
        beside=lambda: SqliteJournal(tmp_path / "state.db").close(),
    )
    assert made == [0] * 2
    with open_reader(tmp_path) as reader:
        assert reader.batch_summaries() == []


def test_a_journal_that_was_never_made_is_said_to_hold_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_only, "BEING_MADE_S", 0.0)
    (tmp_path / "state.db").touch()
    with pytest.raises(HomeUnusable, match="nothing was ever scraped"):
        open_reader(tmp_path)


def test_no_reader_sees_a_journal_that_is_half_made(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    seen: set[int] = set()
    db = sqlite3.connect(path, isolation_level=None)
    db.set_trace_callback(lambda _: seen.add(_n_tables(path)))
    prepare(db, path)
    db.set_trace_callback(None)
    db.close()
    assert seen == {0, _n_tables(path)}, "until it is committed there is nothing, and then all of it"


def _n_tables(path: Path) -> int:
    """How many tables another connection sees now."""
    db = sqlite3.connect(path)
    try:
        return int(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    finally:
        db.close()


OPEN = """
import sys
from pathlib import Path
from tlray.io.journal.sqlite.journal import SqliteJournal
print(flush=True)
sys.stdin.readline()
SqliteJournal(Path(sys.argv[1], "state.db")).close()
"""
READ = """
import sys
from pathlib import Path
from tlray.io.journal.sqlite import read_only
from tlray.io.journal.opening import open_reader
read_only.BEING_MADE_S = 60
print(flush=True)
sys.stdin.readline()
while not Path(sys.argv[1], "state.db").exists():
    pass
for _ in range(20):
    with open_reader(Path(sys.argv[1])) as journal:
        journal.batch_summaries()
"""


def _at_once(program: str, home: Path, n: int, *, beside: Callable[[], None] = lambda: None) -> list[int]:
    """Run a program in processes that begin together; return how they ended."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(n)
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    beside()
    for process in started:
        process.communicate(timeout=120)
    return [process.returncode for process in started]


def test_a_journal_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"rubbish" * 999)
    with pytest.raises(HomeUnusable, match="its journal cannot be read: file is not a database; choose"):
        read_only.open_view(tmp_path)
