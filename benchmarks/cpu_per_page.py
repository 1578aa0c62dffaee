"""What does a page cost in CPU, all processes counted, next to the bare loop and to Scrapy?

A page of nginx on loopback, gzip on the wire, no ceiling of rate, archive and journal on; every request
another URL. tlray is asked on a Ray that is warm: from the submission to the end of the batch,
compaction included. The peers are counted from their first request on, without start-up. The cold start
of tlray is a figure of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import nginx, pages
from benchmarks.figures import Answer, Figure, in_words, medians
from benchmarks.weighed import Tlray, run_peer, tlray_in, write_list

QUESTION = "CPU per page"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    n_urls: int
    n_scrapy: int
    """Scrapy is slow, and its cost per page does not depend on their number."""
    n_warm: int = 300


FULL, QUICK = Size(4, 3_000, 800), Size(2, 600, 200)


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    size = QUICK if quick else FULL
    told = Answer(QUESTION, [])
    with nginx.serve(folder / "site", pages.kinds()) as sites, tlray_in(folder / "tlray") as tlray:
        first_kind = next(iter(sites.values()))
        told.figures += _cold_start(tlray, folder, first_kind.urls(size.n_warm, first=90_000_000))
        runs = _rounds(tlray, folder, sites, size)
    told.runs = runs
    for kind in sites:
        of_kind = [run for run in runs if run["kind"] == kind]
        told.figures += _figures(kind, of_kind)
        by_process = medians([run["tlray_ms_by_process"] for run in of_kind])
        told.notes.append(
            f"tlray, {kind} pages, CPU per page by process: {in_words(by_process, 'ms', 0.01)}."
        )
    if "real" not in sites:
        told.notes.append("The real pages are not here (`../shared/pages`): demo pages only.")
    return told


def _cold_start(tlray: Tlray, folder: Path, urls: list[str]) -> list[Figure]:
    """Return what it takes from nothing to the end of a first small batch."""
    with tlray.tree.watched() as opening:
        tlray.tell("open", home=str(folder / "tlray" / "home"))
    with tlray.tree.watched() as first:
        tlray.tell("scrape", path=str(write_list(folder / "first.txt", urls)))
    return [
        Figure("cold start: imports, Ray and coordinator, wall", [opening.wall_s], " s"),
        Figure("cold start: imports, Ray and coordinator, CPU", [opening.cpu_s], " s"),
        Figure(f"first batch ({len(urls)} pages) on the cold workers, wall", [first.wall_s], " s"),
        Figure(f"first batch ({len(urls)} pages) on the cold workers, CPU", [first.cpu_s], " s"),
    ]


def _rounds(tlray: Tlray, folder: Path, sites: dict[str, nginx.Site], size: Size) -> list[dict[str, Any]]:
    """Let all take turns; another order in every other round."""
    runs = []
    for number in range(size.rounds):
        for kind, site in sites.items():
            urls = site.urls(size.n_urls, first=number * size.n_urls)
            full, part = (
                write_list(folder / "urls.txt", urls),
                write_list(folder / "part.txt", urls[: size.n_scrapy]),
            )
            run: dict[str, Any] = {
                "round": number,
                "kind": kind,
                "n_urls": size.n_urls,
                "n_scrapy": size.n_scrapy,
            }
            turns = [
                lambda run=run, full=full: _bare(run, full, folder),
                lambda run=run, full=full: _tlray(run, full, tlray),
                lambda run=run, part=part: _scrapy(run, part, folder),
            ]
            for turn in turns if number % 2 == 0 else reversed(turns):
                turn()
            if run["tlray_tracks"] != run["bare_tracks"]:
                raise SystemExit(f"tlray read {run['tlray_tracks']} rows, the bare loop {run['bare_tracks']}")
            runs.append(run)
            print(f"  {kind} {number + 1}/{size.rounds}: {_in_words(run)}", flush=True)
    return runs


def _in_words(run: dict[str, Any]) -> str:
    told = (
        f"{who} {run[f'{who}_ms']:.2f} ms, {run[f'{who}_pages_per_s']:.0f} pages/s"
        for who in ("bare", "tlray", "scrapy")
    )
    return "; ".join(told)


def _bare(run: dict[str, Any], urls: Path, folder: Path) -> None:
    told, _ = run_peer("bare_loop", urls, folder / "bare.jsonl")
    run.update(
        bare_ms=told["cpu_s"] / told["pages"] * 1e3,
        bare_pages_per_s=told["pages"] / told["wall_s"],
        bare_tracks=told["tracks"],
    )


def _scrapy(run: dict[str, Any], urls: Path, folder: Path) -> None:
    told, _ = run_peer("scrapy_spider", urls, folder / "scrapy.jsonl")
    run.update(
        scrapy_ms=told["cpu_s"] / told["pages"] * 1e3, scrapy_pages_per_s=told["pages"] / told["wall_s"]
    )


def _tlray(run: dict[str, Any], urls: Path, tlray: Tlray) -> None:
    with tlray.tree.watched() as cost:
        told = tlray.tell("scrape", path=str(urls))
    n = told["counts"]["succeeded"]
    if n != run["n_urls"]:
        raise SystemExit(f"tlray got {told['counts']} of {run['n_urls']} pages")
    run.update(
        tlray_ms=cost.cpu_s / n * 1e3, tlray_pages_per_s=n / cost.wall_s, tlray_tracks=told["tracks"],
        tlray_ms_by_process={kind: cpu_s / n * 1e3 for kind, cpu_s in cost.cpu_by_kind.items()},
    )  # fmt: skip


def _figures(kind: str, runs: list[dict[str, Any]]) -> list[Figure]:
    return [
        Figure(
            f"{kind} pages: tlray ÷ bare loop",
            [run["tlray_ms"] / run["bare_ms"] for run in runs],
            " ×",
            most=1.5,
        ),
        Figure(
            f"{kind} pages: Scrapy ÷ tlray",
            [run["scrapy_ms"] / run["tlray_ms"] for run in runs],
            " ×",
            least=3.0,
        ),
        *(
            Figure(f"{kind} pages: {name}", [run[f"{who}_ms"] for run in runs], " ms")
            for who, name in (
                ("bare", "bare loop"),
                ("tlray", "tlray, all processes"),
                ("scrapy", "Scrapy with parsel"),
            )
        ),
        Figure(
            f"{kind} pages: tlray, pages a second of wall time",
            [run["tlray_pages_per_s"] for run in runs],
            "",
        ),
        Figure(
            f"{kind} pages: bare loop, pages a second of wall time",
            [run["bare_pages_per_s"] for run in runs],
            "",
        ),
    ]
