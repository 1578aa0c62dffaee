"""The merged files hold the newest version of every set once, and are a copy that may go."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from made_catalogue import MadeHome
from test_catch_up import night

from tlray.cli import run
from tlray.errors import CannotFinish
from tlray.io.catalogue import merged
from tlray.io.catalogue.newest import iter_newest, load, merge_all
from tlray.io.disk.home import Home
from tlray.io.results.store import PartFile


def rows(home: Home) -> list[tuple[str, int]]:
    """Each set that is loaded, with the number of its tracks; the same as pandas and objects say."""
    tracklists, tracks = load(home)
    found = [(s, int((tracks["source_id"] == s).sum())) for s in tracklists["source_id"]]
    assert [(t.source_id, len(t.tracks)) for t in iter_newest(home)] == found
    return sorted(found)


def in_files(home: Home) -> list[tuple[str, int]]:
    """What pandas finds in the folders."""
    sets, tracks = (pd.read_parquet(home.path / "catalogue" / kind) for kind in ("tracklists", "tracks"))
    return sorted((s, int((tracks["source_id"] == s).sum())) for s in sets["source_id"])


def test_merged_files_are_read_in_the_place_of_parts(made: MadeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merged, "ROWS_PER_FILE", 2)
    home = made.home
    for n in range(4):
        made.batch(f"b{n}", [night(f"s{n}", "A", "B")])
    before = load(home)
    found = merge_all(home)
    assert (found.n_sets, found.n_tracks, len(found.stems)) == (4, 8, 4)
    assert in_files(home) == rows(home) == [(f"s{n}", 2) for n in range(4)]
    for ours, theirs in zip(load(home), before, strict=True):
        pd.testing.assert_frame_equal(ours, theirs)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (home.path / "catalogue").glob("*/*.parquet"))

    shutil.rmtree(home.results("b0"))  # its rows are read from the merged files
    made.batch("b4", [night("s1", "A", "B", "C", hours=1)], [night("s9", "A")])
    assert rows(home) == [("s0", 2), ("s1", 3), ("s2", 2), ("s3", 2), ("s9", 1)]
    again = merge_all(home)
    assert (again.n_sets, merged.current(home)) == (5, again)
    assert in_files(home) == rows(home)
    assert {path.stem for path in (home.path / "catalogue").glob("*/*")} == set(again.stems)


def test_merged_files_that_are_gone_are_not_missed(made: MadeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    made.batch("b1", [night("s1", "A")])
    found = merge_all(made.home)
    made.batch("b2", [night("s2", "A")])
    shutil.rmtree(made.home.path / "catalogue")
    assert merged.current(made.home) == merged.NONE
    assert rows(made.home) == [("s1", 1), ("s2", 1)]
    monkeypatch.setattr(merged, "current", lambda home: found)  # they go just after a look
    assert rows(made.home) == [("s1", 1), ("s2", 1)]


def test_merged_files_that_are_damaged_are_passed_over(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A", "B")])
    made.batch("b2", [night("s2", "A")])
    merge_all(made.home)
    (file,) = (made.home.path / "catalogue" / "tracks").iterdir()
    whole = file.read_bytes()
    for half in (whole[:300], b"", b"rubbish" * 99):
        file.write_bytes(half)
        assert rows(made.home) == [("s1", 2), ("s2", 1)]
    file.write_bytes(whole[:8] + bytes(200) + whole[208:])
    with pytest.raises(CannotFinish, match=r"is damaged .*try again"):
        load(made.home)
    assert rows(made.home) == [("s1", 2), ("s2", 1)]
    assert merge_all(made.home).n_sets == 2
    assert in_files(made.home) == rows(made.home) == [("s1", 2), ("s2", 1)]


def test_a_part_that_is_read_late_is_not_missed(made: MadeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tlray.io.catalogue.records.PAUSE_S", 0.0)
    made.open("b1", 2)
    file = made.store.published("b1", made.fetch("b1", [night("s1", "A")]), PartFile.TRACKLISTS)
    whole = file.read_bytes()
    file.write_bytes(b"PAR1")
    made.batch("b2", [night("s2", "A")])
    assert merge_all(made.home).n_sets == 1
    file.write_bytes(whole)
    made.batch("b3", [night("s3", "A")])
    assert rows(made.home) == [("s1", 1), ("s2", 1), ("s3", 1)]


def test_two_processes_do_not_merge_at_once(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A")])
    merge_all(made.home)
    folder = os.open(made.home.path / "catalogue", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with pytest.raises(CannotFinish, match="another process merges"):
        merge_all(made.home)
    os.close(folder)
    left = made.home.path / "catalogue" / "tracks" / "_killed.parquet"
    left.write_bytes(b"half")
    assert merge_all(made.home).n_sets == 1
    assert not left.exists()


def test_the_command_says_what_it_wrote(
    made: MadeHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.batch("b1", [night("s1", "A", "B")])
    assert run(["compact", "--home", str(made.home.path)]) == 0
    assert "1 set, 2 tracks in 1 file:" in capsys.readouterr().err
    assert run(["compact", "--home", str(tmp_path)]) == 2
