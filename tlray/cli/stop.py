"""``tlray stop``: end a home's coordinator and limiters; its batches keep their states and can be resumed."""

from __future__ import annotations

import sys
import time
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer

from tlray.cli.options import HomeOption
from tlray.core.model.amounts import plural
from tlray.errors import UsageError
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.settings import read_settings

if TYPE_CHECKING:
    from tlray.cluster.coordinator.handshake import Hello

TELL_EVERY_S = 5.0


def stop(
    home: HomeOption = None,
    drain: Annotated[
        bool,
        typer.Option("--drain", help="Begin nothing more, and let what is in flight end; the default."),
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="End at once; what is in flight is fetched again.")
    ] = False,
) -> None:
    """End what works in a home: its coordinator and limiters. Batches keep their states; scrape --resume goes on.

    Example: tlray stop --drain --home sets
    """
    if drain and now:
        raise UsageError("--drain and --now: give one of them")
    where = Home(read_settings(home=home).home)
    left = None
    if where.lock.exists():
        from tlray.cluster.coordinator.shutdown import EndMode  # noqa: PLC0415 - Ray is loaded where it is used
        from tlray.cluster.driver.attach import end  # noqa: PLC0415

        lines = _DrainLines()
        with redirect_stdout(sys.stderr):  # Ray's own words
            left = end(where, EndMode.NOW if now else EndMode.DRAIN, lines.tell)
    if left is None:
        sys.stderr.write(f"nothing works in {where.path}\n")
        return
    what = "the coordinator" if left.had_coordinator else "limiters that were left"
    sys.stderr.write(f"ended: {what} of {where.path}, on the Ray at {left.address}\n")
    with open_reader(where.path) as journal:
        asleep = [row.batch_id for row, _ in journal.batch_summaries() if not row.state.is_final]
    if asleep:
        more = f" and {len(asleep) - 5} more" if len(asleep) > 5 else ""
        sys.stderr.write(
            f"open: {', '.join(asleep[:5])}{more}; `tlray scrape --resume BATCH_ID --home {where.path}` goes on\n"
        )


class _DrainLines:
    """A line now and then about what a drain waits for."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def tell(self, hello: Hello) -> None:
        """Say what is in flight, if that was not said just now."""
        if hello["n_leased"] and time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + TELL_EVERY_S
            sys.stderr.write(f"draining: {plural(hello['n_leased'], 'item')} in flight\n")
            sys.stderr.flush()
