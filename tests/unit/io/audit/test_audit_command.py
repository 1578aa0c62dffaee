"""``tlray audit``: a summary a person reads, JSON for programs, exit 1 where something is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_batch import MadeBatch
from made_parts import BATCH

from tlray.cli import run
from tlray.core.audit.findings import REMEDIES, FindingKind
from tlray.io.disk.home import Home
from tlray.io.results.local_store import LocalStore
from tlray.io.results.store import PartFile


@pytest.fixture
def batch(tmp_path: Path) -> Iterator[MadeBatch]:
    """Forty items: thirty sets, ten dead letters."""
    made = MadeBatch.submitted(Home(tmp_path / "home").create(), 40)
    made.fetch(30)
    for _ in range(10):
        made.lose()
    made.finish()
    yield made
    made.journal.close()


def audit(batch: MadeBatch, *arguments: str) -> int:
    return run(["audit", *arguments, "--home", str(batch.home.path)])


def test_a_right_home_is_told_in_a_few_lines(batch: MadeBatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(batch) == 0
    out = capsys.readouterr().out
    assert "b1: completed" in out
    assert "42 lines = 40 items + 1 duplicate + 1 rejected" in out
    assert "40 items = 30 succeeded + 10 dead" in out
    assert "30 sets and 465 tracks in 1 part, read whole" in out
    assert "1 archived page read" in out
    assert "every set is there once, every count agrees" in out
    assert audit(batch, BATCH, "--pages") == 0
    assert "30 archived pages read" in capsys.readouterr().out


def test_json_is_one_line_a_batch(batch: MadeBatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(batch, BATCH, "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["lines"], told["total"], told["duplicates"], told["n_rejected"]) == (42, 40, 1, 1)
    assert (told["counts"], told["sets"], told["tracks"], told["missing"], told["twice"]) == (
        {"succeeded": 30, "dead": 10}, 30, 465, 0, 0,
    )  # fmt: skip


def test_what_is_wrong_is_told_with_its_place_and_what_to_do(
    batch: MadeBatch, capsys: pytest.CaptureFixture[str]
) -> None:
    LocalStore(batch.home).published(BATCH, "0001-000001-00001", PartFile.TRACKLISTS).unlink()
    assert audit(batch, BATCH) == 1
    out = capsys.readouterr().out
    assert "WRONG, 31 findings" in out
    assert (
        "part-missing: 1\n    part 0001-000001-00001: results/b1/tracklists/0001-000001-00001.parquet is not there"
        in out
    )
    assert (
        "part 0001-000001-00001, item 7, line 7, https://example.org/7: it succeeded, but no part has its row"
        in out
    )
    assert "… and 20 more" in out
    assert REMEDIES[FindingKind.ROW_MISSING] in out
    assert audit(batch, "--json") == 1
    (line,) = capsys.readouterr().out.splitlines()
    (missing, rows) = json.loads(line)["findings"]
    assert (missing["kind"], missing["n"], rows["kind"], rows["n"]) == ("part-missing", 1, "row-missing", 30)
    assert rows["examples"][0] == {
        "what": "it succeeded, but no part has its row", "part": "0001-000001-00001", "item_id": 1, "line": 1,
        "url": "https://example.org/1",
    }  # fmt: skip


def test_folders_that_no_batch_knows_are_noted_and_are_not_wrong(
    batch: MadeBatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (batch.home.path / "results" / "b7").mkdir()
    assert audit(batch) == 0
    assert "note: results/b7 is of no batch that the journal knows" in capsys.readouterr().out


def test_a_damaged_journal_is_wrong(batch: MadeBatch, capsys: pytest.CaptureFixture[str]) -> None:
    batch.run("PRAGMA wal_checkpoint(TRUNCATE)")
    batch.run("CREATE TABLE another (x)")
    batch.run("PRAGMA writable_schema = ON")
    batch.run("UPDATE sqlite_master SET rootpage = 3 WHERE name = 'another'")
    assert audit(batch) == 1
    assert "the journal is damaged: the database says" in capsys.readouterr().err


def test_no_such_batch_and_no_home_are_wrong_usage(
    batch: MadeBatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit(batch, "b9") == 2
    assert run(["audit", "--home", str(batch.home.path / "none")]) == 2
    assert "no batch 'b9'" in capsys.readouterr().err
