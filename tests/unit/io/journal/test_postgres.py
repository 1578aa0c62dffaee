"""What only a PostgreSQL journal has: one writer at a time whatever dies, a server that goes away, and URLs."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from made_journal import change, entries, kill_lane, lease, new_batch, states, submit
from postgres_server import PASSWORD, QUOTED, PostgresServer, fresh_schema
from pydantic import SecretStr

from tlray.cli import run
from tlray.cluster.driver import session
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.scheduling.changeset import Changeset, LaneDeath
from tlray.core.scheduling.lease import PartRecord
from tlray.core.submission.lines import RefusedLine
from tlray.errors import HomeInUse, HomeUnusable, JournalLost, JournalUnusable, TlrayError, UsageError
from tlray.io.disk.home import Home
from tlray.io.doctor import journal_state
from tlray.io.doctor.report import Grade, Result, examine
from tlray.io.journal import opening
from tlray.io.journal.opening import has_journal, open_journal, open_reader, require_readable
from tlray.io.journal.postgres import connection, journal, writing
from tlray.io.journal.postgres.database import Database
from tlray.io.journal.postgres.journal import PostgresJournal, PostgresReader
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.settings import read_settings


@pytest.fixture
def database(postgres: PostgresServer) -> Database:
    return Database.parse(postgres.url(fresh_schema()))


@pytest.fixture
def held(database: Database) -> Iterator[PostgresJournal]:
    with PostgresJournal(database, "a home", is_held=True) as held:
        yield held


def end_session(writer: PostgresJournal) -> None:
    """Let the server end a writer's session, as it does when it takes the writer for dead."""
    with psycopg.connect(**writer._db.database.conninfo, autocommit=True) as db:  # type: ignore[arg-type]
        assert writer._db._db is not None
        db.execute("SELECT pg_terminate_backend(%s, 10000)", (writer._db._db.info.backend_pid,))


# -- one writer ------------------------------------------------------------------------------------------


def test_a_second_writer_is_refused_and_told_who_the_first_one_is(
    database: Database, held: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "HOLD_S", 0.3)
    with pytest.raises(
        HomeInUse, match=r"a home is in use by tlray \d+ on .*, at 127\.0\.0\.1 in postgresql://tl@"
    ):
        PostgresJournal(database, "a home", is_held=True)
    with PostgresReader(database, "a home") as reader:
        assert reader.batches() == []
    held.close()
    PostgresJournal(database, "a home", is_held=True).close()


def test_a_writer_that_was_thought_dead_commits_nothing(
    database: Database, held: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "HOLD_S", 0.3)
    batch = submit(held)
    held.begin_incarnation(is_restart=True)
    end_session(held)
    with PostgresJournal(database, "a home", is_held=True) as other:
        other.begin_incarnation(is_restart=True)
        with pytest.raises(HomeInUse):
            held.cancel_open(batch)
        assert states(other) == {ItemState.QUEUED: 3}
    with pytest.raises(HomeInUse, match="life 2, which took over"):
        held.cancel_open(batch)  # the lock is free again, and the number is not ours


def test_a_command_without_a_life_of_its_own_is_fenced_too(database: Database, held: PostgresJournal) -> None:
    batch = submit(held)
    end_session(held)
    with PostgresJournal(database, "a home", is_held=True) as other:
        other.begin_incarnation(is_restart=True)
    with pytest.raises(HomeInUse, match="took over from this writer"):
        held.cancel_open(batch)


def test_a_takeover_waits_for_an_open_transaction_and_refuses_the_next_one(
    database: Database, held: PostgresJournal
) -> None:
    batch = submit(held)
    held.begin_incarnation(is_restart=True)
    done: list[str] = []

    def take_over() -> None:
        with PostgresJournal(database, "a home") as other:  # without the lock, as if the server had lost it
            other.begin_incarnation(is_restart=True)
            done.append("taken over")

    other = threading.Thread(target=take_over)
    with held.transaction():
        held.set_batch_state(batch, BatchState.PAUSED)
        other.start()
        other.join(0.5)
        done.append("committed")
    other.join()
    assert done == ["committed", "taken over"]
    with pytest.raises(HomeInUse):
        held.cancel_open(batch)


