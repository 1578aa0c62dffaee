"""What commands write: to a reader that goes, to a full disk, in any locale; and what of a site's text reaches a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest
from made_home import BATCH, html, make_home

from tlray.cli import run
from tlray.cli.progress import Bar
from tlray.cli.stdio import plain_streams
from tlray.core.model.printable import in_json, one_line, plain
from tlray.sites.registry import parse_page

HOSTILE = "Имя \x1b[31m\x07\x9b2J\x7f\u202egpj\u2066 x\u200dy"
"""Cyrillic; escape, bell, C1's own escape, delete, overrides; and marks that names need."""
DRIVING = "\x1b\x07\x9b\x7f\u202e\u2066"
COMMANDS = {
    "help": ["--help"],
    "version": ["--version"],
    "formats": ["formats"],
    "list": ["list"],
    "list-json": ["list", "--json"],
    "status": ["status", BATCH, "--lines"],
    "status-json": ["status", BATCH, "--json"],
    "dead": ["dead", BATCH],
    "dead-json": ["dead", BATCH, "--json"],
    "audit": ["audit"],
    "export-csv": ["export", BATCH, "--format", "csv", "--out", "-"],
    "export-json": ["export", BATCH, "--format", "json", "--out", "-"],
    "parse": ["parse"],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "sets"
    made = make_home(path, name=HOSTILE, why_dead=f"connect: {HOSTILE}", titles=HOSTILE)
    artist = parse_page(html(0)).tracklists[0].tracks[0].artist
    (made / "page.html").write_bytes(html(0).replace(artist.encode(), HOSTILE.encode()))
    return made


def arguments(name: str, home: Path) -> list[str]:
    given = COMMANDS[name]
    if name in ("help", "version", "formats"):
        return given
    return [*given, *([str(home / "page.html")] * 40 if name == "parse" else ["--home", str(home)])]


@pytest.fixture
def closed_pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """A standard output whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as out:  # noqa: PTH123 - in the locale's encoding, as Python's own
        monkeypatch.setattr(sys, "stdout", out)
        yield out


@pytest.mark.parametrize("name", COMMANDS)
def test_a_reader_that_goes_ends_a_command_quietly(
    name: str, home: Path, closed_pipe: TextIO, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments(name, home)) == 0
    err = capfd.readouterr().err
    assert "rror" not in err
    assert "Traceback" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("is_unbuffered", [False, True])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_one_line_and_a_4(
    name: str,
    is_unbuffered: bool,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Also with PYTHONUNBUFFERED, where the command line's library meets the error first and says nothing."""
    with io.TextIOWrapper(Path("/dev/full").open("wb", buffering=0), write_through=is_unbuffered) as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert run(arguments(name, home)) == 4
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("tlray: ")]
    assert said == ["tlray: stdout cannot be written: No space left on device"]


