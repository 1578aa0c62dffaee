"""Demo sites in processes of their own, for the tests that run on a real Ray."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Site:
    """A running demo."""

    bases: list[str]
    process: subprocess.Popen[str]

    def urls(self) -> list[str]:
        return self._get("/urls.txt").decode().split()

    def truth(self, source_id: str) -> dict[str, Any]:
        return dict(json.loads(self._get(f"/truth/{source_id}.json")))

    def arrivals(self) -> list[dict[str, Any]]:
        """Every request that came, robots.txt included."""
        return list(json.loads(self._get("/arrivals.json")))

    def page_arrivals(self) -> list[dict[str, Any]]:
        return [arrival for arrival in self.arrivals() if "/tracklist/" in arrival["path"]]

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.bases[0] + path, timeout=30) as answer:  # noqa: S310 - our own, on loopback
            return bytes(answer.read())


StartSite = Callable[..., Site]


@contextmanager
def demo_sites() -> Iterator[StartSite]:
    """Start demos: ``start("--sets=40", "--faults=0.1")``; they end with the context."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> Site:
        process = subprocess.Popen(
            [sys.executable, "-m", "tlray.demo", "--until-stdin-closes", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        return Site(json.loads(process.stdout.readline())["bases"], process)

    yield start
    for process in started:
        process.communicate(timeout=20)
