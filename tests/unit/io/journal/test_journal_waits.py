"""What a batch waits for is read from the journal, without Ray, and told by ``tlray status``."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from made_journal import apply_robots, submit

from tlray.cli import run
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.scheduling.changeset import Changeset, DomainChange
from tlray.core.submission.lines import Entry
from tlray.io.disk.home import Home
from tlray.io.journal.rows import BatchOptions
from tlray.io.journal.sqlite.journal import SqliteJournal

WHY = "robots.txt asks for 1 fetch a day"


def made(home: Path, politeness: PolitenessOptions | None = None) -> None:
    """A batch at two domains: one is slow by its robots.txt and rests, of the other nothing is known."""
    place = Home(home).create()
    journal = SqliteJournal(place.journal)
    journal.begin_incarnation(is_restart=False)
    lines = [Entry(1, "http://a.test/1", "a.test", "1"), Entry(2, "http://b.test/1", "b.test", "2")]
    submit(journal, "B1", lines, options=BatchOptions(politeness or PolitenessOptions()), created_at=1.7e9)
    apply_robots(journal, "a.test", "", 86_400.0, wall=time.time())
    rest = DomainChange("a.test", until=90_000.0, reason=WHY)
    journal.commit(Changeset("L", cool_downs=[rest]), now=0.0, wall=time.time(), node="n")
    journal.close()


def test_a_status_says_until_when_a_domain_rests_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path)
    assert run(["status", "B1", "--home", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    [slow] = [line for line in lines if "a.test" in line]
    assert slow.startswith("  a.test: 1 queued; rests until 20")
    assert slow.count(WHY) == 1
    assert "  b.test: 1 queued" in lines
    assert run(["status", "B1", "--home", str(tmp_path), "--json"]) == 0
    waits = json.loads(capsys.readouterr().out)["waits"]
    assert list(waits) == ["a.test"]
    assert (waits["a.test"]["reason"], waits["a.test"]["slow_because"]) == (WHY, WHY)
    assert waits["a.test"]["cooling_until"] > time.time() + 80_000


def test_a_pace_that_the_owner_agreed_to_is_not_slow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path, PolitenessOptions(crawl_delay_ignored=frozenset({"a.test"})))
    assert run(["status", "B1", "--home", str(tmp_path), "--json"]) == 0
    assert "slow_because" not in json.loads(capsys.readouterr().out)["waits"]["a.test"]
