"""The demo site that everybody is sent to, in a process of its own, and what should come of each of its pages."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tlray.demo.faults import parse_faults
from tlray.demo.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
TRANSIENT = "500=0.02,reset=0.02,truncated=0.02,close=0.01,gzip-cut=0.01,429@1=0.01,503-retry-after@1=0.01"
"""A tenth of the pages fail at the first request …"""
PERMANENT = "404=0.01"
"""… and a hundredth always."""
WINDOWS_S = (1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Site:
    """A running demo."""

    bases: list[str]
    n_sets: int
    faults: str

    @property
    def domains(self) -> list[str]:
        """Host and port of each site."""
        return [base.partition("://")[2] for base in self.bases]

    def urls(self) -> list[str]:
        """Return the list to be fetched."""
        return self._get("/urls.txt").decode().split()

    def good_urls(self) -> set[str]:
        """Return the URLs of which a row should come: all but those that never answer well."""
        faults, plan = parse_faults(self.faults), Plan(1, self.n_sets, len(self.bases))
        met = {i: faults.of(plan.set_id(i)) for i in range(self.n_sets)}
        return {
            self.bases[plan.site_of(i)] + plan.path(i)
            for i, fault in met.items()
            if fault is None or fault.times is not None
        }

    def arrivals(self) -> list[dict[str, Any]]:
        """Return every request that came, in its order, robots.txt included."""
        told: list[dict[str, Any]] = json.loads(self._get("/arrivals.json"))
        return sorted(told, key=lambda arrival: arrival["at_s"])

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.bases[0] + path, timeout=60) as answer:  # noqa: S310 - our own, on loopback
            return bytes(answer.read())


@contextmanager
def serve(n_sets: int, n_sites: int, faults: str = f"{TRANSIENT},{PERMANENT}") -> Iterator[Site]:
    """Serve so many sets, and stop afterwards."""
    command = [
        sys.executable,
        "-m",
        "tlray.demo",
        "--until-stdin-closes",
        f"--sites={n_sites}",
        f"--sets={n_sets}",
    ]
    # what it says of visitors that vanish in the middle of an answer is what this is about, and no news
    process = subprocess.Popen(
        [*command, f"--faults={faults}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    try:
        line = cast("Any", process.stdout).readline()
        yield Site(json.loads(line)["bases"], n_sets, faults)
    finally:
        process.communicate(timeout=20)


def pages_only(arrivals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the arrivals of tracklist pages."""
    return [arrival for arrival in arrivals if "/tracklist/" in arrival["path"]]


def most_above(arrivals: list[dict[str, Any]], rate: float, burst: float = 1.0) -> dict[float, float]:
    """Return, by length of window, by how many the fullest window of any site exceeds rate × t + burst (negative: room)."""
    by_site: dict[int, list[float]] = {}
    for arrival in arrivals:
        by_site.setdefault(arrival["site"], []).append(arrival["at_s"])
    return {
        window_s: max(_fullest(times, window_s) for times in by_site.values()) - rate * window_s - burst
        for window_s in WINDOWS_S
    }


def _fullest(times: list[float], window_s: float) -> int:
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= window_s:
            first += 1
        most = max(most, last - first + 1)
    return most
