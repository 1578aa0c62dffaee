"""``tlray domain HOST`` where no coordinator works: the journal is all there is, and what is written there holds for the next."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from made_journal import apply_robots, connection_of, cool_down, submit

from tlray.cli import run
from tlray.io.disk.home import Home
from tlray.io.journal.sqlite.journal import SqliteJournal


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A batch of one item, whose domain is to rest for an hour."""
    place = Home(tmp_path).create()
    journal = SqliteJournal(place.journal)
    submit(journal, "B1", lines=1)
    cool_down(journal, "a.test", time.time() + 3_600, "throttled: 429")
    apply_robots(journal, "a.test", "", 8, wall=time.time())
    journal.close()
    return place


def steer(home: Home, *arguments: str) -> int:
    return run(["domain", *arguments, "--home", str(home.path)])


def told(home: Home, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert steer(home, *arguments, "--json") == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_rest_is_shown_and_lifted(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert steer(home, "A.test:80") == 0
    line = capsys.readouterr().out
    assert line.startswith("a.test: 1 every 8 s, 2 at a time; rests until ")
    assert line.endswith("; throttled: 429; 1 item open\n")
    assert told(home, capsys, "a.test")["cooling_until"] is not None
    assert told(home, capsys, "a.test", "--lift")["cooling_until"] is None
    assert told(home, capsys, "a.test")["reason"] is None
    assert home.holder() is None


def test_a_rate_and_a_pause_are_set_and_taken_back(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(home, capsys, "a.test", "--rate", "1/20s", "--pause")
    assert (found["max_rate"], found["paused"], found["set"]) == (
        0.05,
        True,
        {"max_rate": 0.05, "concurrency": None},
    )
    found = told(home, capsys, "a.test", "--rate", "none", "--no-pause")
    assert (found["max_rate"], found["paused"]) == (0.125, False)
    assert told(home, capsys, "new.test", "--pause")["paused"] is True, (
        "also before anything is fetched from it"
    )


def test_a_host_is_shown_and_lifted_at_each_of_its_ports(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = SqliteJournal(home.journal)
    connection_of(journal).execute("UPDATE domains SET name = 'a.test:81'")
    journal.close()
    assert steer(home, "a.test") == 0
    assert capsys.readouterr().out.startswith("a.test:81: 1 every 8 s, 2 at a time; rests until ")
    found = told(home, capsys, "a.test", "--lift")
    assert (found["domain"], found["cooling_until"]) == ("a.test:81", None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["b.test"], "nothing was ever to be fetched from b.test"),
        (["b.test", "--lift"], "nothing was ever to be fetched from b.test"),
        (["a b"], "is no domain"),
        (["a.test", "--rate", "fast"], "--rate: rate 'fast' is not of the form"),
        (["a.test", "--rate", "2/s:5"], "has no burst"),
        (["a.test", "--rate", "auto"], "is not found by itself"),
        (["a.test", "--url", "http://127.0.0.1:9"], "--home and --url"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    home: Home, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert steer(home, *arguments) == 2
    found = capsys.readouterr()
    assert words in found.err
    assert (found.out, found.err.count("\n")) == ("", 1)


def test_a_home_where_nothing_was_scraped_knows_no_domain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["domain", "a.test", "--home", str(tmp_path / "none")]) == 2
    assert "nothing was ever to be fetched" in capsys.readouterr().err
