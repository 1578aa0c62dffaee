"""``tlray pause|resume|cancel BATCH --home DIR`` where no coordinator works: the journal is all there is."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tlray.cli import run
from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState
from tlray.core.submission.lines import Entry
from tlray.io.disk.home import Holder, Home
from tlray.io.journal.opening import open_reader
from tlray.io.journal.rows import VERSIONS_PER_LIFE, BatchOptions, NewBatch
from tlray.io.journal.sqlite.journal import SqliteJournal

NOWHERE = "http://127.0.0.1:9"
N_LEASED = 2


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A batch of three items whose coordinator was killed: two of them are leased."""
    place = Home(tmp_path).create()
    journal = SqliteJournal(place.journal)
    journal.begin_incarnation(is_restart=False)
    for name in ("B1", "B2"):
        journal.open_batch(NewBatch(
            name, name="a mix", priority=Priority.NORMAL, options=BatchOptions(), request_key=name, created_at=1.7e9
        ))  # fmt: skip
        entries = [Entry(n, f"http://a.test/{name}{n}", "a.test", f"{name}{n}") for n in (1, 2, 3)]
        journal.add_lines(name, entries, [])
    journal.commit_batch("B1")
    items = journal.load_lane(1, "a.test", after_id=0, limit=N_LEASED)
    journal.mark_leased([item.id for item in items])
    journal.close()
    return place


def steer(home: Home, *arguments: str) -> int:
    return run([*arguments, "--home", str(home.path)])


def items(home: Home, batch_id: str = "B1") -> dict[str, int]:
    with open_reader(home.path) as journal:
        return {state.value: n for state, n in journal.totals(journal.batch(batch_id)).items()}


def put(home: Home, state: BatchState) -> None:
    journal = SqliteJournal(home.journal)
    journal.set_batch_state(1, state)
    journal.close()


def test_a_batch_is_paused_and_says_that_it_sleeps(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert steer(home, "pause", "B1") == 0
        assert capsys.readouterr().out == "B1 paused: 0 of 3 done\n"
    assert items(home) == {"queued": 3}, "what was leased is not any more"
    assert steer(home, "status", "B1") == 0
    assert "paused (sleeps: tlray scrape --resume)" in capsys.readouterr().out
    assert home.holder() is None
    assert not home.is_held()


def test_a_batch_is_cancelled_whole_and_its_books_balance(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert steer(home, "cancel", "B1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], told["total"], told["counts"]["cancelled"]) == ("cancelled", 3, 3)
    with open_reader(home.path) as journal:
        row = journal.batch("B1")
        assert (row.state, row.counts) == (BatchState.CANCELLED, {"cancelled": 3})
        assert row.finished_at is not None
        assert row.version >= 2 * VERSIONS_PER_LIFE, "above all that its coordinator has told"
    assert steer(home, "cancel", "B1") == 0, "again changes nothing"
    capsys.readouterr()
    assert steer(home, "pause", "B1") == 2
    assert "batch B1 is cancelled already; there is nothing to pause" in capsys.readouterr().err
    assert steer(home, "audit") == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "action", "code", "says"),
    [
        (BatchState.PAUSED, "cancel", 0, "B1 cancelled: 0 of 3 done, 3 cancelled"),
        (BatchState.SCHEDULED, "cancel", 0, "B1 cancelled: 0 of 3 done, 3 cancelled"),
        (BatchState.CANCELLING, "cancel", 0, "B1 cancelled: 0 of 3 done, 3 cancelled"),
        (BatchState.CANCELLING, "pause", 2, "batch B1 is cancelling; that does not go with: pause"),
        (BatchState.SCHEDULED, "pause", 2, "batch B1 is scheduled; that does not go with: pause"),
        (BatchState.COMPLETED, "cancel", 2, "batch B1 is completed already; there is nothing to cancel"),
        (BatchState.COMPLETED, "resume", 2, "batch B1 is completed; there is nothing to resume"),
        (BatchState.PAUSED, "resume", 2, "`tlray scrape --resume B1 --home"),
        (BatchState.RUNNING, "resume", 2, "`tlray scrape --resume B1 --home"),
    ],
)
def test_every_state_is_answered(
    home: Home, capsys: pytest.CaptureFixture[str], state: BatchState, action: str, code: int, says: str
) -> None:
    put(home, state)
    assert steer(home, action, "B1") == code
    told = capsys.readouterr()
    assert says in told.out + told.err
    assert (told.out + told.err).count("\n") == 1
    if code:
        with open_reader(home.path) as journal:
            assert journal.batch("B1").state is state, "what is refused changes nothing"


def test_a_list_that_was_never_taken_in_whole_is_dropped(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert steer(home, "pause", "B2") == 2
    assert "is still being received" in capsys.readouterr().err
    assert steer(home, "cancel", "B2") == 0
    assert capsys.readouterr().out == "B2 cancelled: 0 of 3 done, 3 cancelled\n"
    with open_reader(home.path) as journal:
        assert [row.batch_id for row in journal.batches()] == ["B1"]


def test_nothing_is_half_done_where_the_journal_fails(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("tlray.io.journal.sql.batches.note_ended", full)
    assert steer(home, "cancel", "B1") in (2, 4)
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.undo()
    with open_reader(home.path) as journal:
        assert journal.batch("B1").state is BatchState.RUNNING
    assert items(home) == {"leased": 2, "queued": 1}
    assert not home.is_held()


def test_a_crashed_coordinator_whose_ray_is_gone_is_nobody(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.hold(Holder(1, "here", "127.0.0.1:9", "tlray")).close()
    assert steer(home, "pause", "B1") == 0
    assert capsys.readouterr().out == "B1 paused: 0 of 3 done\n"
    assert steer(home, "stop") == 0
    assert capsys.readouterr().err == f"nothing works in {home.path}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["pause", "B1", "--home", "h", "--url", NOWHERE],
            "--home and --url: pause a batch of a home or of a",
        ),
        (["cancel", "nope", "--home", "HOME"], "no batch 'nope' in"),
        (["cancel", "B1", "--home", "/nowhere"], "there is no journal"),
        (["stop", "--now", "--drain"], "--drain and --now: give one of them"),
    ],
)
def test_wrong_usage_is_one_line(
    home: Home, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert run([str(home.path) if word == "HOME" else word for word in arguments]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_without_a_service_at_the_usual_place_the_way_to_a_home_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tlray.cli.control.DEFAULT_URL", NOWHERE)
    assert run(["pause", "B1"]) == 4
    assert "a batch that no service runs: `tlray pause B1 --home DIR`" in capsys.readouterr().err
    assert run(["pause", "B1", "--url", NOWHERE]) == 4
    assert "--home DIR" not in capsys.readouterr().err


def test_a_home_in_which_nothing_was_ever_done_has_nothing_to_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["stop", "--home", str(tmp_path / "none")]) == 0
    assert "nothing works in" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