WRITER = """
import sys
from tlray.errors import TlrayError
from tlray.io.journal.postgres import journal
from tlray.io.journal.postgres.database import Database
journal.IDLE_S = 1
held = journal.PostgresJournal(Database.parse(sys.stdin.readline().strip()), "a home", is_held=True)
held.begin_incarnation(is_restart=True)
try:
    with held.transaction():
        held.cancel_open(1)
        print("open", flush=True)
        sys.stdin.readline()
    print("committed", flush=True)
except TlrayError as error:
    print(type(error).__name__, flush=True)
"""


def test_a_writer_that_was_stopped_in_a_transaction_does_not_hold_up_the_next_one(
    postgres: PostgresServer, database: Database
) -> None:
    with PostgresJournal(database, "a home") as first:
        submit(first)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as stopped:
        assert stopped.stdin is not None
        assert stopped.stdout is not None
        stopped.stdin.write(postgres.url(database.schema) + "\n")
        stopped.stdin.flush()
        assert stopped.stdout.readline() == "open\n"
        stopped.send_signal(signal.SIGSTOP)
        try:
            with PostgresJournal(database, "a home", is_held=True) as other:
                assert other.begin_incarnation(is_restart=True) == 2
                assert states(other) == {ItemState.QUEUED: 3}
        finally:
            stopped.send_signal(signal.SIGCONT)
        assert stopped.communicate("go on\n")[0] in ("HomeInUse\n", "JournalLost\n")
    with PostgresReader(database, "a home") as reader:
        assert states(reader) == {ItemState.QUEUED: 3}


# -- a server that goes away -----------------------------------------------------------------------------


def test_the_writer_and_its_readers_go_on_when_the_server_is_back(
    postgres: PostgresServer, database: Database, held: PostgresJournal
) -> None:
    batch = submit(held)
    held.begin_incarnation(is_restart=True)
    with PostgresReader(database, "a home") as reader:
        postgres.kill()
        again = threading.Timer(0.5, postgres.start)
        again.start()
        assert held.cancel_open(batch) == 3
        with reader.snapshot():
            assert states(reader) == {ItemState.CANCELLED: 3}
        again.join()


