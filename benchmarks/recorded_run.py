"""One batch of ``tlray scrape`` against the recording site: on one node or several, left alone or killed at.

The command runs as a user runs it, in a process of its own. The nodes of a cluster are processes of this machine,
so what is found about spreading and about one bucket for all holds, and speed does not grow with their number.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.weighed import ROOT, environment, write_list

VICTIMS = {"worker": "ray::scrape", "limiter": "ray::Limiter", "coordinator": "ray::Coordinator"}
"""What can be killed → how Ray names the process while it is that."""
LOOK_EVERY_S = 0.1
PATIENCE_S = 120.0
"""A run may take so long above three times what the rate asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is scraped, and where."""

    n_domains: int = 1
    n_items: int = 400
    """Of each domain."""
    rate: float = 5.0
    latency_s: float = 0.0
    n_rows: int | None = None
    """Of a page; None for a usual one."""
    n_nodes: int = 1
    is_cluster: bool = False
    """True if one node is a cluster, too; else tlray starts a Ray of its own there."""
    victims: tuple[str, ...] = ()
    """What is killed, one after the other, at even parts of the batch."""
    min_workers: int = 1


@dataclass(slots=True)
class Recorded:
    """What the site saw, and what the command said."""

    summary: dict[str, Any]
    by_domain: list[list[float]]
    """For each domain, when each request arrived; robots.txt included."""
    has_kernel_stamps: bool
    n_nodes_used: int = 1
    """Nodes whose workers ran scrape tasks."""
    most_tasks: int = 0
    killed_at: list[float] = field(default_factory=list)
    cpu_share: float = 0.0
    """How busy the machine was while the command ran, 0 to 1, all programs counted."""

    @property
    def all_at(self) -> list[float]:
        """Every arrival at any domain."""
        return sorted(at for domain in self.by_domain for at in domain)


class Site:
    """The recording site, in a process of its own."""

    def __init__(
        self, n_domains: int, latency_s: float, n_rows: int | None, address: str | None = None
    ) -> None:
        options = [
            f"--domains={n_domains}",
            f"--latency={latency_s}",
            *([f"--rows={n_rows}"] if n_rows else []),
            *([f"--address={address}"] if address else []),
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.recording_site", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
        )  # fmt: skip
        told = json.loads(_line(self._process))
        self.bases: list[str] = told["bases"]
        self.has_kernel_stamps: bool = told["kernel_stamps"]

    def urls(self, n_each: int, *, first: int = 0) -> list[str]:
        """Return ``n_each`` URLs of every domain, the domains in turn; each names a set of its own."""
        numbers = range(first * len(self.bases), (first + n_each) * len(self.bases))
        return [f"{self.bases[i % len(self.bases)]}/tracklist/{i:08d}/a-set-2026-01-01.html" for i in numbers]

    def arrivals(self) -> list[tuple[int, float, str]]:
        """Return every request that came: (domain's number, when, path)."""
        return [tuple(arrival) for arrival in self._told("arrivals")]

    def visitors(self) -> list[str]:
        """Return the address of the client of each of the `arrivals`."""
        return list(self._told("visitors"))

    def _told(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.bases[0]}/{what}.json", timeout=30) as answer:  # noqa: S310 - our own
            return json.loads(answer.read())

    def by_domain(self) -> list[list[float]]:
        """Return when requests came, for each domain."""
        found: list[list[float]] = [[] for _ in self.bases]
        for domain, at, _ in self.arrivals():
            found[domain].append(at)
        return found

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=20)


@contextlib.contextmanager
def recording_site(
    n_domains: int = 1, latency_s: float = 0.0, n_rows: int | None = None, address: str | None = None
) -> Iterator[Site]:
    """Start the site, and end it."""
    site = Site(n_domains, latency_s, n_rows, address)
    try:
        yield site
    finally:
        site.close()


