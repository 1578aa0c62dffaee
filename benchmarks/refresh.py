"""How many changes does a day's budget of fetches find? The planner of ``tlray refresh`` next to three simple orders.

Each visits the same generated world (`changing_world.py`), whose processes are known, for 60 days: every fiftieth set a day in
the table, more and fewer in the picture. What is counted is visits that showed a change; of the rows that changed, each is found
by whoever comes last, so orders differ less in them.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import plot
from benchmarks.changing_world import World, newest_first, oldest_first, planned, uniform
from benchmarks.figures import Answer, Figure

QUESTION = "Fetching again what has changed: changes found with the same budget"
ORDERS = {"uniform": uniform, "oldest first": oldest_first, "newest first": newest_first, "planned": planned}
PICTURE = plot.IMAGES / "refresh.svg"


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure; the plot of a quick run goes into ``folder``, the other into docs/img."""
    n_sets, days, seeds = (600, 20, (1,)) if quick else (2_000, 60, (1, 2))
    budgets = [n_sets // 50] if quick else [n_sets // 100, n_sets // 50, n_sets // 20]
    found = {
        (name, budget, seed): World(seed, n_sets=n_sets).run(choose, days=days, budget=budget)
        for name, choose in ORDERS.items()
        for budget in budgets
        for seed in seeds
    }
    told = Answer(QUESTION, [])
    middle = budgets[len(budgets) // 2]
    for name in ORDERS:
        told.figures.append(
            Figure(
                f"{name}: visits that showed a change", [float(found[name, middle, s][0]) for s in seeds], ""
            )
        )
        told.figures.append(
            Figure(f"{name}: rows found", [float(found[name, middle, s][1]) for s in seeds], "")
        )
    for name in ("uniform", "oldest first", "newest first"):
        ratios = [found["planned", middle, s][0] / found[name, middle, s][0] for s in seeds]
        goal = None if name == "newest first" else 1.5
        told.figures.append(Figure(f"planned ÷ {name}: such visits", ratios, " ×", least=goal))
    told.notes.append(
        f"{n_sets:,} sets at first, {middle} visits a day for {days} days; seeds {', '.join(map(str, seeds))}."
    )
    told.runs = [
        {"order": name, "budget": budget, "seed": seed, "visits": visits, "rows": rows}
        for (name, budget, seed), (visits, rows) in found.items()
    ]
    shares = [100 * budget / n_sets for budget in budgets]
    plot.lines(
        (folder if quick else PICTURE.parent) / PICTURE.name,
        {
            name: (shares, [sum(found[name, budget, s][0] for s in seeds) / len(seeds) / (budget * days) for budget in budgets])
            for name in ORDERS
        },
        x="visits a day, % of the sets", y="share of visits that show a change", title="What a visit finds", is_log=False,
    )  # fmt: skip
    return told
