"""``tlray serve`` in a process of its own, for whoever measures it."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.process_tree import ProcessTree
from benchmarks.weighed import ROOT, environment


@dataclass(frozen=True, slots=True)
class LiveService:
    """A service that answers."""

    url: str
    home: Path
    tree: ProcessTree
    """All of its processes."""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Make a call with a JSON body and return the JSON that it answers."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "X-Tlray": "1"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - our own, on loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")

    def submit(self, urls: list[str], *, per_s: float) -> str:
        """Submit a list that is fetched at so many pages a second in all, and return the batch's id."""
        domains = sorted({urlsplit(url).netloc for url in urls})
        rates = {domain: f"{per_s / len(domains):g}/s" for domain in domains}
        told = self.call("POST", "/api/v1/batch", {"urls": urls, "options": {"rates": rates, "fresh_for": 0}})
        return str(told["batch_id"])

    def memory_mb(self) -> float:
        """Return what the processes that clients have to do with have in memory (PSS): proxy, replicas, coordinator."""
        return sum(
            mb for kind, mb in self.tree.pss_mb().items() if kind in ("proxy", "replica", "coordinator")
        )


def service_in(folder: Path) -> AbstractContextManager[LiveService]:
    """Start a service with an empty home, and end it."""
    home, port = folder / "home", _free_port()
    command = ["-m", "tlray", "serve", f"--port={port}", f"--home={home}"]
    return _running(folder, command, port)


def bare_sockets_in(folder: Path) -> AbstractContextManager[LiveService]:
    """Start an app on Ray Serve that does nothing but keep sockets, and end it."""
    port = _free_port()
    return _running(folder, ["-m", "benchmarks.peers.bare_sockets", str(port)], port)


@contextlib.contextmanager
def _running(folder: Path, command: list[str], port: int) -> Iterator[LiveService]:
    folder.mkdir(parents=True, exist_ok=True)
    env = environment(folder) | {"TLRAY_ALLOW_PRIVATE_HOSTS": "127.0.0.0/8"}
    process = subprocess.Popen(
        [sys.executable, *command], stderr=subprocess.PIPE, env=env, cwd=ROOT, text=True
    )
    assert process.stderr is not None  # noqa: S101
    try:
        if not any("answers at" in line for line in process.stderr):
            raise SystemExit("the service did not start")
        yield LiveService(f"http://127.0.0.1:{port}", folder / "home", ProcessTree(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
