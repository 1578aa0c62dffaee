"""The same treatment for everybody: a crawl that is killed with SIGKILL at given counts of fetched pages, and begun again.

Everybody gets the same site with the same faults, and is killed whole: the program and all that it has started. What counts
is what lies in its results at the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.chaos.site import ROOT, Site, pages_only, serve
from benchmarks.chaos.victims import kill_everything

KILLS_AT = (0.2, 0.4, 0.6, 0.8)
"""Of the pages, fetched for the first time."""
CONCURRENCY = 16
STUCK_S = 240.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A crawler: how it is started, for the first time and again, and where its rows are."""

    name: str
    command: Callable[[Path, Site, bool], list[str]]
    rows: Callable[[Path], tuple[list[str], int]]
    """The URLs of its rows, and how many rows cannot be read."""


@dataclass(slots=True)
class Treated:
    """What came of one crawl."""

    name: str
    n_items: int
    n_kills: int
    n_missing: int
    n_twice: int
    n_torn: int
    """Rows that cannot be read."""
    n_fetched_again: int
    wall_s: float
    ended: str
    """How it ended: "" in order."""


def treat(peer: Peer, folder: Path, n_items: int, kills_at: tuple[float, ...] = KILLS_AT) -> Treated:
    """Crawl a site of its own, killed at the given shares."""
    folder.mkdir(parents=True)
    with serve(n_items, 3) as site:
        (folder / "urls.txt").write_text("\n".join(site.urls()) + "\n", encoding="utf-8")
        begun, ended, n_kills = time.monotonic(), "", 0
        for share in (*kills_at, None):
            is_first = share == kills_at[0]
            process = _start(peer.command(folder, site, is_first), folder)
            ended = _until(share, process, site)
            n_kills += process.poll() is None
            kill_everything([process.pid])
            process.wait()
        wall_s = time.monotonic() - begun
        arrivals = pages_only(site.arrivals())
        good = site.good_urls()
    urls, n_torn = peer.rows(folder)
    rows = Counter(urls)
    n_faulty = sum(1 for arrival in arrivals if arrival["fault"])
    n_good_fetches = len(arrivals) - n_faulty
    n_reached = len({arrival["path"] for arrival in arrivals if not arrival["fault"]})
    return Treated(
        peer.name, n_items, n_kills, n_missing=len(good - set(rows)), n_twice=sum(1 for n in rows.values() if n > 1),
        n_torn=n_torn, n_fetched_again=n_good_fetches - n_reached, wall_s=wall_s, ended=ended,
    )  # fmt: skip


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("TLRAY_", "RAY_"))}
    env |= {
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "TLRAY_HOME": str(folder / "sets"),
        "TLRAY_FETCH_TIMEOUT_S": "10",
    }
    with (folder / "said.txt").open("ab") as said:
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=said, stderr=said)


def _until(share: float | None, process: subprocess.Popen[bytes], site: Site) -> str:
    """Wait until a share of the pages was asked for, or for the end; say what was not in order."""
    deadline = time.monotonic() + STUCK_S
    while process.poll() is None:
        if share is not None:
            n_asked = len({arrival["path"] for arrival in pages_only(site.arrivals())})
            if n_asked >= share * site.n_sets:
                return ""
        if time.monotonic() > deadline:
            return f"stuck for {STUCK_S:g} s"
        time.sleep(0.2)
    return "" if process.returncode in (0, 3) else f"exit {process.returncode}"


# -- who they are ------------------------------------------------------------------------------------


def _tlray(folder: Path, site: Site, is_first: bool) -> list[str]:
    if is_first:
        at_once = [f"--concurrency={domain}={CONCURRENCY}" for domain in site.domains]
        return [sys.executable, "-m", "tlray", "scrape", str(folder / "urls.txt"), *at_once]
    return [sys.executable, "-m", "tlray", "scrape", "--resume", _batch_of(folder)]


def _batch_of(folder: Path) -> str:
    return next((folder / "sets" / "results").iterdir()).name


def _tlray_rows(folder: Path) -> tuple[list[str], int]:
    return list(pd.read_parquet(folder / "sets" / "results" / _batch_of(folder) / "tracklists").url), 0


def _scrapy(folder: Path, site: Site, is_first: bool) -> list[str]:
    del site, is_first  # the same command again
    paths = [str(folder / name) for name in ("urls.txt", "out.jsonl", "job")]
    return [sys.executable, "-m", "benchmarks.peers.scrapy_jobdir", *paths]


def _scrapy_rows(folder: Path) -> tuple[list[str], int]:
    return _read((folder / "out.jsonl").read_text(encoding="utf-8", errors="replace").splitlines())


def _crawlee(folder: Path, site: Site, is_first: bool) -> list[str]:
    del site, is_first
    return [
        sys.executable,
        "-m",
        "benchmarks.peers.crawlee_crawl",
        str(folder / "urls.txt"),
        str(folder / "storage"),
    ]


def _crawlee_rows(folder: Path) -> tuple[list[str], int]:
    files = (folder / "storage" / "datasets" / "default").glob("[0-9]*.json")
    return _read([path.read_text(encoding="utf-8", errors="replace") for path in files])


def _read(texts: list[str]) -> tuple[list[str], int]:
    urls, n_torn = [], 0
    for text in texts:
        try:
            urls.append(str(json.loads(text)["url"]))
        except (ValueError, KeyError, TypeError):
            n_torn += 1
    return urls, n_torn


PEERS = (
    Peer("tlray", _tlray, _tlray_rows),
    Peer("Scrapy, JOBDIR", _scrapy, _scrapy_rows),
    Peer("Crawlee, storage kept", _crawlee, _crawlee_rows),
)
