"""Progress on stderr: a bar on a terminal, a line every five seconds elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from tlray.cli.progress_text import (
    LastFailures,
    eta_text,
    fit,
    n_done,
    panel,
    rest_words,
    trouble_text,
    waiting_workers,
)
from tlray.cli.stdio import keep_plain, terminal
from tlray.core.model.printable import plain
from tlray.core.model.progress import BatchStatus, LostNodeRecord

if TYPE_CHECKING:
    from tlray.cluster.driver.job_metadata import JobNote

LINE_EVERY_S = 5.0
JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Set by Ray in the entrypoint of a submitted job."""


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
    shown = Bar(n_done, total) if has_live_terminal() else Lines()
    if JOB not in os.environ:
        return shown
    from tlray.cluster.driver.job_metadata import JobNote, submission_id  # noqa: PLC0415 - only in a Ray job

    job = submission_id()
    return shown if job is None else InJob(shown, JobNote(job))


def has_live_terminal() -> bool:
    """True if stderr is a terminal in which lines can be drawn again."""
    return sys.stderr.isatty() and not Console(file=terminal()).is_dumb_terminal


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
    """A live panel: a bar, a line for each domain that decides the end, and the last failures. Rests stay above it as lines."""

    def __init__(self, n_done: int = 0, total: int | None = None, console: Console | None = None) -> None:
        self._console = console or Console(file=terminal(), highlight=False)
        self._head = f"starting  {n_done:,}/{total:,}" if total is not None else "starting"
        self._status: BatchStatus | None = None
        self._failures = LastFailures()
        self._last: list[str] = []
        self._lost = LostNodes()
        self._live = Live(self, console=self._console, refresh_per_second=4, vertical_overflow="crop")
        self._live.start()
        keep_plain()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the panel for the terminal as wide and high as it is now."""
        if self._status is None:
            yield Text(fit(self._head, options.max_width), "bold")
            return
        yield from panel(
            self._status, width=options.max_width, height=max(1, console.height - 1), now=time.time(),
            failures=self._failures, is_ascii=options.ascii_only,
        )  # fmt: skip

    def show(self, status: BatchStatus) -> None:
        """Show a snapshot; a rest and a lost node also become a line above the panel, once."""
        for line in self._lost.news(status):
            self._say(line)
        rests = rest_words(status, time.time())
        for line in rests:
            if line not in self._last:
                self._say(line)
        self._last = rests
        self._failures.note(status)
        self._status = status

    def _say(self, line: str) -> None:
        self._console.print(plain(line), style="yellow", markup=False, highlight=False)

    def close(self) -> None:
        """Leave the panel as it stands."""
        self._live.stop()


class Lines:
    """A line now and then."""

    def __init__(self) -> None:
        self._next_at = 0.0
        self._state = ""
        self._lost = LostNodes()
        self._failures = LastFailures()

    def show(self, status: BatchStatus) -> None:
        """Write a line if it is time to, or the state has changed; of a node that is lost at once."""
        now = time.time()
        self._failures.note(status)
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
        if failures := self._failures.lines:
            words.append(f"last: {failures[0]}")
        sys.stderr.write(", ".join(words) + "\n")
        sys.stderr.flush()

    def close(self) -> None:
        """Nothing is left open."""
