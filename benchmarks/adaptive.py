"""Is a site's hidden capacity found and held? ``--rate HOST=auto`` next to Scrapy's AutoThrottle, over real sockets.

Sites on loopback (`weak_site.py`) that bear 3, 8, 20 and 40 pages a second: past that a queue grows, and beyond
a second of queue they answer 503. Nobody is told the capacity. The programs take turns, each at all sites at once:
tlray as one batch, Scrapy as a process a site, with a target of 1 request in flight (its default), 2 (the example of its
documentation) and 8 (all that its limit per domain lets through). From a site's first page on, the first minute is
for finding the rate, the second is measured: what was asked of the capacity. Errors are counted over both.
"""

from __future__ import annotations

import bisect
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from benchmarks import pages, plot
from benchmarks.figures import Answer, Figure
from benchmarks.weighed import ROOT, tlray_in, write_list

QUESTION = "A rate that finds its level"
OFF, ERRORS = 15.0, 1.0
"""Percent: the goals. The rate is so near to the capacity, and at most so many answers are no page."""
NEAR, NEAR_S = 0.85, 5.0
"""So much of the capacity, over so many seconds, is called reached."""
SLICE_S = 5.0
PICTURE = plot.IMAGES / "adaptive-rate.svg"
PROGRAMS = {"tlray, auto": 0.0, "Scrapy, target 1": 1.0, "Scrapy, target 2": 2.0, "Scrapy, target 8": 8.0}
"""Name → AutoThrottle's target; 0: tlray."""


@dataclass(frozen=True, slots=True)
class Size:
    """How long is measured, and where."""

    capacities: tuple[float, ...]
    settle_s: float
    measure_s: float


FULL, QUICK = Size((3.0, 8.0, 20.0, 40.0), 60.0, 60.0), Size((8.0, 20.0), 30.0, 15.0)


