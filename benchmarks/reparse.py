"""How fast does `tlray reparse` read an archive again?

Batches of saved pages, each of another set, on a Ray that is warm: first where nothing has changed, then where the titles of all
sets are those of an older parser, and last where there is nothing to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.figures import Answer, Figure, in_words, medians
from benchmarks.import_files import imported, save_pages
from benchmarks.weighed import Tlray, tlray_in

QUESTION = "Reading the archive again"


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    n_rounds, n_batches, n_pages = (1, 2, 200) if quick else (4, 4, 1_000)
    n = n_batches * n_pages
    told = Answer(QUESTION, [])
    with tlray_in(folder / "tlray") as tlray:
        home = folder / "tlray" / "home"
        tlray.tell("open", home=str(home))
        batches = [
            str(
                imported(tlray, save_pages(folder / f"pages-{seed}", n_pages, seed=200 + seed), n_pages)[
                    "batch_id"
                ]
            )
            for seed in range(n_batches)
        ]
        runs = []
        for number in range(n_rounds):
            same = _reparsed(tlray, home, batches, n, n_changed=0)
            for batch in batches:
                _age(home / "results" / batch / "tracklists", number)
            run = _reparsed(tlray, home, batches, n, n_changed=n)
            idle = _reparsed(tlray, home, batches, 0, n_changed=0)
            runs.append(
                {
                    "same_per_s": n / same["wall_s"], "same_ms": same["cpu_s"] / n * 1e3, "pages_per_s": n / run["wall_s"],
                    "ms": run["cpu_s"] / n * 1e3, "idle_s": idle["wall_s"],
                    "by_process": {kind: cpu_s / n * 1e3 for kind, cpu_s in run["by_process"].items()},
                }
            )  # fmt: skip
            print(f"  round {number + 1}/{n_rounds}: {runs[-1]}", flush=True)
    told.runs = list(runs)
    told.figures += [
        Figure("pages a second, every set changed", [run["pages_per_s"] for run in runs], "", least=400.0),
        Figure("page: CPU, all processes", [run["ms"] for run in runs], " ms"),
        Figure("pages a second, no set changed", [run["same_per_s"] for run in runs], "", least=400.0),
        Figure("page: CPU, no set changed", [run["same_ms"] for run in runs], " ms"),
        Figure(f"`--changed-only`, nothing to do, {n:,} pages", [run["idle_s"] for run in runs], " s"),
    ]
    by_process = medians([run["by_process"] for run in runs])
    told.notes.append(f"CPU per changed page by process: {in_words(by_process, 'ms', 0.01)}.")
    return told


def _reparsed(
    tlray: Tlray, home: Path, batches: list[str], n_pages: int, *, n_changed: int
) -> dict[str, Any]:
    with tlray.tree.watched() as cost:
        done = tlray.tell("reparse", home=str(home), batch_ids=batches, changed_only=not n_pages)
    if (done["pages"], done["changed"]) != (n_pages, n_changed):
        raise SystemExit(f"tlray has read {done}, not {n_pages} pages with {n_changed} changed")
    return {"wall_s": cost.wall_s, "cpu_s": cost.cpu_s, "by_process": cost.cpu_by_kind}


def _age(folder: Path, number: int) -> None:
    """Give all sets another title, as an older parser may have read it."""
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        at = table.schema.get_field_index("title")
        titles = [f"Older {number} {title}" for title in table["title"].to_pylist()]
        pq.write_table(table.set_column(at, "title", pa.array(titles, table.schema.field(at).type)), path)