def test_a_server_that_stays_away_is_said_so_after_a_while(
    postgres: PostgresServer, held: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = submit(held)
    monkeypatch.setattr(writing, "RECONNECT_S", 0.3)
    held._db.wait_s = 0.3
    postgres.kill()
    try:
        with pytest.raises(JournalLost, match="cannot be reached") as lost:
            held.cancel_open(batch)
        held._db.wait_s = 60.0
        held._db._away_since = time.monotonic() - 60.0
        began = time.monotonic()
        with pytest.raises(JournalLost):
            held.cancel_open(batch)
        assert time.monotonic() - began < 30, "the wait is one, however many verbs come"
        assert PASSWORD not in str(lost.value)
    finally:
        postgres.start()
    assert held.cancel_open(batch) == 3, "and nothing was half done"


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_commit_whose_answer_is_lost_counts_once(
    held: PostgresJournal, monkeypatch: pytest.MonkeyPatch, is_committed: bool
) -> None:
    batch = submit(held, lines=1)
    (item,) = lease(held, batch)
    held.begin_incarnation(is_restart=True)
    commit = held._db.commit
    n_lost = iter(range(1))

    def lose() -> None:
        if next(n_lost, None) is None:
            commit()
            return
        if is_committed:
            commit()
            held._db.in_transaction = True
        end_session(held)
        commit()

    monkeypatch.setattr(held._db, "commit", lose)
    part = PartRecord("b1", "p1", 1, 12, 99, has_rows=True, has_pages=False)
    held.commit(Changeset("L", [change(item, ItemEvent.FETCHED)], (part,)), now=0.0, wall=1.0, node="n")
    row = held.batch("b1")
    assert (row.n_sets, row.n_tracks, states(held)) == (1, 12, {ItemState.SUCCEEDED: 1})


def test_a_block_that_is_cut_off_is_undone_and_not_repeated(held: PostgresJournal) -> None:
    def open_and_lose() -> None:
        with held.transaction():
            held.open_batch(new_batch())
            end_session(held)
            held.add_lines("b1", entries(3), [])

    with pytest.raises(JournalLost):
        open_and_lose()
    assert held.find_batch("b1") is None
    assert submit(held) > 0


# -- what is stored --------------------------------------------------------------------------------------


def test_text_that_postgresql_does_not_store_is_stored_all_but_that(held: PostgresJournal) -> None:
    batch = submit(held, refused=[RefusedLine(9, "a\0b", "no\0 scheme")])
    assert held.refused_lines(batch) == [RefusedLine(9, "a\ufffdb", "no\ufffd scheme")]


def test_several_homes_share_a_database(postgres: PostgresServer) -> None:
    one, two = (Database.parse(postgres.url(fresh_schema())) for _ in range(2))
    with (
        PostgresJournal(one, "one", is_held=True) as first,
        PostgresJournal(two, "two", is_held=True) as second,
    ):
        submit(first)
        assert second.batches() == []
        submit(second)


# -- opening ---------------------------------------------------------------------------------------------


def test_the_setting_chooses_the_database_of_a_home(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = fresh_schema()
    monkeypatch.setenv("TLRAY_JOURNAL", postgres.url(schema))
    home = Home(tmp_path / "home").create()
    require_readable(home)
    assert not has_journal(home)
    with pytest.raises(
        HomeUnusable, match=f"there is no journal in postgresql://tl@127.0.0.1:.*schema {schema}"
    ):
        open_reader(home.path)
    with open_journal(home) as writer:
        submit(writer)
    require_readable(home)
    with open_reader(home.path) as reader:
        assert states(reader) == {ItemState.QUEUED: 3}
    assert not home.journal.exists()
    other = Home(tmp_path / "other").create()
    with pytest.raises(JournalUnusable, match="belongs to another home; give this home a schema of its own"):
        open_journal(other)


def test_a_replica_opens_the_journal_of_the_settings_that_it_was_given(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_adopted", [])
    home, url = Home(tmp_path).create(), SecretStr(postgres.url(fresh_schema()))
    with open_journal(home, url) as writer:
        submit(writer)
    assert not has_journal(home)
    opening.adopt_journal(None)
    assert not has_journal(home)
    opening.adopt_journal(url)
    with open_reader(home.path) as reader:
        assert states(reader) == {ItemState.QUEUED: 3}


def test_a_home_elsewhere_with_the_same_object_storage_has_the_same_journal(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLRAY_JOURNAL", postgres.url(fresh_schema()))
    monkeypatch.setenv("TLRAY_STORAGE", "s3://bucket/sets")
    with open_journal(Home(tmp_path / "head").create()) as writer:
        submit(writer)
        writer.begin_incarnation(is_restart=True)
    with open_journal(Home(tmp_path / "another head").create()) as other:
        assert other.begin_incarnation(is_restart=True) == 2
        assert states(other) == {ItemState.QUEUED: 3}
    monkeypatch.setenv("TLRAY_STORAGE", "s3://bucket/others")
    with pytest.raises(JournalUnusable, match="belongs to another home"):
        open_journal(Home(tmp_path / "third").create())


def test_who_writes_a_journal_is_known_in_every_folder(
    postgres: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TLRAY_JOURNAL", postgres.url(fresh_schema()))
    monkeypatch.setenv("TLRAY_STORAGE", "s3://bucket/sets")
    monkeypatch.setattr(session, "GONE_S", 0.1)
    here, there = Home(tmp_path / "head").create(), Home(tmp_path / "another head").create()
    assert here.id != there.id
    assert opening.identity_of(here) == opening.identity_of(there) not in (here.id, there.id)
    with open_journal(here) as writer:
        submit(writer)
        assert re.match(r"tlray \d+ on .* in postgresql://tl@", str(opening.holder_elsewhere(there)))
        with pytest.raises(HomeInUse, match=r"another head is in use by tlray \d+ on "):
            session._require_free_journal(there)
        assert run(["list", "--home", str(there.path)]) == 0
        told = capsys.readouterr()
        assert "another machine works at it: tlray" in told.err
        assert "sleeps" not in told.out
    session._require_free_journal(there)
    assert run(["list", "--home", str(there.path)]) == 0
    assert "sleeps" in capsys.readouterr().out
    monkeypatch.delenv("TLRAY_JOURNAL")
    assert opening.identity_of(there) == there.id, "a file of its own"


def test_an_empty_database_does_not_hide_the_file_of_a_home(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path).create()
    with SqliteJournal(home.journal) as file:
        submit(file)
    monkeypatch.setenv("TLRAY_JOURNAL", postgres.url(fresh_schema()))
    for way in (require_readable, open_journal):
        with pytest.raises(
            JournalUnusable, match=r"has a journal in state.db; `tlray journal copy .* TLRAY_JOURNAL`"
        ):
            way(home)


def test_a_journal_of_a_newer_tlray_is_refused_and_left_alone(database: Database) -> None:
    PostgresJournal(database, "a home").close()
    with psycopg.connect(**database.conninfo, autocommit=True) as db:  # type: ignore[arg-type]
        db.execute(f"SET search_path TO {database.schema}")
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    for way in (PostgresJournal, PostgresReader):
        with pytest.raises(JournalUnusable, match="it is of version 99, this tlray writes"):
            way(database, "a home")


@pytest.mark.parametrize("is_command", [True, False])
def test_a_journal_of_version_4_is_read_once_a_writer_has_brought_it_up_to_date(
    database: Database,
    postgres: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_command: bool,
) -> None:
    with PostgresJournal(database, "a home") as journal:
        batch = submit(journal)
    with psycopg.connect(**database.conninfo, autocommit=True) as db:  # type: ignore[arg-type]
        db.execute(f"SET search_path TO {database.schema}")
        db.execute(
            "DROP INDEX items_dead_by; DROP INDEX items_line; DROP TABLE rests; ALTER TABLE items DROP COLUMN dead_at"
        )
        db.execute("UPDATE meta SET value = '4' WHERE key = 'schema'")
    with pytest.raises(JournalUnusable, match="starts in this home brings it up to date"):
        PostgresReader(database, "a home")
    if is_command:  # as one does that will start a coordinator
        monkeypatch.setenv("TLRAY_JOURNAL", postgres.url(database.schema))
        require_readable(Home(tmp_path))
        with PostgresReader(database, "a home") as reader:
            assert reader.rests("a.test") == []
    for _ in range(2):
        with PostgresJournal(database, "a home") as journal:
            assert [item.line for item in journal.items_page(batch, from_line=2, limit=9)[0]] == [2, 3]
            kill_lane(journal, LaneDeath(batch, "a.test", "timeout"))
            assert journal.dead_groups()[0].n == 3
            assert journal.rests("a.test") == []


def test_an_older_server_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MIN_SERVER", 99)
    with pytest.raises(JournalUnusable, match=r"it is PostgreSQL \d+; tlray needs 99 or newer"):
        PostgresJournal(database, "a home")


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"password": "wrong"}, JournalUnusable, "password authentication failed"),
        ({"database": "nothing"}, JournalUnusable, 'database "nothing" does not exist'),
        ({"port": 1}, JournalLost, "Connection refused"),
    ],
)
def test_a_server_that_refuses_is_one_clear_error_at_once(
    postgres: PostgresServer, changes: dict[str, object], kind: type[TlrayError], reason: str
) -> None:
    port = changes.pop("port", postgres.port)
    url = postgres.url(**changes).replace(f":{postgres.port}/", f":{port}/")  # type: ignore[arg-type]
    began = time.monotonic()
    for way in (PostgresJournal, PostgresReader):
        with pytest.raises(kind, match=reason) as refused:
            way(Database.parse(url), "a home")
        told = str(refused.value)
        assert PASSWORD not in told
        assert QUOTED not in told
        assert "wrong" not in told
        assert "\n" not in told
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:SECRET@host/db",
        "postgresql://u:SEC/RET@host/db",
        "postgresql://u:SEC@RET@host/d@b",
        "postgresql://u:SEC#RET@host/db",
        "postgresql://u:SEC?RET@host/db",
        "postgresql://u:SECRET@host:port/db",
        "postgresql://u:SECRET@host/db?schema=No-Schema",
        "postgresql://u:SECRET@host/db?schema=pg_own",
        "postgresql://u:SECRET@host/db?dbname=x",
        "postgresql://u:SECRET@[::1/db",
    ],
)
def test_a_url_that_is_none_is_refused_without_a_word_of_its_secret(url: str) -> None:
    with pytest.raises(UsageError, match="TLRAY_JOURNAL") as refused:
        Database.parse(read_settings(journal=SecretStr(url)).journal.get_secret_value())  # type: ignore[union-attr]
    assert "SEC" not in str(refused.value)
    assert "RET" not in str(refused.value)