@dataclass(slots=True)
class Sites:
    """The sites of one run, in a process of their own."""

    ports: dict[float, int]
    arrivals: dict[float, list[tuple[float, bool]]] = field(default_factory=dict)
    """Capacity → (monotonic moment, whether it was answered by a page); known at the end."""

    def urls(self, capacity: float, n: int) -> list[str]:
        """Return ``n`` URLs of one site."""
        host = f"127.0.0.1:{self.ports[capacity]}"
        return [f"http://{host}/tracklist/{i:08d}/a-set-2026-01-01.html" for i in range(n)]


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure; the plot of a quick run goes into ``folder``, the other into docs/img."""
    size = QUICK if quick else FULL
    kept = folder / "pages"
    kept.mkdir()
    for number, page in enumerate(pages.demo_pages(20)):
        (kept / f"{number}.gz").write_bytes(page)
    told = Answer(QUESTION, [])
    asked: dict[str, dict[float, list[tuple[float, bool]]]] = {}
    for name, target in PROGRAMS.items():
        here = folder / name.replace(" ", "-").replace(",", "")
        here.mkdir()
        with _serving(kept, size) as sites:
            (_scrapy(here, sites, size, target) if target else _tlray(here, sites, size))
        asked[name] = {at: _from_first(came, size) for at, came in sites.arrivals.items()}
        told.runs += [{"program": name, **_run(at, came, size)} for at, came in asked[name].items()]
        of_it = told.runs[-len(size.capacities) :]
        told.figures += _figures(name, of_it)
        told.notes.append(f"{name}: {_in_words(of_it)}.")
        print(f"  {told.notes[-1]}", flush=True)
    _draw(folder / PICTURE.name if quick else PICTURE, asked, size)
    if not quick:
        told.notes.append(
            f"Pages asked of the site of {_middle(size):g}/s: ![fetches a second over time](img/{PICTURE.name})"
        )
    return told


@contextlib.contextmanager
def _serving(kept: Path, size: Size) -> Iterator[Sites]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.weak_site", str(kept), *(f"{c:g}" for c in size.capacities)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
    )  # fmt: skip
    stdout = cast("IO[str]", process.stdout)
    sites = Sites({float(capacity): port for capacity, port in json.loads(stdout.readline()).items()})
    try:
        yield sites
    finally:
        told, _ = process.communicate(timeout=60)
    sites.arrivals = {
        float(c): [(at, is_page) for at, is_page in came] for c, came in json.loads(told).items()
    }


def _tlray(here: Path, sites: Sites, size: Size) -> None:
    urls = [url for capacity in size.capacities for url in sites.urls(capacity, _n_urls(capacity, size))]
    rates = {f"127.0.0.1:{port}": "auto" for port in sites.ports.values()}
    with tlray_in(here) as tlray:
        tlray.tell("open", home=str(here / "home"))
        submitted = tlray.tell("submit", path=str(write_list(here / "urls.txt", urls)), rates=rates)
        time.sleep(size.settle_s + size.measure_s + 10)  # a task begins, and reads robots.txt
        tlray.tell("cancel", batch_id=submitted["batch_id"])


def _scrapy(here: Path, sites: Sites, size: Size, target: float) -> None:
    running = []
    for capacity in size.capacities:
        urls = write_list(here / f"{capacity:g}.txt", sites.urls(capacity, _n_urls(capacity, size)))
        seconds = size.settle_s + size.measure_s + 10
        command = [
            sys.executable,
            "-m",
            "benchmarks.peers.scrapy_throttled",
            str(urls),
            f"{seconds:g}",
            f"{target:g}",
        ]
        running.append(subprocess.Popen(command, cwd=ROOT))
    for process in running:
        if process.wait(timeout=600):
            raise SystemExit("Scrapy failed")


def _n_urls(capacity: float, size: Size) -> int:
    """Return more URLs than the capacity lets through."""
    return int(2 * capacity * (size.settle_s + size.measure_s + 30))


def _from_first(came: list[tuple[float, bool]], size: Size) -> list[tuple[float, bool]]:
    """Return what is measured, with its moments from the first page on."""
    first = came[0][0] if came else 0.0
    return [(at - first, is_page) for at, is_page in came if at - first < size.settle_s + size.measure_s]


def _run(capacity: float, came: list[tuple[float, bool]], size: Size) -> dict[str, Any]:
    moments = [at for at, _ in came]
    n_late = len(moments) - bisect.bisect_left(moments, size.settle_s)
    reached = next((at for at in moments if _seen(moments, at) >= NEAR * capacity), None)
    return {
        "capacity": capacity, "n": len(came), "held_pct": 100 * n_late / size.measure_s / capacity,
        "errors_pct": 100 * sum(not is_page for _, is_page in came) / max(1, len(came)), "reached_s": reached,
        "per_slice": [n / SLICE_S for n in _slices(moments, size)],
    }  # fmt: skip


def _seen(moments: list[float], until: float) -> float:
    """Return the fetches a second over the last seconds."""
    n = bisect.bisect_right(moments, until) - bisect.bisect_right(moments, until - NEAR_S)
    return n / NEAR_S if until >= NEAR_S else 0.0


def _slices(moments: list[float], size: Size) -> list[int]:
    n = round((size.settle_s + size.measure_s) / SLICE_S)
    return [
        bisect.bisect_left(moments, (i + 1) * SLICE_S) - bisect.bisect_left(moments, i * SLICE_S)
        for i in range(n)
    ]


def _in_words(runs: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"at {run['capacity']:g}/s asked {run['held_pct']:.0f} % of it, {run['errors_pct']:.2g} % errors, "
        + ("never near" if run["reached_s"] is None else f"near after {run['reached_s']:.0f} s")
        for run in runs
    )


def _figures(name: str, runs: list[dict[str, Any]]) -> list[Figure]:
    is_ours = not PROGRAMS[name]
    figures = [
        Figure(
            f"{name}: off {run['capacity']:g}/s by",
            [abs(run["held_pct"] - 100)],
            " %",
            most=OFF if is_ours else None,
        )
        for run in runs
    ]
    worst = max(run["errors_pct"] for run in runs)
    figures.append(
        Figure(f"{name}: errors, at the worst site", [worst], " %", most=ERRORS if is_ours else None)
    )
    return figures


def _middle(size: Size) -> float:
    return size.capacities[len(size.capacities) // 2]


def _draw(path: Path, asked: dict[str, dict[float, list[tuple[float, bool]]]], size: Size) -> None:
    capacity = _middle(size)
    n = round((size.settle_s + size.measure_s) / SLICE_S)
    xs = [(i + 0.5) * SLICE_S for i in range(n)]
    plotted = {
        name: (xs, [k / SLICE_S for k in _slices([at for at, _ in of[capacity]], size)])
        for name, of in asked.items()
    }
    plotted["capacity"] = (xs, [capacity] * n)
    plot.lines(
        path, plotted, x="seconds since the first page", y="fetches a second", is_log=False,
        title=f"A site that bears {capacity:g} pages a second",
    )  # fmt: skip
