"""How many items a second go through the pure core, and does an item cost more where there are many?

Submit → lease → report in one process (`core_loop.py`), from 1,000 to 1,000,000 items over 100 domains. Beside it
two peers that do less: a bare heap (`peers/bare_queue.py`), and Scrapy's scheduler (`peers/scrapy_queue.py`). CPU
seconds, in turns. Two harder runs stand apart: a thousand domains at 1/s, where every item of a lease is another
domain's, and a batch in which each item fails once, so that all of them wait at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import plot
from benchmarks.core_loop import CoreLoop, Spent
from benchmarks.figures import Answer, Figure
from benchmarks.peers import bare_queue

QUESTION = "Items through the pure core"
N_DOMAINS = 100
PARTS = ("submit", "lease", "report")
LEAST_PER_S = 50_000.0
PICTURE = plot.IMAGES / "core-cost.svg"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    items: tuple[int, ...]
    rounds: int
    n_hard: int
    """Items of the two harder runs."""
    n_scrapy: int
    """Scrapy's cost per request does not depend on their number."""


FULL = Size((1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000), 3, 100_000, 50_000)
QUICK = Size((1_000, 10_000, 100_000), 2, 30_000, 10_000)


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure; the plot of a quick run goes into ``folder``, the other into docs/img."""
    size = QUICK if quick else FULL
    runs = [_round(size, number) for number in range(size.rounds)]
    told = Answer(QUESTION, _figures(size, runs), runs=runs)
    told.notes += [_in_words(n, runs) for n in (size.items[0], size.items[-1])]
    told.notes.append(
        "The bare heap knows no domains, rates, retries, leases or batches; Scrapy's scheduler knows domains."
    )
    if quick:
        _draw(folder / PICTURE.name, size, runs)
    else:
        _draw(PICTURE, size, runs)
        told.notes.append(
            f"By part, from {size.items[0]:,} items to {size.items[-1]:,}: ![µs of CPU an item](img/{PICTURE.name})"
        )
    return told


def _round(size: Size, number: int) -> dict[str, Any]:
    """Let all take turns."""
    from benchmarks.peers import scrapy_queue  # noqa: PLC0415 - Scrapy is not for the other questions' process

    run: dict[str, Any] = {"round": number, "core": {}, "bare_us": {}}
    for n in size.items:
        repeat = max(1, 20_000 // n)  # a small run is over in no time: the median of some
        run["core"][n] = _median_of(repeat, lambda n=n: CoreLoop(n, N_DOMAINS).run())
        run["bare_us"][n] = 1e6 * median(bare_queue.run(n, N_DOMAINS) for _ in range(repeat)) / n
    run["scrapy_us"] = 1e6 * scrapy_queue.run(size.n_scrapy, N_DOMAINS) / size.n_scrapy
    run["slow_domains"] = _us(CoreLoop(size.n_hard, 1_000, rate=1.0).run())
    run["all_fail_once"] = _us(CoreLoop(size.n_hard, N_DOMAINS, fails_once=True).run())
    largest = size.items[-1]
    print(
        f"  {number + 1}/{size.rounds}: {largest:,} items, {1e6 / sum(run['core'][largest].values()):,.0f}/s",
        flush=True,
    )
    return run


def _median_of(repeat: int, measure: Callable[[], Spent]) -> dict[str, float]:
    found = [_us(measure()) for _ in range(repeat)]
    return {part: median(us[part] for us in found) for part in PARTS}


def _us(spent: Spent) -> dict[str, float]:
    return {part: spent.us_per_item(part) for part in PARTS}


def _total(us: dict[str, float]) -> float:
    return sum(us.values())


def _figures(size: Size, runs: list[dict[str, Any]]) -> list[Figure]:
    few, many = size.items[0], size.items[-1]
    cost = [_total(run["core"][many]) for run in runs]
    grown = [_total(run["core"][many]) / _total(run["core"][few]) for run in runs]
    at_most = math.log(many) / math.log(few)
    return [
        Figure(f"{many:,} items: items a second", [1e6 / us for us in cost], "", least=LEAST_PER_S),
        Figure(f"cost of an item of {many:,} ÷ of {few:,} (log n: {at_most:.2g})", grown, " ×", most=at_most),
        *(
            Figure(f"{many:,} items: {part}, an item", [run["core"][many][part] for run in runs], " µs")
            for part in PARTS
        ),
        Figure(
            "tlray's core ÷ a bare heap",
            [us / run["bare_us"][many] for us, run in zip(cost, runs, strict=True)],
            " ×",
        ),
        Figure(
            "Scrapy's scheduler ÷ tlray's core",
            [run["scrapy_us"] / us for us, run in zip(cost, runs, strict=True)],
            " ×",
        ),
        Figure("a bare heap, an item", [run["bare_us"][many] for run in runs], " µs"),
        Figure("Scrapy's scheduler, a request", [run["scrapy_us"] for run in runs], " µs"),
        Figure(
            "1,000 domains at 1/s: items a second", [1e6 / _total(run["slow_domains"]) for run in runs], ""
        ),
        Figure(
            "each item fails once: items a second", [1e6 / _total(run["all_fail_once"]) for run in runs], ""
        ),
    ]


def _in_words(n: int, runs: list[dict[str, Any]]) -> str:
    told = ", ".join(f"{part} {median(run['core'][n][part] for run in runs):.3g}" for part in PARTS)
    return f"{n:,} items, an item: {told} µs."


def _draw(path: Path, size: Size, runs: list[dict[str, Any]]) -> None:
    def over_sizes(of: Callable[[dict[str, Any], int], float]) -> plot.Line:
        return size.items, [median(of(run, n) for run in runs) for n in size.items]

    plotted = {"submit + lease + report": over_sizes(lambda run, n: _total(run["core"][n]))}
    plotted |= {part: over_sizes(lambda run, n, part=part: run["core"][n][part]) for part in PARTS}
    plotted["a bare heap"] = over_sizes(lambda run, n: run["bare_us"][n])
    plot.lines(
        path,
        plotted,
        x="items of a batch",
        y="µs of CPU an item",
        title="What an item costs in the pure core",
    )
