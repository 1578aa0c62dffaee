"""Which process is it? Victims are found among the descendants of one's own processes, by the titles that Ray gives them."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable

import psutil

from benchmarks.chaos.plan import Victim

_TITLES = {Victim.LIMITER: "ray::Limiter", Victim.COORDINATOR: "ray::Coordinator"}
_SCRAPE = "ray::scrape"


def find(victim: Victim, roots: Iterable[int], rng: random.Random) -> list[psutil.Process]:
    """Return one victim of that kind below ``roots``, with all that dies with it; nothing while there is none."""
    if victim is Victim.GCS:
        return [process for process in below(roots) if process.name() == "gcs_server"]
    title = _TITLES.get(victim, _SCRAPE)
    found = [process for process in below(roots) if _is_titled(process, title)]
    if not found:
        return []
    one = rng.choice(sorted(found, key=lambda process: process.pid))
    if victim not in (Victim.RAYLET, Victim.NODE):
        return [one]
    # a node at work is one that has a scrape worker; the head, where the coordinator is, has no CPU for any
    try:
        raylet = one.parent()
        if raylet is None or "raylet" not in raylet.name():
            return []  # its raylet was killed before
        return [raylet, *(raylet.children(recursive=True) if victim is Victim.NODE else [])]
    except psutil.NoSuchProcess:
        return []


def below(roots: Iterable[int]) -> list[psutil.Process]:
    """Return every descendant of some processes."""
    found: list[psutil.Process] = []
    for pid in roots:
        try:
            found += psutil.Process(pid).children(recursive=True)
        except psutil.NoSuchProcess:
            continue
    return found


def kill_everything(roots: Iterable[int]) -> None:
    """Kill some processes and all that they have started."""
    tops = [psutil.Process(pid) for pid in roots if psutil.pid_exists(pid)]
    kill_at_once([*below(roots), *tops])


def kill_at_once(processes: Iterable[psutil.Process]) -> None:
    """Send SIGKILL to each that is there still."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _is_titled(process: psutil.Process, title: str) -> bool:
    try:
        return any(title in word for word in process.cmdline())
    except psutil.Error:
        return False
