"""How long do tables and exports of a batch take, and does their memory grow with the number of sets?

The sets are made up, as for `catalogue.py`. A hundred sets are timed in one process that has loaded its modules, larger
numbers in processes of their own, whose peak is what the kernel says last (VmHWM).
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import redirect_stderr, suppress
from io import StringIO
from pathlib import Path

from benchmarks.catalogue import BATCH, fill
from benchmarks.figures import Answer, Figure
from tlray.cli import run
from tlray.io.disk.home import Home

QUESTION = "Tables of sums and exports"
FORMATS = ("json", "csv", "cue")


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    told = Answer(QUESTION, [])
    n_middle, n_large, rounds = (500, 2_000, 1) if quick else (10_000, 100_000, 3)
    few = _home(folder / "few", 100, n_rows=25)
    _all_of(few, folder / "warm")
    times = [_all_of(few, folder / f"few-{n}") for n in range(2 * rounds)]
    told.figures.append(Figure("100 sets: aggregate, json, csv and cue", times, " s", most=0.5))

    middle = _home(folder / "middle", n_middle, n_rows=40)
    found = [
        [_measured(_command(kind, middle, folder / f"{kind}-{n}")) for kind in ("aggregate", *FORMATS)]
        for n in range(rounds)
    ]
    seconds, peaks = [sum(s for s, _ in one) for one in found], [max(mb for _, mb in one) for one in found]
    told.figures += [
        Figure(f"{n_middle:,} sets of 40 rows: the same, in four processes", seconds, " s", most=20),
        Figure(f"{n_middle:,} sets of 40 rows: the largest of them", peaks, " MB", most=300),
    ]
    small, large = (
        _home(folder / "small", n_large // 10, n_rows=10),
        _home(folder / "large", n_large, n_rows=10),
    )
    for kind in ("jsonl", "aggregate"):
        some = _measured(_command(kind, small, folder / f"small-{kind}"))
        all_of = _measured(_command(kind, large, folder / f"large-{kind}"))
        told.figures += [
            Figure(f"{n_large:,} sets of 10 rows: {kind}", [all_of[0]], " s"),
            Figure(f"{n_large:,} sets of 10 rows: {kind}", [all_of[1]], " MB"),
            Figure(
                f"{kind}: memory of {n_large:,} sets ÷ {n_large // 10:,}",
                [all_of[1] / some[1]],
                " ×",
                most=1.3,
            ),
        ]
    told.notes.append("`aggregate` makes its four usual tables, as Parquet and CSV. Processes begin cold.")
    return told


def _home(path: Path, n: int, *, n_rows: int) -> Home:
    home = Home(path).create()
    fill(home, n, n_rows=n_rows)
    return home


def _command(kind: str, home: Home, out: Path) -> list[str]:
    what = ["aggregate"] if kind == "aggregate" else ["export", "--format", kind]
    suffix = "" if kind in ("aggregate", "cue") else f".{kind}"
    return [*what, BATCH, "--out", f"{out}{suffix}", "--home", str(home.path)]


def _all_of(home: Home, out: Path) -> float:
    """Return the seconds of tables and exports in this process."""
    begun = time.perf_counter()
    for kind in ("aggregate", *FORMATS):
        with redirect_stderr(StringIO()) as said:
            if run(_command(kind, home, out / kind)):
                raise RuntimeError(said.getvalue())
    return time.perf_counter() - begun


def _measured(arguments: list[str]) -> tuple[float, float]:
    """Run a command; return its seconds and its peak in megabytes."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "tlray", *arguments], stderr=subprocess.DEVNULL)
    peak_kb = 0
    while process.poll() is None:
        with suppress(OSError, IndexError):  # it ends just now
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            peak_kb = int(status.split("VmHWM:")[1].split()[0])
        time.sleep(0.01)
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}")
    return time.perf_counter() - begun, peak_kb / 1024
