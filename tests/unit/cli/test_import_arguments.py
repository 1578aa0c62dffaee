"""`tlray import`: wrong arguments, and the dry run. No Ray is started."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tlray.cli import run

SHEET = b'FILE "a.mp3" MP3\n  TRACK 01 AUDIO\n    TITLE "T"\n    PERFORMER "P"\n    INDEX 01 00:00:00\n'


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLRAY_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no file given"),
        (["/no/such/file"], "no file '/no/such/file' here"),
        (["{file}", "--as", "vinyl"], "no such kind"),
        (["{file}", "--encoding", "base64"], "no such encoding"),
        (["{file}", "--resume", "b1"], "leave paths"),
        (["{links}"], "links are not followed"),
        (["{empty}"], "they are empty"),
        (["{file}", "--export", "vinyl"], "vinyl"),
    ],
)
def test_wrong_arguments_end_with_2_and_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {name: tmp_path / name for name in ("file", "links", "empty")}
    places["file"].write_bytes(SHEET)
    places["links"].mkdir()
    places["empty"].mkdir()
    (places["links"] / "link").symlink_to(places["file"])
    assert run(["import", *(argument.format(**places) for argument in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_a_dry_run_counts_kinds_and_names_what_is_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "sets"
    folder.mkdir()
    (folder / "a.cue").write_bytes(SHEET)
    assert run(["import", str(folder), "--dry-run"]) == 0
    assert capsys.readouterr().out.split() == ["1", "cue"]
    (folder / "b.bin").write_bytes(bytes(range(256)))
    (folder / "loop").symlink_to(folder)
    assert run(["import", str(folder), "--dry-run", "--json"]) == 3
    out, err = capsys.readouterr()
    assert json.loads(out) == {"kinds": {"cue": 1, "unknown": 1}, "total": 2, "n_rejected": 1}
    assert "sets/loop" in err


def test_stdin_is_a_file_and_a_dry_run_leaves_no_copy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(SHEET)))
    assert run(["import", "-", "--dry-run"]) == 0
    assert capsys.readouterr().out.split() == ["1", "cue"]
    assert list((tmp_path / "home" / "imports").iterdir()) == []
