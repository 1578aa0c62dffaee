"""Progress on stderr: a bar on a terminal, a line every five seconds elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from tlray.cli.stdio import keep_plain, terminal
from tlray.core.model.printable import plain
from tlray.core.model.progress import BatchStatus, LostNodeRecord
from tlray.io.disk.local_time import YEAR_S, rest_text

if TYPE_CHECKING:
    from tlray.cluster.driver.job_metadata import JobNote

LINE_EVERY_S = 5.0
JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Set by Ray in the entrypoint of a submitted job."""
FINAL = ("succeeded", "dead", "skipped", "cancelled")


class Display(Protocol):
    """Something that shows snapshots."""

    def show(self, status: BatchStatus) -> None:
        """Show a snapshot."""
        ...

    def close(self) -> None:
        """Leave the last snapshot where it stands."""
        ...


def display(n_done: int = 0, total: int | None = None) -> Display:
    """Return what fits where stderr goes; in a Ray job its metadata are kept up to date, too.

    A bar begins with ``n_done`` of ``total`` items.
    """
    shown = Bar(n_done, total) if sys.stderr.isatty() else Lines()
    if JOB not in os.environ:
        return shown
    from tlray.cluster.driver.job_metadata import JobNote, submission_id  # noqa: PLC0415 - only in a Ray job

    job = submission_id()
    return shown if job is None else InJob(shown, JobNote(job))


def n_done(counts: Mapping[str, int]) -> int:
    """Return how many items are final."""
    return sum(counts[state] for state in FINAL)


def eta_text(status: BatchStatus, now: float) -> str:
    """Return the time that is left, in words."""
    at = status["estimated_completion"]
    if at is None:
        return "?"
    if at - now > YEAR_S:  # a site may ask for any number of seconds
        return "more than a year"
    left_s = max(0, round(at - now))
    hours, rest = divmod(left_s, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def trouble_text(status: BatchStatus, now: float) -> str:
    """Return what slows a batch down: retries, blocks by domain, cool-downs and their reasons."""
    words = []
    counts = status["counts"]
    for key, n in (("dead", counts["dead"]), ("skipped", counts["skipped"]), ("retries", status["retries"])):
        if n:
            words.append(f"{n} {key}")
    blocked = [f"{name} {d['blocks']}" for name, d in status["domains"].items() if d.get("blocks")]
    if blocked:
        words.append("blocks: " + ", ".join(blocked[:3]))
    return "; ".join([*words, *waiting_words(status, now)])


def waiting_words(status: BatchStatus, now: float) -> list[str]:
    """Return what the batch waits for, by domain: rests and their reasons, slow paces, and what has been given up."""
    cooling = [
        f"{name} {rest_text(d['cooling_until'], now)} ({d['reason']})"
        for name, d in status["domains"].items()
        if d.get("cooling_until", 0) > now + 1 and d["open"]
    ]
    slow = [
        f"{name}: {d['slow_because']}"
        for name, d in status["domains"].items()
        if d.get("slow_because") and d["open"] and d.get("reason") != d["slow_because"]
    ]
    words = [f"{name} {why}" for name, why in list(status.get("parked", {}).items())[:2]]
    words += cooling[:2] + ([f"{len(cooling) - 2} more rest"] if len(cooling) > 2 else [])
    return words + slow[:2] + ([f"{len(slow) - 2} more are as slow"] if len(slow) > 2 else [])


def waiting_workers(status: BatchStatus) -> list[str]:
    """Return how many scrape tasks wait for a CPU, in words, if any do."""
    n = status.get("workers_waiting", 0)
    return [f"{n} {'waits' if n == 1 else 'wait'} for a CPU (`ray status`)"] if n else []


class LostNodes:
    """Nodes that were lost with items of a batch, each reported once."""

    def __init__(self) -> None:
        self._seen: set[str] | None = None

    def news(self, status: BatchStatus) -> list[str]:
        """Return what a snapshot has to say that none before it had; what the first one names is over already."""
        lost = {node["node_id"]: node for node in status.get("lost_nodes", ())}
        before, self._seen = self._seen, (self._seen or set()) | lost.keys()
        return [] if before is None else [_lost(node) for name, node in lost.items() if name not in before]


def _lost(node: LostNodeRecord) -> str:
    name, n = f"{node['address']} ({node['node_id'][:8]})", node["items"]
    return f"node {name} is gone: {n} {'item goes' if n == 1 else 'items go'} back to the queue"


class InJob:
    """A display that keeps the metadata of a Ray job up to date."""

    def __init__(self, shown: Display, note: JobNote) -> None:
        self._shown = shown
        self._note = note

    def show(self, status: BatchStatus) -> None:
        """Show a snapshot, and note it."""
        self._shown.show(status)
        self._note.tell(status)

    def close(self) -> None:
        """Leave the last snapshot where it stands."""
        self._shown.close()


class Bar:
    """A live bar."""

    def __init__(self, n_done: int = 0, total: int | None = None) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.fields[state]}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("ETA {task.fields[eta]}"),
            console=Console(file=terminal()),
            transient=False,
            expand=True,
        )
        self._task = self._progress.add_task(
            "", completed=n_done, total=total, state="starting", rate="", eta="?"
        )
        self._last = ""
        self._lost = LostNodes()
        self._progress.start()
        keep_plain()

    def show(self, status: BatchStatus) -> None:
        """Show a snapshot in the bar; news of trouble become a line above it."""
        now = time.time()
        for line in self._lost.news(status):
            self._say(line)
        self._progress.update(
            self._task,
            total=status["total"],
            completed=n_done(status["counts"]),
            state=status["state"],
            rate=f"{status['rate_per_min']:.0f}/min",
            eta="-" if status["state"] in ("completed", "cancelled") else eta_text(status, now),
        )
        trouble = trouble_text(status, now)
        waiting = "; ".join([*waiting_workers(status), *waiting_words(status, now)])
        if waiting and waiting != self._last:
            self._last = waiting
            shown = "; ".join(filter(None, (*waiting_workers(status), trouble)))
            self._say(shown)

    def _say(self, line: str) -> None:
        self._progress.console.print(plain(line), style="yellow", markup=False, highlight=False)

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._progress.stop()


class Lines:
    """A line now and then."""

    def __init__(self) -> None:
        self._next_at = 0.0
        self._state = ""
        self._lost = LostNodes()

    def show(self, status: BatchStatus) -> None:
        """Write a line if it is time to, or the state has changed; of a node that is lost at once."""
        now = time.time()
        for line in self._lost.news(status):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        if now < self._next_at and status["state"] == self._state:
            return
        self._next_at, self._state = now + LINE_EVERY_S, status["state"]
        words = [
            f"{status['state']} {n_done(status['counts'])}/{status['total']}",
            f"{status['rate_per_min']:.0f}/min",
            f"{status['workers']} workers",
            *waiting_workers(status),
        ]
        if status["state"] == "running":
            words.append(f"ETA {eta_text(status, now)}")
        if trouble := trouble_text(status, now):
            words.append(trouble)
        sys.stderr.write(", ".join(words) + "\n")
        sys.stderr.flush()

    def close(self) -> None:
        """Nothing is left open."""
