"""Demo sites in processes of their own, for the tests that run on a real Ray."""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Site:
    """A running demo."""

    bases: list[str]

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
    with ExitStack() as started:

        def start(*arguments: str) -> Site:
            ours, its = socket.socketpair()
            with its:
                text = json.dumps(["--until-stdin-closes", *arguments])
                socket.send_fds(_nursery(), [text.encode()], [its.fileno()])
            started.callback(_end, ours)
            with ours.makefile() as says:
                return Site(json.loads(says.readline())["bases"])

        yield start


@cache
def _nursery() -> socket.socket:
    """The way to the process that forks them, which has loaded the demo once for all tests."""
    ours, its = socket.socketpair()
    with its:
        program = str(Path(__file__).with_name("demo_nursery.py"))
        process = subprocess.Popen(
            [sys.executable, program, str(its.fileno())], pass_fds=[its.fileno()], cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    def end() -> None:
        ours.close()
        process.wait(timeout=20)

    atexit.register(end)
    return ours


def _end(site: socket.socket) -> None:
    """End a site by closing its stdin, and wait until it has ended."""
    with site:
        site.settimeout(20)
        site.shutdown(socket.SHUT_WR)
        while site.recv(4096):
            pass
