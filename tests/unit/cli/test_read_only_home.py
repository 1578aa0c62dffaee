"""A home that may not be written to: what reads it reads it, and nothing of it changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_catalogue import MadeHome
from made_sets import a_set, a_track

BOUND = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []
"""So that rights count for root, too."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that was copied or mounted, before its catalogue was ever asked for."""
    made = MadeHome(tmp_path / "home")
    made.batch("b1", [a_set(a_track(1), source_id="s1")])
    made.batch("b2", [a_set(a_track(1), a_track(2), source_id="s1")])
    made.close()
    return made.home.path


def tlray(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = sorted(home.rglob("*"), reverse=True)
    modes = {path: path.stat().st_mode for path in (*paths, home)}
    for path in (*paths, home):
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        return subprocess.run(
            [*BOUND, sys.executable, "-m", "tlray", *arguments, "--home", str(home)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def contents(home: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in home.rglob("*")}


def test_what_reads_a_home_needs_no_right_to_write_there(home: Path) -> None:
    before = contents(home)
    found = tlray(home, "search", "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["track_count"] == 2
    for command in (
        ["list"], ["status", "b1"], ["changes"], ["export", "--all", "--merged", "--format", "jsonl", "--out", "-"],
    ):  # fmt: skip
        done = tlray(home, *command)
        assert done.returncode == 0, done.stderr
        assert done.stdout
        assert "Traceback" not in done.stderr
    assert contents(home) == before


def test_what_writes_there_says_in_one_line_that_it_cannot(home: Path) -> None:
    (home / "state.db-wal").write_bytes(b"x" * 100)
    for command in (["compact"], ["list"], ["export", "--all", "--format", "jsonl"]):
        done = tlray(home, *command)
        assert done.returncode == 2, (command, done.stdout, done.stderr)
        assert done.stderr.count("\n") == 1, done.stderr
        assert str(home) in done.stderr
        assert "copy the home" in done.stderr or command == ["compact"]
