"""What is wrong with a home, a list or a place is one line and exit 2, before Ray is started."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tlray.cli import run
from tlray.io.disk.home import Home
from tlray.io.journal.opening import require_readable
from tlray.io.journal.sqlite.journal import SqliteJournal

URL = "http://127.0.0.1:9/set"


@pytest.fixture(autouse=True)
def no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here may get so far that Ray is joined or started."""
    import ray  # noqa: PLC0415

    def init(*given: Any, **more: Any) -> None:
        pytest.fail("Ray is started")

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def newer(home: Path) -> None:
    SqliteJournal(Home(home).create().journal).close()
    with sqlite3.connect(home / "state.db") as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    db.close()


def damaged(home: Path) -> None:
    SqliteJournal(Home(home).create().journal).close()
    for more in ("-wal", "-shm"):
        (home / f"state.db{more}").unlink(missing_ok=True)
    (home / "state.db").write_bytes(os.urandom(20_000))


@pytest.mark.parametrize("break_it", [newer, damaged])
@pytest.mark.parametrize(
    "command", [["scrape", URL], ["scrape", "--resume", "B"], ["serve", "--port", "1"], ["retry", "B"]]
)
def test_a_journal_that_cannot_be_read_is_told_as_list_tells_it(
    break_it: Any, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    break_it(tmp_path)
    assert run(["list", "--home", str(tmp_path)]) == 2
    by_list = capsys.readouterr().err
    assert by_list.count("\n") == 1
    assert run([*command, "--home", str(tmp_path)]) == 2
    assert capsys.readouterr().err == by_list


def test_a_journal_without_tables_is_one_that_a_coordinator_may_begin(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "state.db").close()
    require_readable(Home(tmp_path))
    require_readable(Home(tmp_path / "none"))


def test_a_list_that_is_not_there_is_found_however_late_it_comes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = tmp_path / "long.txt"
    long.write_text("".join(f"http://127.0.0.1:9/{n}\n" for n in range(6_000)))
    missing = tmp_path / "none.txt"
    assert run(["scrape", str(long), str(missing), "--home", str(tmp_path / "home")]) == 2
    assert f"no file '{missing}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("csv:{here}/a-file/x.csv", "a-file is no folder"),
        ("csv:{here}/sets.json", "sets.json ends with .json, but csv files end with .csv"),
        ("parquet:-", "parquet cannot go to stdout"),
    ],
)
def test_a_place_that_cannot_be_exported_to_is_found_before_the_work(
    spec: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a-file").write_text("")
    where = ["--home", str(tmp_path / "home"), "--export", spec.format(here=tmp_path)]
    assert run(["scrape", URL, *where]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_places_that_can_be_written_are_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old.csv").write_text("")
    good = ["csv:-", f"csv:{tmp_path}/old.csv", f"cue:{tmp_path}/new/folder", "csv:/dev/null", "json"]
    exports = [f"--export={spec}" for spec in good]
    assert run(["scrape", "https://www.example.org/x", "--home", str(tmp_path / "home"), *exports]) == 2
    assert "public host" in capsys.readouterr().err, "what is wrong comes after the places"


def test_detach_needs_a_cluster_and_waits_for_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path / "home")]
    assert run(["scrape", URL, "--detach", *home]) == 2
    assert "--detach leaves a batch to a cluster, and there is none" in capsys.readouterr().err
    for more in (["--export", "csv"], ["--max-wait", "2h"]):
        assert run(["scrape", URL, "--detach", *more, *home]) == 2
        assert "--detach does not wait" in capsys.readouterr().err