@contextlib.contextmanager
def cluster(
    n_nodes: int, folder: Path, *, is_cluster: bool = False
) -> Iterator[tuple[dict[str, str], int | None]]:
    """Start a cluster and yield the environment that joins it, and its process; with one node, tlray starts its own."""
    env = environment(folder)
    if n_nodes == 1 and not is_cluster:
        yield env, None
        return
    env["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    nodes = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.three_nodes", f"--nodes={n_nodes}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, text=True, env=env,
    )  # fmt: skip
    try:
        told = json.loads(_line(nodes, mark=">"))
        yield {**env, "RAY_ADDRESS": told["address"]}, nodes.pid
    finally:
        nodes.communicate(timeout=60)


def record(setting: Setting, folder: Path) -> Recorded:
    """Scrape as the setting says, and return what the site saw."""
    folder.mkdir(parents=True)
    site_of_it = recording_site(setting.n_domains, setting.latency_s, setting.n_rows)
    with site_of_it as site, cluster(setting.n_nodes, folder, is_cluster=setting.is_cluster) as (env, pid):
        env["TLRAY_MIN_WORKERS"] = str(setting.min_workers)
        urls = write_list(folder / "list.txt", site.urls(setting.n_items))
        rates = [f"--rate={base.split('//')[1]}={setting.rate:g}/s" for base in site.bases]
        psutil.cpu_percent()  # from here on
        command = subprocess.Popen(
            [sys.executable, "-m", "tlray", "scrape", str(urls), f"--home={folder / 'home'}", "--json", *rates],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True, env=env,
        )  # fmt: skip
        recorded = Recorded({}, [], site.has_kernel_stamps)
        watch = _Watch(psutil.Process(pid or command.pid), setting, recorded)
        must_end_at = time.monotonic() + PATIENCE_S + 3 * setting.n_items / setting.rate
        while command.poll() is None:
            watch.look(site)
            time.sleep(LOOK_EVERY_S)
            if time.monotonic() > must_end_at:
                command.terminate()
        out, error = command.communicate()
        recorded.cpu_share = psutil.cpu_percent() / 100
        recorded.by_domain = site.by_domain()
        if command.returncode not in (0, 3):
            raise SystemExit(f"tlray scrape ended with {command.returncode}: {error[-500:]}")
        recorded.summary = json.loads(out.splitlines()[-1])
    return recorded


class _Watch:
    """Looks at the processes of a run, and kills among them when it is time."""

    def __init__(self, root: psutil.Process, setting: Setting, recorded: Recorded) -> None:
        self._root, self._setting, self._recorded = root, setting, recorded
        self._left = list(setting.victims)
        self._nodes: set[int] = set()
        self._looked_at = 0.0

    def look(self, site: Site) -> None:
        """Count tasks and nodes about once a second; kill who is next."""
        now = time.monotonic()
        if now - self._looked_at >= 1.0:
            self._looked_at = now
            tasks = processes(self._root, VICTIMS["worker"])
            self._recorded.most_tasks = max(self._recorded.most_tasks, len(tasks))
            with contextlib.suppress(psutil.NoSuchProcess):
                self._nodes |= {process.ppid() for process in tasks}  # a worker's parent is its node's raylet
            self._recorded.n_nodes_used = max(1, len(self._nodes))
            if self._left:
                self._kill_in_time(len(site.arrivals()))

    def _kill_in_time(self, n_arrived: int) -> None:
        victims = self._setting.victims
        n_all = self._setting.n_domains * self._setting.n_items
        if n_arrived < n_all * (len(victims) - len(self._left) + 1) / (len(victims) + 1):
            return
        if found := processes(self._root, VICTIMS[self._left[0]]):
            self._left.pop(0)
            self._recorded.killed_at.append(time.monotonic())
            for process in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)


def processes(root: psutil.Process, named: str) -> list[psutil.Process]:
    """Return the descendants of a process that do this; Ray renames its workers to what they do."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in root.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if any(named in word for word in process.cmdline()):
                    found.append(process)
    return found


def _line(process: subprocess.Popen[str], mark: str = "") -> str:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    for line in process.stdout:
        if line.startswith(mark):
            return line.removeprefix(mark)
    raise SystemExit(f"{process.args!r} ended with {process.wait()} before it was ready")
