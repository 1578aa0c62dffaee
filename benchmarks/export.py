"""How fast are sets written as files, and does the memory grow with their number?

A home with one finished batch. The small batch is read and written in this process, as a service does it; the large ones by
``tlray export`` in a process of its own. Its start is part of the time, and its memory (PSS) is looked at five times a second.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.catalogue import BATCH, fill
from benchmarks.figures import Answer, Figure
from benchmarks.process_tree import ProcessTree
from benchmarks.weighed import ROOT, environment
from tlray.export.formats import get, names
from tlray.io.disk.home import Home
from tlray.io.export.files import write
from tlray.io.results.open_store import open_store
from tlray.io.results.reader import iter_tracklists, manifest_of

QUESTION = "Exports"
USUAL = ("json", "csv", "cue")
N_ROWS = 20


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    few, many, most = 100, 1_000 if quick else 10_000, 5_000 if quick else 100_000
    told = Answer(QUESTION, [])
    small, large, largest = (_home(folder / str(n), n) for n in (few, many, most))
    _exported(small)  # imports
    times = [_exported(small) for _ in range(3 if quick else 7)]
    told.figures.append(Figure(f"{few} sets to json, csv and cue, in one process", times, " s", most=0.5))
    costs = {name: _command(large, name) for name in names()}
    usual = [costs[name] for name in USUAL]
    told.figures += [
        Figure(f"{many:,} sets to json, csv and cue", [sum(wall_s for wall_s, _ in usual)], " s", most=20.0),
        Figure(
            f"{many:,} sets to json, csv and cue: peak",
            [max(peak_mb for _, peak_mb in usual)],
            " MB",
            most=300.0,
        ),
    ]
    for name, (wall_s, peak_mb) in costs.items():
        told.figures += [
            Figure(f"{many:,} sets to {name}", [wall_s], " s"),
            Figure(f"{many:,} sets to {name}: peak", [peak_mb], " MB"),
        ]
    wall_s, peak_mb = _command(largest, "jsonl")
    told.figures += [
        Figure(f"{most:,} sets to jsonl", [wall_s], " s"),
        Figure(f"{most:,} sets to jsonl: peak", [peak_mb], " MB"),
        Figure(
            f"jsonl: memory of {most:,} sets over {many:,}", [peak_mb - costs["jsonl"][1]], " MB", most=30.0
        ),
    ]
    told.notes.append(
        f"Sets of {N_ROWS} rows. Files go to a folder where the format has a file a set, else to one file."
    )
    return told


def _home(folder: Path, n: int) -> Home:
    home = Home(folder).create()
    fill(home, n, n_rows=N_ROWS)
    return home


def _exported(home: Home) -> float:
    """Read the batch and write each of the usual formats; return the seconds."""
    with TemporaryDirectory(dir=home.path) as out:
        begun = time.perf_counter()
        for name in USUAL:
            sets = iter_tracklists(open_store(home), BATCH, manifest_of(home, BATCH))
            write(sets, get(name), Path(out) / name)
        return time.perf_counter() - begun


def _command(home: Home, name: str) -> tuple[float, float]:
    """Export by the command; return the seconds and the largest resident memory, in MB."""
    with TemporaryDirectory(dir=home.path) as out:
        place = Path(out) / ("folder" if get(name).per_set else f"one{get(name).suffix}")
        return costs_of(home, "export", BATCH, "--format", name, "--out", str(place))


def costs_of(home: Home, *arguments: str) -> tuple[float, float]:
    """Run a command on a home; return the seconds and the largest resident memory, in MB."""
    command = [sys.executable, "-m", "tlray", *arguments, "--home", str(home.path)]
    process = subprocess.Popen(command, env=environment(home.path), cwd=ROOT, stderr=subprocess.DEVNULL)
    with ProcessTree(process.pid).watched(memory=True) as cost:
        process.wait()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return cost.wall_s, cost.peak_mb
