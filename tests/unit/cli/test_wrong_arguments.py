"""Wrong arguments of every command: one clear error on stderr, nothing on stdout, the exit code of `docs/operations.md`.

The commands are called in this process. One is started as a user starts it, to hold that its exit code leaves the process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tlray.cli import run

ROOT = Path(__file__).parents[3]
URL = "http://127.0.0.1/x"
BAD = [
    (["scrape"], "no URL given"),
    (["scrape", "no-such-file.txt"], "no file"),
    (["scrape", str(ROOT / "tests")], "is a folder"),
    (["scrape", URL, "--rate", "127.0.0.1=fast"], "is not of the form N/s"),
    (["scrape", URL, "--rate", "fast"], "DOMAIN=VALUE"),
    (["scrape", URL, "--rate", "127.0.0.1=0/s"], "is 0"),
    (["scrape", URL, "--concurrency", "127.0.0.1=many"], "whole number"),
    (["scrape", URL, "--export", "mp3"], "no format 'mp3'"),
    (["scrape", URL, "--priority", "urgent"], "immediate, normal or low"),
    (["scrape", URL, "--max-wait", "soon"], "is no duration"),
    (["scrape", URL, "--fresh-for", "-1h"], "or 0 to fetch every page"),
    (["scrape", URL, "--max-attempts", "0"], "1 to 100"),
    (["scrape", URL, "--no-such-option"], "No such option"),
    (["scrape", "--resume", "nope"], "no journal"),
    (["scrape", URL, "--home", "/dev/null/x"], "cannot be used"),
    (["scrape", URL, "--contact", "me"], "e-mail address or a web page"),
    (["scrape", "https://www.example.org/x"], "--contact"),
    (["export", "nope", "--format", "cue"], "no journal"),
    (["export", "nope", "--format", "mp3"], "no format 'mp3'"),
    (["status", "nope"], "no journal"),
    (["parse", "no-such-page.html"], "no file"),
    (["demo", "--faults", "gremlins=1"], "gremlins"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is not there yet, and no setting of the user who runs the tests."""
    for name in ("RAY_ADDRESS", "TLRAY_CONTACT", "TLRAY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TLRAY_HOME", str(tmp_path / "sets"))
    return tmp_path / "sets"


def assert_is_one_clear_error(err: str, says: str) -> None:
    assert says in err
    assert "Traceback" not in err
    assert len([line for line in err.splitlines() if line.startswith("tlray")]) <= 1


@pytest.mark.parametrize(("arguments", "says"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_a_wrong_argument_gets_one_clear_error(
    arguments: list[str], says: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert_is_one_clear_error(err, says)
    assert out == ""
    assert not (home / "state.db").exists()


def test_a_binary_list_is_refused_and_makes_no_batch(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    binary = tmp_path / "list.bin"
    binary.write_bytes(bytes(range(256)) * 10)
    assert run(["scrape", str(binary)]) == 2
    assert_is_one_clear_error(capsys.readouterr().err, "give a list with one URL a line")
    assert run(["list"]) == 0
    assert capsys.readouterr().out == ""


def test_the_process_ends_with_the_code_of_the_error(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tlray", "scrape", "no-such-file.txt"],
        capture_output=True, text=True, cwd=ROOT, env=dict(os.environ), check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert_is_one_clear_error(done.stderr, "no file")
