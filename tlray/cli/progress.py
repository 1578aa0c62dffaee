"""Progress on stderr: a bar on a terminal, a line every five seconds elsewhere."""

from __future__ import annotations

import math
import os
import sys
import time
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderResult
from rich.live import Live
from rich.text import Text

from tlray.cli.progress_panel import fit, panel
from tlray.cli.progress_text import (
    ENDED,
    LastFailures,
    RestNews,
    eta_words,
    left_text,
    state_words,
    trouble_text,
    waiting_workers,
)
from tlray.cli.stdio import keep_plain, terminal
from tlray.core.model.amounts import plural, rate
from tlray.core.model.printable import plain
from tlray.core.model.progress import BatchStatus, LostNodeRecord, n_done

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

    def lost(self, why: str) -> None:
        """Show that there is no connection to the service: what stands there is from the last snapshot."""
        ...

    def close(self) -> None:
        """Leave the last snapshot where it stands."""
        ...


def display(done: int = 0, total: int | None = None) -> Display:
    """Return what fits where stderr goes; in a Ray job its metadata are kept up to date, too.

    A bar begins with ``done`` of ``total`` items.
    """
    shown = Bar(done, total) if has_live_terminal() else Lines()
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

    def lost(self, why: str) -> None:
        """Show that there is no connection."""
        self._shown.lost(why)

    def close(self) -> None:
        """Leave the last snapshot where it stands."""
        self._shown.close()


class WrappedLive(Live):
    """A live display that erases its last drawing as a terminal shows it that has become narrower: with its lines wrapped."""

    def __init__(self, shown: Bar, console: Console) -> None:
        super().__init__(shown, console=console, refresh_per_second=4, vertical_overflow="crop")
        self._shown = shown

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Go back to where the drawing begins, before what is printed above it and the next drawing."""
        if self._live_render._shape is not None:
            width = self.console.width
            self._live_render._shape = width, self._shown.n_rows(width)
        return super().process_renderables(renderables)


class Bar:
    """A live panel: a bar, a line for each domain that decides the end, and the last failures. Rests stay above it as lines."""

    def __init__(self, done: int = 0, total: int | None = None, console: Console | None = None) -> None:
        self._console = console or Console(file=terminal(), highlight=False)
        self._head = f"starting  {done:,}/{total:,}" if total is not None else "starting"
        self._status: BatchStatus | None = None
        self._failures = LastFailures()
        self._rests = RestNews()
        self._lost_nodes = LostNodes()
        self._lost = ""
        self._drawn: list[Text] = []
        self._live = WrappedLive(self, self._console)
        self._live.start()
        keep_plain()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the panel for the terminal as wide and high as it is now."""
        if self._status is None:
            self._drawn = [Text(fit(self._head, options.max_width), "bold")]
        else:
            self._drawn = panel(
                self._status, width=options.max_width, height=max(1, console.height - 1), now=time.time(),
                failures=self._failures, lost=self._lost, is_ascii=options.ascii_only,
            )  # fmt: skip
        yield from self._drawn

    def n_rows(self, width: int) -> int:
        """Return how many rows the last drawing takes in a terminal as wide."""
        return sum(max(1, math.ceil(line.cell_len / max(1, width))) for line in self._drawn)

    def show(self, status: BatchStatus) -> None:
        """Show a snapshot; a long rest and a lost node also become a line above the panel, once."""
        self._lost = ""
        for line in [*self._lost_nodes.news(status), *self._rests.news(status, time.time())]:
            self._console.print(plain(line), style="yellow", markup=False, highlight=False)
        self._failures.note(status)
        self._status = status

    def lost(self, why: str) -> None:
        """Show since when there is no connection, until the next snapshot."""
        if not self._lost:
            self._lost = f"no connection since {time.strftime('%H:%M:%S')}, this is from then: {why}"

    def close(self) -> None:
        """Leave the panel as it stands."""
        self._live.stop()


class Lines:
    """A line now and then."""

    def __init__(self) -> None:
        self._next_at = 0.0
        self._state = ""
        self._is_lost = False
        self._lost_nodes = LostNodes()
        self._failures = LastFailures()
        self._told = ""

    def show(self, status: BatchStatus) -> None:
        """Write a line if it is time to, or the state has changed; of a node that is lost at once."""
        now = time.time()
        self._failures.note(status)
        for line in self._lost_nodes.news(status):
            self._write(line)
        if self._is_lost:
            self._is_lost, self._next_at = False, 0.0
            self._write("connected again")
        if now < self._next_at and status["state"] == self._state:
            return
        self._next_at, self._state = now + LINE_EVERY_S, status["state"]
        self._write("; ".join(self._words(status, now)))

    def _words(self, status: BatchStatus, now: float) -> list[str]:
        """Return the parts of a line; the last failure is told once."""
        is_running = status["state"] == "running"
        facts = [
            f"{status['state']} {n_done(status['counts'])}/{status['total']}",
            *([rate(status["rate_per_min"] / 60)] if is_running else []),
            *([plural(status["workers"], "worker")] if status["state"] not in ENDED else []),
            *waiting_workers(status),
            *([eta_words(status, now)] if is_running else []),
        ]
        left = left_text(status, now)
        failure = next(map(str, self._failures.newest), "")
        is_new, self._told = failure != self._told, failure
        words = [", ".join(facts), *state_words(status), trouble_text(status, now)]
        words += [f"left: {left}" if left else "", f"last failure: {failure}" if failure and is_new else ""]
        return [part for part in words if part]

    def _write(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def lost(self, why: str) -> None:
        """Say that there is no connection, once."""
        if not self._is_lost:
            self._is_lost = True
            self._write(f"no connection: {why}")

    def close(self) -> None:
        """Nothing is left open."""
