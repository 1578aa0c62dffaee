"""Do more nodes bring more pages a second, where the sites' latency is the bound?

50 domains answer after two seconds. A scrape task has at most 256 requests in flight, each node runs one, and the domains allow
1,600: so a node fetches 128 pages a second at the most, and the machine's cores are no bound for some of them. The nodes are
raylets of this machine, with one CPU each. Pages a second are counted at the site's socket, between the first fifth of the
arrivals and the last.

A site that answers after 200 ms lets one task fetch ten times as many pages, which is more than a core reads: ``python -m
benchmarks.nodes --latency 0.2`` is for machines with four cores a node.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.figures import Answer, Figure
from benchmarks.recorded_run import Recorded, Setting, record

QUESTION = "Pages a second of several nodes"
N_DOMAINS, LATENCY_S, UNBOUND = 50, 2.0, 1_000.0
LEAST_OF_LINEAR = 90.0


def answer(folder: Path, *, quick: bool = False, latency_s: float = LATENCY_S) -> Answer:
    """Measure."""
    sizes = (1, 2) if quick else (1, 2, 4)
    seconds = 10 if quick else 25
    told = Answer(QUESTION, [])
    of_one = 0.0
    for n in sizes:
        per_domain = round(n * seconds * 256 / latency_s / N_DOMAINS)
        setting = Setting(
            n_domains=N_DOMAINS, n_items=per_domain, rate=UNBOUND, latency_s=latency_s, n_rows=2,
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


def main() -> None:
    """Measure at another latency."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nodes")
    parser.add_argument("--latency", type=float, default=LATENCY_S)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = answer(Path(folder), quick=options.quick, latency_s=options.latency)
    for figure in told.figures:
        print(f"{figure.name}: {figure.values[0]:.1f}{figure.unit}")
    print(*told.notes, sep="\n")


if __name__ == "__main__":
    main()
