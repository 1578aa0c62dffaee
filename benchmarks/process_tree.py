"""What do a process and all its descendants cost? CPU seconds and memory (PSS), by kind of process.

The CPU time of a process that ends between two looks is counted as of the last look.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tlray.cluster.driver.coordinator_actor import CoordinatorActor
from tlray.cluster.workers.limiter import Limiter

_TICK_S = 0.2
_TITLES = {
    CoordinatorActor.__name__: "coordinator", Limiter.__name__: "limiter", "DashboardAgent": "dashboard agents",
    "RuntimeEnvAgent": "dashboard agents", "ProxyActor": "proxy", "SERVE_PROXY_ACTOR": "proxy",
    "ServeReplica": "replica", "SERVE_REPLICA": "replica",
}  # fmt: skip
_PROGRAMS = (
    ("/raylet", "raylet"), ("gcs_server", "gcs"), ("log_monitor", "log monitor"),
    ("monitor.py", "autoscaler"),
    ("dashboard", "dashboard agents"), ("runtime_env", "dashboard agents"), ("default_worker.py", "worker"),
)  # fmt: skip


@dataclass(slots=True)
class Cost:
    """What a stretch of time cost."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    cpu_by_kind: dict[str, float] = field(default_factory=dict)
    peak_mb: float = 0.0
    peak_by_kind: dict[str, float] = field(default_factory=dict)


class ProcessTree:
    """A process and all that it starts."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._cpu: dict[tuple[int, float], float] = {}
        self._kinds: dict[tuple[int, float], str] = {}

    def look(self) -> float:
        """Take in the CPU times as they are now; return their sum over all processes ever seen."""
        for process in self._alive():
            key = (process.pid, process.create_time())
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                self._cpu[key] = times.user + times.system
                self._learn(key, process)
        return sum(self._cpu.values())

    def by_kind(self) -> dict[str, float]:
        """Return the CPU seconds by kind, as of the last look."""
        sums: dict[str, float] = defaultdict(float)
        for key, cpu_s in self._cpu.items():
            sums[self._kinds.get(key, "?")] += cpu_s
        return dict(sums)

    def pss_mb(self) -> dict[str, float]:
        """Return the memory by kind; shared pages are shared out among those who share them."""
        sums: dict[str, float] = defaultdict(float)
        for process in self._alive():
            with contextlib.suppress(psutil.Error, OSError):
                rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
                pss_kb = int(rollup.partition("\nPss:")[2].split(None, 1)[0])
                sums[self._learn((process.pid, process.create_time()), process)] += pss_kb / 1000 * 1.024
        return dict(sums)

    @contextlib.contextmanager
    def watched(self, *, memory: bool = False) -> Iterator[Cost]:
        """Measure what happens inside ``with``; the answer is filled in at its end."""
        cost, stop = Cost(), threading.Event()
        before = self.look()
        before_by_kind = self.by_kind()

        def watch() -> None:
            while not stop.wait(_TICK_S):
                self._tick(cost, memory=memory)

        watcher = threading.Thread(target=watch, daemon=True)
        begun = time.perf_counter()
        watcher.start()
        try:
            yield cost
        finally:
            cost.wall_s = time.perf_counter() - begun
            stop.set()
            watcher.join()
            cost.cpu_s = self.look() - before
            cost.cpu_by_kind = {
                kind: cpu_s - before_by_kind.get(kind, 0.0) for kind, cpu_s in self.by_kind().items()
            }

    def _tick(self, cost: Cost, *, memory: bool) -> None:
        self.look()
        if memory:
            pss = self.pss_mb()
            if (total := sum(pss.values())) > cost.peak_mb:
                cost.peak_mb, cost.peak_by_kind = total, pss

    def _alive(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            return [self._root, *self._root.children(recursive=True)]
        return []

    def _learn(self, key: tuple[int, float], process: psutil.Process) -> str:
        """Return what kind of process it is; a worker is known by what it last did."""
        known = self._kinds.get(key)
        if known is not None and not known.startswith("worker"):
            return known
        self._kinds[key] = kind = _kind(process.cmdline(), is_root=process.pid == self._root.pid)
        return kind


def _kind(line: list[str], *, is_root: bool) -> str:
    if is_root:
        return "driver"
    title = line[0] if line else ""
    if title.startswith("ray::"):
        name = re.split("[.: -]", title[5:], maxsplit=1)[0]
        return _TITLES.get(name, "worker")
    program = " ".join(line[:3])  # the raylet's arguments name all the others
    for mark, kind in _PROGRAMS:
        if mark in program:
            return kind
    return "other"