@pytest.mark.parametrize("name", COMMANDS)
def test_no_character_of_a_site_drives_a_terminal(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    out = Terminal(io.BytesIO(), encoding="latin-1", write_through=True)
    monkeypatch.setattr(sys, "stdout", out)
    assert run(arguments(name, home)) in (0, 3)
    shown = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert not set(DRIVING) & set(shown + capfd.readouterr().err)
    if name in ("list", "dead", "export-csv", "export-json", "parse"):
        assert "Имя" in shown
        assert "x\u200dy" in shown
    if name == "export-json":  # escaped, which means the same
        assert json.loads(shown)[0]["tracks"][0]["title"] == HOSTILE


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_files_keep_what_a_terminal_is_spared(home: Path, tmp_path: Path) -> None:
    assert (
        run(["export", BATCH, "--format", "csv", "--out", str(tmp_path / "t.csv"), "--home", str(home)]) == 0
    )
    assert HOSTILE in (tmp_path / "t.csv").read_text(encoding="utf-8")


def test_talk_that_nobody_can_read_stops_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as err:  # noqa: PTH123
        monkeypatch.setattr(sys, "stderr", err)
        assert run(["list", "--home", str(home / "nothing")]) == 0
        assert run(["dead", "no-such", "--home", str(home)]) == 2
    assert capfd.readouterr().out == ""


def test_the_bar_drives_the_terminal_and_a_site_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Terminal(io.BytesIO(), encoding="utf-8", write_through=True)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("TERM", "xterm")
    told = {
        "total": 2, "state": "running", "rate_per_min": 1.0, "retries": 0,
        "counts": dict.fromkeys(["dead", "skipped", "succeeded", "cancelled"], 0),
        "estimated_completion": None, "parked": {"a.test": f"parked {HOSTILE}"}, "domains": {},
    }  # fmt: skip
    with plain_streams():
        bar = Bar()
        bar.show(told)
        sys.stderr.write(f"another thread says {HOSTILE}\n")
        bar.close()
    shown = err.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert "\x1b[" in shown, "a bar moves the cursor"
    assert "\x1b[31m" not in shown
    assert not set("\x07\x9b\x7f\u202e\u2066") & set(shown)
    assert shown.count("Имя ?[31m") == 2
    assert sys.stderr is err


def test_marks_of_names_stay_and_json_means_the_same() -> None:
    assert plain(HOSTILE) == "Имя ?[31m??2J??gpj? x\u200dy"
    assert one_line(" a\r\n\tb\x85\u2028 c\x1b ") == "a b c?"
    assert json.loads(in_json(json.dumps(HOSTILE, ensure_ascii=False))) == HOSTILE
    every = "".join(map(chr, range(0x2100)))
    assert json.loads(in_json(json.dumps(every, ensure_ascii=False, indent=1))) == every


# -- in processes of their own -------------------------------------------------------------------------


def shell(command: str, home: Path, **env: str) -> subprocess.CompletedProcess[bytes]:
    script = f'set -o pipefail; tlray() {{ {sys.executable} -m tlray "$@"; }}; {command}'
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, timeout=60, check=False, env={**os.environ, "TLRAY_HOME": str(home), **env}
    )  # fmt: skip


def test_a_pipe_into_head_ends_without_a_word(home: Path) -> None:
    done = shell(f"tlray export {BATCH} --format jsonl --out - | head -c 1 >/dev/null", home)
    assert done.returncode in (0, 141), done.stderr
    assert b"rror" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_the_locale_decides_nothing_and_a_full_disk_is_told(home: Path) -> None:
    done = shell(
        "tlray list; tlray list >/dev/full; echo $?; tlray formats >&-",
        home,
        PYTHONIOENCODING="latin-1",
        LC_ALL="C",
    )
    first, code = done.stdout.decode().splitlines()
    assert "Имя" in first
    assert (code, done.returncode) == ("4", 0)
    assert done.stderr == b"tlray: stdout cannot be written: No space left on device\n"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_ray_ends_no_stream_with_an_escape_sequence(stream: str) -> None:
    """Colorama, once Ray has imported it, would reset the colours of a log file."""
    code = (
        "import sys\nfrom contextlib import redirect_stdout\nfrom tlray.cli.stdio import plain_streams\n"
        f"with plain_streams(), redirect_stdout(sys.{stream}):\n"
        "    import ray.autoscaler._private.cli_logger\n"
        "    sys.stderr.write('said\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == (b"", b"said\n")


BAR = """
import sys, time
from tlray.cli.command_end import signals_raised
from tlray.cli.progress import Bar
from tlray.cli.stdio import plain_streams
counts = dict.fromkeys(["dead", "skipped", "succeeded", "cancelled"], 0)
with plain_streams():
    bar = Bar()
    try:
        with signals_raised():
            bar.show({"total": 2, "state": "paused", "retries": 0, "counts": counts, "domains": {}})
            time.sleep(60)
    finally:
        bar.close()
"""


@pytest.mark.parametrize("how", ["TERM", "HUP", "closed"])
def test_a_bar_that_is_ended_leaves_a_cursor_and_no_word(how: str, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, "-c", BAR], stdin=theirs, stdout=out, stderr=theirs,
            env={**os.environ, "TERM": "xterm"},
        )  # fmt: skip
    os.close(theirs)
    text = b""
    while b"0/2" not in text:
        text += os.read(ours, 10_000)
    if how == "closed":
        os.close(ours)
        assert process.wait(20) == 128 + signal.SIGHUP
        return
    number = getattr(signal, f"SIG{how}")
    process.send_signal(number)
    assert process.wait(20) == 128 + number
    os.set_blocking(ours, False)
    with suppress(OSError):
        while more := os.read(ours, 100_000):
            text += more
    os.close(ours)
    assert text.rfind(b"\x1b[?25h") > text.rfind(b"\x1b[?25l")
    assert b"Traceback" not in text
