"""A PostgreSQL server that hangs: its connections stay open, and nothing answers. A real one, halted by SIGSTOP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from made_journal import change, lease, states, submit
from postgres_server import PASSWORD, PostgresServer, fresh_schema

from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.scheduling.changeset import Changeset
from tlray.core.scheduling.lease import PartRecord
from tlray.errors import JournalLost
from tlray.io.journal.postgres import bounded, database, writing
from tlray.io.journal.postgres.database import Database
from tlray.io.journal.postgres.journal import PostgresJournal, PostgresReader

LONGEST_S = 60.0
"""Generous: what waits without bound waits far longer."""


@pytest.fixture
def held(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresJournal]:
    monkeypatch.setattr(bounded, "SILENT_S", 0.3)
    monkeypatch.setitem(database._TIMEOUTS, "connect_timeout", 2)
    with PostgresJournal(Database.parse(postgres.url(fresh_schema())), "a home", is_held=True) as held:
        held.begin_incarnation(is_restart=True)
        yield held


def hang_once(
    postgres: PostgresServer, call: Callable[..., object], *, for_s: float
) -> Callable[..., object]:
    """Let the server hang just before the first call, and for so long."""
    calls = iter(range(1))

    def hanging(*arguments: object) -> object:
        if next(calls, None) is None:
            return call(*arguments)
        halted = threading.Event()

        def hang() -> None:
            with postgres.hanging():
                halted.set()
                time.sleep(for_s)

        threading.Thread(target=hang).start()
        assert halted.wait(10)
        return call(*arguments)

    return hanging


@pytest.mark.parametrize("verb", ["execute", "commit"])
def test_a_commit_of_a_server_that_hangs_for_a_while_counts_once(
    postgres: PostgresServer, held: PostgresJournal, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A COMMIT that was sent is carried out when the server goes on, though we have given it up; a statement before it is not."""
    batch = submit(held, lines=1)
    (item,) = lease(held, batch)
    lost: list[None] = []
    connect = held._db.connect
    monkeypatch.setattr(held._db, "connect", lambda: (lost.append(None), connect()))
    monkeypatch.setattr(held._db, verb, hang_once(postgres, getattr(held._db, verb), for_s=4.0))
    part = PartRecord("b1", "p1", 1, 12, 99, has_rows=True, has_pages=False)
    held.commit(Changeset("L", [change(item, ItemEvent.FETCHED)], (part,)), now=0.0, wall=1.0, node="n")
    row = held.batch("b1")
    assert lost, "it was given up meanwhile"
    assert (row.n_sets, row.n_tracks, states(held)) == (1, 12, {ItemState.SUCCEEDED: 1})


def test_a_server_that_goes_on_hanging_is_an_error_within_a_bound(
    postgres: PostgresServer, held: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = submit(held)
    monkeypatch.setattr(writing, "RECONNECT_S", 0.3)
    held._db.wait_s = 0.3
    with PostgresReader(held._db.database, "a home") as reader:
        reader._db.wait_s = 0.3
        began = time.monotonic()
        with postgres.hanging():
            for way in (
                lambda: held.cancel_open(batch),
                lambda: states(reader),
                lambda: PostgresReader(held._db.database, "a home"),
            ):
                with pytest.raises(
                    JournalLost, match=r"cannot be reached: (no answer within|connection timeout)"
                ) as lost:
                    way()
                assert PASSWORD not in str(lost.value)
        assert time.monotonic() - began < LONGEST_S
        assert held.cancel_open(batch) == 3, "nothing was half done"
        assert states(reader) == {ItemState.CANCELLED: 3}


def test_a_long_statement_is_waited_for(held: PostgresJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bool] = []
    answers = held._db._db.answers  # type: ignore[union-attr]
    monkeypatch.setattr(held._db._db, "answers", lambda: tried.append(answers()) or tried[-1])
    assert held._db.execute("SELECT 7 FROM pg_sleep(1.5)").fetchone() == (7,)
    assert tried
    assert all(tried)


def test_a_session_that_hangs_alone_is_given_up_after_long(
    held: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "STUCK_S", 0.5)
    with (
        PostgresReader(held._db.database, "a home") as reader,
        pytest.raises(JournalLost, match="no answer within"),
        reader.snapshot(),
    ):
        reader._db.execute("SELECT 7 FROM pg_sleep(20)")