def test_no_secret_is_shown_of_a_database() -> None:
    found = Database.parse(f"postgres://u%40x:{QUOTED}@db.example.org/sets?schema=mine&sslmode=require")
    assert found.name == "postgresql://u@x@db.example.org:5432/sets (schema mine)"
    assert found.parameters["password"] == PASSWORD
    assert PASSWORD not in repr(found)
    assert found.without_secret(f"connection failed: FATAL:  odd {PASSWORD}\nmore") == "odd ***"
    assert journal.READER_WAIT_S > 0


# -- the doctor ------------------------------------------------------------------------------------------


def examined(home: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setenv("TLRAY_JOURNAL", url)
    (result,) = examine({"journal": lambda: journal_state.journal(home)}).values()
    assert PASSWORD not in repr(result)
    assert QUOTED not in repr(result)
    assert "a bug" not in result.hint
    return result


def as_told(result: Result, db: psycopg.Connection[Any]) -> None:
    """Do word for word what a hint says to an administrator."""
    _, is_sql, statements = result.hint.partition("as its administrator: ")
    assert is_sql, result
    for statement in statements.partition(" (")[0].split("; "):
        db.execute(statement.encode())


def test_the_doctor_looks_at_a_database_without_a_journal_and_with_one(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = fresh_schema()
    result = examined(tmp_path, postgres.url(schema), monkeypatch)
    assert (result.grade, "has no journal yet" in result.what) == (Grade.OK, True)
    PostgresJournal(Database.parse(postgres.url(schema)), "a home", is_held=True).close()
    assert "is whole" in examined(tmp_path, postgres.url(schema), monkeypatch).what


def test_the_doctor_says_what_a_user_may_not_do(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = fresh_schema()
    database = Database.parse(postgres.url(schema))
    with psycopg.connect(**database.conninfo, autocommit=True) as db:  # type: ignore[arg-type]
        db.execute(f"CREATE ROLE r{schema} LOGIN PASSWORD 'w3ak'")
        poor = postgres.url(schema).replace(f"tl:{QUOTED}", f"r{schema}:w3ak")
        result = examined(tmp_path, poor, monkeypatch)
        assert (result.grade, "lacks CREATE on the database" in result.what) == (Grade.FAILED, True)
        as_told(result, db)
        assert examined(tmp_path, poor, monkeypatch).grade is Grade.OK
        PostgresJournal(database, "a home", is_held=True).close()
        result = examined(tmp_path, poor, monkeypatch)
        assert f"permission denied for schema {schema}" in result.what
        as_told(result, db)
        assert examined(tmp_path, poor, monkeypatch).grade is Grade.OK
        db.execute(f"REVOKE INSERT, UPDATE ON ALL TABLES IN SCHEMA {schema} FROM r{schema}".encode())
        result = examined(tmp_path, poor, monkeypatch)
        assert f"lacks INSERT on {schema}.items, UPDATE on" in result.what
        as_told(result, db)
        assert examined(tmp_path, poor, monkeypatch).grade is Grade.OK
    with PostgresJournal(Database.parse(poor), "a home", is_held=True) as journal_of_the_poor:
        assert journal_of_the_poor.count_batches() == {}


def test_the_doctor_says_how_to_make_a_database_and_a_password(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = fresh_schema()
    with psycopg.connect(**Database.parse(postgres.url()).conninfo, autocommit=True) as db:  # type: ignore[arg-type]
        result = examined(tmp_path, postgres.url(database=name), monkeypatch)
        assert f'database "{name}" does not exist' in result.what
        as_told(result, db)
        assert examined(tmp_path, postgres.url(database=name), monkeypatch).grade is Grade.OK
        db.execute(
            f"CREATE ROLE r{name} LOGIN PASSWORD 'other'; GRANT CREATE ON DATABASE {name} TO r{name}".encode()
        )
        url = postgres.url(database=name).replace(f"tl:{QUOTED}", f"r{name}:PASSWORD")
        result = examined(tmp_path, url, monkeypatch)
        assert "password authentication failed" in result.what
        as_told(result, db)
        assert examined(tmp_path, url, monkeypatch).grade is Grade.OK
        db.execute(f"DROP DATABASE {name}".encode())


def test_the_doctor_does_not_wait_for_a_database_that_hangs(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres.hanging():
        result = examined(tmp_path, postgres.url(), monkeypatch)
    assert (result.grade, "timeout" in result.what, "hangs" in result.hint) == (Grade.FAILED, True, True), (
        result
    )


@pytest.mark.parametrize("what", ["password", "database", "port"])
def test_the_doctor_says_why_a_database_cannot_be_used(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    urls = {
        "password": postgres.url(password="w0rong"),  # noqa: S106 - that is what must not show
        "database": postgres.url(database="nowhere"),
        "port": postgres.url().replace(f":{postgres.port}/", ":1/"),
    }
    words = {
        "password": "password authentication failed",
        "database": '"nowhere" does not exist',
        "port": "refused",
    }
    result = examined(tmp_path, urls[what], monkeypatch)
    assert (result.grade, words[what] in result.what, "TLRAY_JOURNAL" in result.hint) == (
        Grade.FAILED,
        True,
        True,
    ), result
    assert "w0rong" not in repr(result)


def test_the_doctor_sees_a_clock_that_differs(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr(journal.time, "time", lambda: real() - 3_600)
    result = examined(tmp_path, postgres.url(fresh_schema()), monkeypatch)
    assert (result.grade, "differ by 3,6" in result.what) == (Grade.WARNING, True)


# -- an older version ------------------------------------------------------------------------------------


def test_a_journal_of_the_version_before_is_migrated_by_a_writer(database: Database) -> None:
    with PostgresJournal(database, "a home") as writer:
        submit(writer, "b1", 2)
        for table, column in (
            ("batches", "n_found"), ("batches", "n_lists"), ("items", "found_on"), ("items", "list_depth"),
        ):  # fmt: skip
            writer._db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        writer._db.execute("DROP TABLE revisions")
        writer._db.execute("UPDATE meta SET value = '5' WHERE key = 'schema'")
    with pytest.raises(JournalUnusable, match="of version 5, this tlray writes 7; a service or a batch"):
        PostgresReader(database, "a home")
    for _ in range(2):
        with PostgresJournal(database, "a home") as writer:
            assert (writer.batch("b1").n_found, states(writer)) == (0, {ItemState.QUEUED: 2})
            indexes = writer._db.execute(
                "SELECT 1 FROM pg_indexes WHERE schemaname = ? AND indexname = 'items_found'",
                (database.schema,),
            )
            assert indexes.fetchone() is not None
