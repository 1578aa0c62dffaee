"""How long do tables of sums take, and does their memory grow with the number of sets?

``tlray aggregate`` on a home with one finished batch of made-up sets, in a process of its own: its start is part of the time. A
hundred sets are summed in this process, too, as `tlray.aggregate` does it.
"""

from __future__ import annotations

import time
from pathlib import Path

import tlray
from benchmarks.catalogue import BATCH, fill
from benchmarks.export import costs_of
from benchmarks.figures import Answer, Figure
from tlray.io.disk.home import Home

QUESTION = "Tables of sums"
N_ROWS = 20
USUAL = ("dj", "label", "event", "month")


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    few, many, most = 100, 1_000 if quick else 10_000, 5_000 if quick else 100_000
    told = Answer(QUESTION, [])
    small = _home(folder, few)
    _in_process(small)  # imports
    times = [_in_process(small) for _ in range(3 if quick else 7)]
    told.figures.append(Figure(f"{few} sets by {', '.join(USUAL)}, in one process", times, " s", most=0.3))
    costs = {
        n: costs_of(_home(folder, n), "aggregate", BATCH, "--out", str(folder / f"out-{n}"))
        for n in (many, most)
    }
    for n, (wall_s, peak_mb) in costs.items():
        told.figures += [
            Figure(f"{n:,} sets", [wall_s], " s", most=10.0 if n == many else None),
            Figure(f"{n:,} sets: peak", [peak_mb], " MB", most=300.0),
        ]
    grown = costs[most][1] - costs[many][1]
    told.figures.append(Figure(f"memory of {most:,} sets over {many:,}", [grown], " MB", most=50.0))
    told.notes.append(f"Sets of {N_ROWS} rows; a table each by {', '.join(USUAL)}, as Parquet and as CSV.")
    return told


def _home(folder: Path, n: int) -> Home:
    home = Home(folder / str(n)).create()
    fill(home, n, n_rows=N_ROWS)
    return home


def _in_process(home: Home) -> float:
    begun = time.perf_counter()
    for by in USUAL:
        tlray.aggregate(by, BATCH, home=home.path)
    return time.perf_counter() - begun
