"""``tlray journal copy``: there and back, all or nothing, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_home import BATCH, make_home
from made_journal import submit
from postgres_server import PASSWORD, QUOTED, PostgresServer, fresh_schema, postgres

from tlray.cli import run
from tlray.io.disk.home import Holder, Home, release
from tlray.io.journal.opening import open_journal, open_reader
from tlray.io.journal.postgres.database import Database
from tlray.io.journal.postgres.journal import PostgresJournal
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.sql.schema import columns
from tlray.io.journal.sqlite.journal import SqliteJournal, SqliteReader
from tlray.io.offline.journal_copy import copy_rows

__all__ = ["postgres"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "home")


@pytest.fixture
def schema(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> str:
    schema = fresh_schema()
    monkeypatch.setenv("TLRAY_JOURNAL", postgres.url(schema))
    return schema


def rows(journal: JournalReader) -> dict[str, list[tuple[object, ...]]]:
    with journal.snapshot():
        tables = {table: [tuple(row) for row in journal.rows(table)] for table in columns()}
    tables["meta"] = [row for row in tables["meta"] if row[0] not in ("schema", "home")]
    return tables


def copied(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = run(["journal", "copy", *map(str, arguments)])
    told = capsys.readouterr().err
    assert PASSWORD not in told
    assert QUOTED not in told
    return code, told


@pytest.mark.usefixtures("schema")
def test_a_journal_is_copied_there_and_back_and_the_audit_agrees(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, told = copied(capsys, home, "TLRAY_JOURNAL")
    assert (code, "copied: 1 batch, 4 items" in told) == (0, True), told
    before = rows(SqliteReader(home))
    with open_reader(home) as there:
        assert rows(there) == before
    (home / "state.db").rename(tmp_path / "old.db")
    assert run(["audit", "--home", str(home), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["is_right"]
    with open_journal(Home(home)) as writer:  # and it goes on
        assert submit(writer, "b2") == 2
        assert writer.load_lane(2, "a.test", after_id=0, limit=9)[0].id == 5
    code, told = copied(capsys, "TLRAY_JOURNAL", home / "state.db")
    assert code == 0, told
    monkeypatch.delenv("TLRAY_JOURNAL")
    assert run(["audit", BATCH, "--home", str(home), "--json"]) == 0
    with SqliteJournal(home / "state.db") as back:
        assert submit(back, "b3") == 3


@pytest.mark.usefixtures("schema")
def test_a_number_of_an_event_that_was_dropped_is_not_used_again(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SqliteJournal(home / "state.db") as journal:
        journal.want_events(9e9)
        journal.cancel_open(submit(journal, "b2"))
        batch = journal.batch("b2")
        journal.finish_batch(
            batch.id, state=batch.state.CANCELLED, finished_at=1.0, elapsed_s=1.0, counts={}, version=1
        )
        event = journal.events("s", 9)[-1]
        journal.drop_events(event.seq)
    assert copied(capsys, home, "TLRAY_JOURNAL")[0] == 0
    (home / "state.db").unlink()
    with open_journal(Home(home)) as journal:
        batch = journal.batch("b2")
        journal.set_batch_state(batch.id, batch.state.RUNNING)
        assert journal.events("s", 9)[-1].seq > event.seq


@pytest.mark.usefixtures("schema")
def test_a_target_that_is_not_empty_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert copied(capsys, home, "TLRAY_JOURNAL")[0] == 0
    code, told = copied(capsys, home, "TLRAY_JOURNAL")
    assert (code, "is not empty" in told) == (2, True)
    code, told = copied(capsys, "TLRAY_JOURNAL", home)
    assert (code, "is not empty" in told) == (2, True)


def test_a_journal_in_use_is_refused_on_either_side(
    postgres: PostgresServer,
    schema: str,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tlray.io.journal.postgres.writing.HOLD_S", 0.1)
    hold = Home(home).hold(Holder(1, "a node", "1.2.3.4:5", ""))
    code, told = copied(capsys, home, "TLRAY_JOURNAL")
    assert (code, "is in use by" in told) == (2, True)
    release(hold)
    with PostgresJournal(Database.parse(postgres.url(schema)), "it", is_held=True):
        code, told = copied(capsys, home, "TLRAY_JOURNAL")
        assert (code, "is in use by tlray" in told) == (2, True)


def test_what_is_no_place_is_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TLRAY_JOURNAL", raising=False)
    for arguments, reason in (
        ((tmp_path / "none", home), "there is no journal (state.db)"),
        ((home, "TLRAY_JOURNAL"), "TLRAY_JOURNAL is not set"),
        ((home, home / "state.db"), "is the source and the target"),
        ((home, "mysql://u:p@h/d"), "is no URL of a journal"),
    ):
        code, told = copied(capsys, *arguments)
        assert (code, reason in told) == (2, True), told


@pytest.mark.parametrize(
    "command",
    [
        "list", "list --json", "status {b}", "status {b} --lines", "status {b} --json", "dead {b}", "audit --json",
        "export {b} --format csv --out {out}", "domain 127.0.0.1", "token list", "cancel {b}", "pause {b}",
        "domain 127.0.0.1 --pause", "status no-batch",
    ],
)  # fmt: skip
def test_a_command_says_the_same_of_a_home_whose_journal_is_in_a_database(
    command: str,
    postgres: PostgresServer,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = Database.parse(postgres.url(schema := fresh_schema()))
    with SqliteReader(home) as source, PostgresJournal(database, "it", home_id=Home(home).id) as target:
        copy_rows(source, target, "it")
    words = command.format(b=BATCH, out=tmp_path / "out").split()
    told = []
    for url in ("", postgres.url(schema)):
        monkeypatch.setenv("TLRAY_JOURNAL", url)
        code = run([*words, "--home", str(home)])
        told.append((code, capsys.readouterr()))
        if url == "":
            (home / "state.db").rename(tmp_path / "old.db")  # nothing reads it from here on
    assert told[1] == told[0]
    assert told[0][0] in (0, 2, 3)
    assert not (home / "state.db").exists()
