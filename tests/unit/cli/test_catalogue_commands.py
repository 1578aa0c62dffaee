"""``tlray changes`` and ``tlray export --all``, and the same from Python."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_catalogue import MadeHome
from made_sets import a_set, a_track

import tlray
from tlray.cli import run
from tlray.cli.batch_text import quality_text
from tlray.errors import UsageError
from tlray.model import Tracklist


def night(*names: str, hour: int = 12, source_id: str = "s1", quality: float = 0.5) -> Tracklist:
    tracks = [a_track(n, artist=name, title=f"T{name}") for n, name in enumerate(names, 1)]
    at = datetime(2026, 11, 1, hour, tzinfo=UTC)
    return a_set(*tracks, source_id=source_id, fetched_at=at, quality=quality)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home where a set was fetched twice."""
    made = MadeHome(tmp_path / "home")
    made.batch("b1", [night("A")], [night("A", source_id="s2", quality=0.9)])
    made.batch("b2", [night("A", "B", hour=13)])
    yield made.home.path
    made.close()


def test_changes_are_lines_of_json_each_with_the_cursor_behind_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["changes", "--home", str(home)]) == 0
    (change,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (change["site"], change["source_id"], change["kind"]) == ("1001tracklists", "s1", "added")
    assert (change["index"], change["after"], change["batch_id"]) == (2, "B - TB", "b2")
    for nothing in (
        ["--since", change["cursor"]], ["--since", "2026-11-01T14:00:00Z"], ["--set", "1001tracklists:s2"],
    ):  # fmt: skip
        assert run(["changes", "--home", str(home), *nothing]) == 0
        assert capsys.readouterr().out == ""
    assert run(["changes", "--home", str(home), "--set", "1001tracklists:s1", "--since", "2026-11-01"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_changes_are_a_file_of_json_lines(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["changes", "--home", str(home)]) == 0
    printed = capsys.readouterr().out
    for name in ("changes.ndjson", "changes.JSONL"):
        assert run(["changes", "--home", str(home), "--out", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text(encoding="utf-8") == printed
        assert capsys.readouterr().err == f"{len(printed.splitlines())} changes: {tmp_path / name}\n"
    assert run(["changes", "--home", str(home), "--since", "x", "--out", str(tmp_path / "none.jsonl")]) == 2
    assert not (tmp_path / "none.jsonl").exists()


def test_changes_are_a_parquet_table(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "changes.parquet"
    assert run(["changes", "--home", str(home), "--out", str(out)]) == 0
    pd.testing.assert_frame_equal(pd.read_parquet(out), tlray.changes(home=home))
    assert len(tlray.changes(home=home, of_set=("1001tracklists", "s2"))) == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["changes", "--set", "s1"], "is not SITE:ID"),
        (["export", "--all", "--min-quality", "nan", "--format", "jsonl"], "--min-quality"),
        (["changes", "--out", "changes.csv"], "lines of JSON (.jsonl, .ndjson) or a table (.parquet)"),
        (["changes", "--since", "yesterday"], "neither a moment"),
        (["export", "--all", "b1", "--format", "jsonl"], "name one batch, or give --all"),
        (["export", "--format", "jsonl"], "name one batch, or give --all"),
        (["export", "b9", "--format", "jsonl"], "b9"),
        (["export", "b1", "--merged", "--format", "jsonl"], "--merged is for the catalogue"),
        (
            ["export", "b1", "--merged", "--format", "jsonl", "--url", "http://127.0.0.1:1"],
            "--merged is for the catalogue",
        ),
    ],
)
def test_wrong_arguments_are_named(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    assert run([*arguments, "--home", str(home)]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["changes"],
        ["export", "--all", "--format", "jsonl"],
        ["export", "--all", "--merged", "--format", "jsonl"],
    ],
)
def test_a_home_without_a_journal_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert run([*command, "--home", str(tmp_path)]) == 2
    assert "nothing was ever scraped into this home" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ["aggregate", "--by", "dj"],
        ["aggregate", "b1", "--by", "dj"],
        ["export", "--all", "--format", "jsonl"],
        ["export", "--all", "--merged", "--format", "cue"],
        ["changes"],
    ],
)
def test_a_place_that_cannot_be_written_is_named_before_anything_is_read(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    (tmp_path / "a file").touch()
    (tmp_path / "changes.parquet").mkdir()
    shutil.rmtree(home / "results")  # what is read fails
    before = sorted(tmp_path.iterdir())
    for out in ("a file/tables", "/proc/tables", "changes.parquet"):
        if out == "changes.parquet" and command != ["changes"]:
            continue
        assert run([*command, "--home", str(home), "--out", str(tmp_path / out)]) == 2
        err = capsys.readouterr().err
        assert f"{tmp_path / out} cannot be written" in err
        assert err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before
    assert not (home / "catalogue.db").exists()


def test_an_export_of_all_has_the_newest_version_of_every_set(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "all.jsonl"
    assert run(["export", "--all", "--format", "jsonl", "--out", str(out), "--home", str(home)]) == 0
    sets = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert {s["source_id"]: s["track_count"] for s in sets} == {"s1": 2, "s2": 1}
    assert run(["export", "--all", "--format", "jsonl", "--home", str(home)]) == 0
    assert (home / "exports" / "all").is_dir()
    good = ["export", "--format", "jsonl", "--out", "-", "--home", str(home), "--min-quality", "0.8"]
    capsys.readouterr()
    for which in ("--all", "b1"):
        assert run([*good, which]) == 0
        assert [json.loads(line)["source_id"] for line in capsys.readouterr().out.splitlines()] == ["s2"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    ("command", "read"),
    [
        (["export", "--all", "--format", "xlsx", "--out", "{}/sets.xlsx"], "tlray.io.catalogue.newest.iter_newest"),
        (["export", "--all", "--format", "text", "--out", "{}/sets"], "tlray.io.catalogue.newest.iter_newest"),
        (["aggregate", "--out", "{}/sums"], "tlray.io.catalogue.merging.tables_of"),
        (["changes", "--out", "{}/changes.parquet"], "tlray.io.catalogue.change_table.table"),
    ],
)  # fmt: skip
def test_what_a_signal_ends_leaves_nothing_half_done(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], read: str, number: signal.Signals
) -> None:  # fmt: skip
    def read_until_the_signal(*given: object, **options: object) -> Iterator[Tracklist]:
        yield night("A")
        signal.raise_signal(number)

    is_table = read.endswith("table")
    reads = read_until_the_signal if not is_table else lambda *_, **__: list(read_until_the_signal())
    monkeypatch.setattr(read, reads)
    monkeypatch.setattr("tlray.io.catalogue.aggregation.Aggregation.read", lambda _, parts: list(parts))
    out, temporary = tmp_path / "out", tmp_path / "tmp"
    out.mkdir()
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with pytest.raises(SystemExit) as end:
        run([word.format(out) for word in [*command, "--home", str(home)]])
    assert end.value.code == 128 + number
    assert [*out.iterdir(), *temporary.iterdir()] == []
    assert signal.getsignal(number) is signal.SIG_DFL


def test_load_without_a_batch_is_the_whole_catalogue(home: Path) -> None:
    tracklists, tracks = tlray.load(home=home)
    assert sorted(tracklists["source_id"]) == ["s1", "s2"]
    assert len(tracks) == 3
    of_batch = tlray.load("b1", home=home)
    assert list(tracklists.dtypes) == list(of_batch[0].dtypes)
    assert [list(found["source_id"]) for found in tlray.load("b1", home=home, min_quality=0.8)] == [
        ["s2"],
        ["s2"],
    ]


def test_changes_in_python_take_days_and_the_name_of_a_set(home: Path) -> None:
    at = datetime(2026, 11, 1, 13, tzinfo=UTC)
    assert len(tlray.changes(since=at, of_set="1001tracklists:s1", home=home)) == 1
    assert len(tlray.changes(since=at.date(), of_set=("1001tracklists", "s1"), home=home)) == 1
    assert tlray.changes(since=at + timedelta(seconds=1), home=home).empty
    with pytest.raises(UsageError, match="is not SITE:ID"):
        tlray.changes(of_set="s1", home=home)


@pytest.mark.parametrize("least", [float("nan"), 1.5, -0.1, "0.8"])
def test_a_quality_that_is_none_is_refused(home: Path, least: Any) -> None:
    for ask in (tlray.load, partial(tlray.load, "b1"), partial(tlray.aggregate, "dj")):
        with pytest.raises(UsageError, match="a number from 0 to 1"):
            ask(min_quality=least, home=home)


def test_a_status_has_the_quality_of_the_batch(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "b1", "--home", str(home)]) == 0
    assert "  quality: 0.70, mean of 2 sets\n" in capsys.readouterr().out
    assert run(["status", "b1", "--home", str(home), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["quality"] == {"sets": 2, "mean": 0.7, "issues": {}}
    many = {"sets": 9, "mean": 0.5, "issues": {"no date": 4, "not\x1b identified": 2}}
    assert quality_text(many) == "  quality: 0.50, mean of 9 sets: 4 × no date, 2 × not? identified"
    assert quality_text(None) == quality_text({"sets": 0, "mean": None, "issues": {}}) == ""
