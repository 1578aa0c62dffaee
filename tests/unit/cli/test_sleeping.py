"""What ``tlray list`` and ``tlray status`` say of a batch at which nobody works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_journal import lease, submit

from tlray.cli import run
from tlray.core.model.lifecycle import BatchState
from tlray.io.disk.home import Holder, Home
from tlray.io.journal.sqlite.journal import SqliteJournal

ME = Holder(1, "here", "127.0.0.1:6379", "tlray")
SLEEPS = "(sleeps: tlray scrape --resume)"
N_LEASED = 2


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A batch of three items, as a coordinator leaves it that ends in the midst of the work: two of them are leased."""
    place = Home(tmp_path).create()
    journal = SqliteJournal(place.journal)
    journal.begin_incarnation(is_restart=False)
    lease(journal, submit(journal, "B1", name="a mix", created_at=1.7e9), limit=N_LEASED)
    journal.close()
    return place


def put(home: Home, state: BatchState) -> None:
    journal = SqliteJournal(home.journal)
    journal.set_batch_state(1, state)
    journal.close()


def told(home: Home, capsys: pytest.CaptureFixture[str], command: str, *arguments: str) -> str:
    assert run([command, *arguments, "--home", str(home.path)]) == 0
    return capsys.readouterr().out


def json_of(home: Home, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    [status, row] = [told(home, capsys, *how, "--json") for how in (("status", "B1"), ("list",))]
    return json.loads(status), json.loads(row)


def test_what_a_living_coordinator_works_at_is_running(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with home.hold(ME):
        status = told(home, capsys, "status", "B1")
        assert status.startswith("B1 a mix running: 0 of 3 items done, ")
        assert "  a.test: 2 leased, 1 queued\n" in status
        assert "  running " in (listed := told(home, capsys, "list"))
        assert "sleep" not in status + listed
        for found in json_of(home, capsys):
            assert (found["state"], found["sleeps"]) == ("running", False)
            assert found["counts"] == {"leased": 2, "queued": 1}


def test_what_nobody_works_at_sleeps_and_leases_nothing(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.hold(ME).close()
    status = told(home, capsys, "status", "B1")
    assert status.startswith(f"B1 a mix sleeping {SLEEPS}: 0 of 3 items done, ")
    assert "  a.test: 3 queued\n" in status
    listed = told(home, capsys, "list")
    assert "  sleeping " in listed
    assert listed.endswith(f"a mix {SLEEPS}\n")
    for found in json_of(home, capsys):
        assert (found["state"], found["sleeps"], found["counts"]) == ("running", True, {"queued": 3})
    assert json_of(home, capsys)[0]["domains"] == {"a.test": {"queued": 3}}


@pytest.mark.parametrize(
    ("state", "head", "counts"),
    [
        (BatchState.PAUSED, f"paused {SLEEPS}", {"queued": 3}),
        (BatchState.SCHEDULED, f"scheduled {SLEEPS}", {"queued": 3}),
        # whoever takes it up cancels what had not ended
        (BatchState.CANCELLING, f"cancelling {SLEEPS}", {"cancelled": 3}),
        (BatchState.COMPLETED, "completed", {"leased": 2, "queued": 1}),
    ],
)
def test_the_state_in_which_it_fell_asleep_is_told(
    home: Home, capsys: pytest.CaptureFixture[str], state: BatchState, head: str, counts: dict[str, int]
) -> None:
    put(home, state)
    assert told(home, capsys, "status", "B1").startswith(f"B1 a mix {head}: ")
    assert json_of(home, capsys)[0]["counts"] == counts


def test_what_a_new_coordinator_was_not_asked_for_sleeps_too(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = SqliteJournal(home.journal)
    journal.begin_incarnation(is_restart=False)
    journal.close()
    with home.hold(ME):
        assert told(home, capsys, "status", "B1").startswith(f"B1 a mix sleeping {SLEEPS}: ")
        assert SLEEPS in told(home, capsys, "list")
