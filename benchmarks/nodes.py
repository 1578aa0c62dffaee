"""Do more nodes bring more pages a second, where the sites are the bound and not the cores?

Each node brings 50 domains more, which answer after 200 ms and allow two pages a second each: 100 pages a second for a
node. The nodes are raylets of this machine, with one CPU and one scrape task each; pages have two rows, so that its cores
are no bound. Pages a second are counted at the site's socket, between the first fifth of the arrivals and the last.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures import Answer, Figure
from benchmarks.recorded_run import Recorded, Setting, record

QUESTION = "Pages a second of several nodes"
N_DOMAINS, RATE, LATENCY_S = 50, 2.0, 0.2
LEAST_OF_LINEAR = 90.0


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    told = Answer(QUESTION, [])
    of_one = 0.0
    for n in (1, 2) if quick else (1, 2, 4):
        setting = Setting(
            n_domains=n * N_DOMAINS, n_items=20 if quick else 60, rate=RATE, latency_s=LATENCY_S, n_rows=2,
            n_nodes=n, min_workers=n, is_cluster=True,
        )  # fmt: skip
        recorded = record(setting, folder / f"{n}")
        found = pages_per_s(recorded)
        of_one = of_one or found
        told.figures.append(Figure(f"{n} nodes: pages a second", [found], ""))
        if n > 1:
            share = 100 * found / (n * of_one)
            told.figures.append(Figure(f"{n} nodes: of {n} times one", [share], " %", least=LEAST_OF_LINEAR))
        used = f"on {recorded.n_nodes_used} nodes, at most {recorded.most_tasks} tasks"
        told.notes.append(f"{n} nodes: {used}; the machine {recorded.cpu_share:.0%} busy.")
        told.runs.append({"nodes": n, "pages_per_s": found, "cpu_share": recorded.cpu_share})
    return told


def pages_per_s(recorded: Recorded) -> float:
    """Return the pages a second of the middle of a run."""
    at = recorded.all_at
    middle = at[len(at) // 5 : -len(at) // 5]
    return (len(middle) - 1) / (middle[-1] - middle[0])
