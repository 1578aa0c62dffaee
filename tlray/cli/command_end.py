"""The end of a command: a one-line summary, exit codes, and signals.

Exit 3 when something is left to do. The last line on stderr is one line, whichever thread writes it.
"""

from __future__ import annotations

import functools
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn, ParamSpec, TypeVar

import typer

from tlray.batch_run import BatchResult
from tlray.cli.stdio import terminal
from tlray.core.model.amounts import duration
from tlray.errors import TlrayError

INCOMPLETE = 3
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE_S = 10.0
EXIT_S = 30.0
"""How long Python and Ray may take to leave after the last line."""
SOON_S = 1.0
"""The same for a command that has nothing to lose."""
SHOW_CURSOR = "\x1b[?25h"
_last_line = threading.Lock()
P = ParamSpec("P")
T = TypeVar("T")


def summary_line(result: BatchResult) -> str:
    """Return what came of a batch, in one line."""
    earlier = f", {result.answered} of them fetched earlier" if result.answered else ""
    what = "pages" if result.n_found or result.n_lists else "sets"
    others = [
        f"{n} {word}"
        for n, word in ((result.dead, "dead"), (result.skipped, "skipped"), (result.cancelled, "cancelled"))
        if n
    ]
    return (
        f"{result.state}: {result.succeeded} of {result.total} {what}{earlier}, {result.tracks} tracks"
        f" in {duration(result.elapsed_s)}" + (f" ({', '.join(others)})" if others else "")
    )


def say_what_is_left(result: BatchResult, where: str) -> None:
    """Say how to see what exit code 3 stands for, and what to do; ``where`` names the batch for other commands."""
    if result.dead:
        again = f", `tlray retry {where}` tries again" if result.state == "completed" else ""
        say(f"`tlray dead {where}` tells why{again}")
    if result.n_rejected:
        say(f"rejected lines of the list: {result.n_rejected}; `tlray status {where} --lines` names them")


def exit_if_incomplete(result: BatchResult) -> None:
    """End with exit 3 where items died, or lines were rejected."""
    if result.dead or result.n_rejected:
        raise typer.Exit(INCOMPLETE)


def say(line: str) -> None:
    """Write a line to stderr; one that nobody can read any more stops nothing."""
    with suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def print_error(error: TlrayError) -> None:
    """Write the last line of a command that failed. Where the watch of Ray writes it, wait: it ends the process."""
    if not _last_line.acquire(blocking=False):
        time.sleep(PATIENCE_S)
        return
    say(f"tlray: {error}")
    _last_line.release()


def end_at_once(line: str, code: int, *, first: Callable[[], None]) -> NoReturn:
    """End the process from a thread of its own, with one line and an exit code: the main thread may be stuck.

    ``first`` is done before, while this process's stderr goes nowhere: Ray's C++ tells of each process that dies.
    """
    is_ours = _last_line.acquire(timeout=PATIENCE_S)  # never released: nothing is written after it
    with suppress(OSError):
        sys.stderr.flush()
        stderr = os.dup(2)
        _to_nowhere(2)
        first()
        os.dup2(stderr, 2)
    if is_ours:
        if sys.stderr.isatty():
            terminal().write(SHOW_CURSOR)
        say(line)
    os._exit(code)


def leave_within(code: int, limit_s: float = EXIT_S) -> None:
    """End this process with ``code`` after ``limit_s`` if it has not ended by then: Ray's own clean-up has no time limit."""

    def end() -> None:
        time.sleep(limit_s)
        os._exit(code)

    threading.Thread(target=end, name="tlray-exit", daemon=True).start()


@contextmanager
def draining(stopping: threading.Event, close: Callable[[], None]) -> Iterator[None]:
    """Let the first SIGINT, SIGTERM or SIGHUP drain, and a second one end at once. A hang-up that is ignored stays so (nohup)."""

    def stop(number: int, frame: object) -> None:
        if number == signal.SIGHUP:
            _leave_terminal()
        if stopping.is_set():
            close()
            raise KeyboardInterrupt
        stopping.set()
        say("\ndraining: nothing more begins, what is in flight ends (Ctrl-C again to leave at once)")

    handled = [*SIGNALS] if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN else [*SIGNALS[:2]]
    before = {number: signal.signal(number, stop) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leaving_nothing_half_done(command: Callable[P, T]) -> Callable[P, T]:
    """Make SIGTERM and SIGHUP end a command of files as Ctrl-C does: what it writes under a temporary name is deleted.

    The exit code is that of a process which the signal has killed. A second signal kills it.
    """

    @functools.wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> T:
        with signals_raised():
            return command(*args, **options)

    return run


@contextmanager
def signals_raised() -> Iterator[None]:
    """Raise SystemExit at signals that would kill this process."""

    def end(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        if number == signal.SIGHUP:
            _leave_terminal()
        raise SystemExit(128 + number)

    is_main = threading.current_thread() is threading.main_thread()
    handled = [n for n in SIGNALS[1:] if is_main and signal.getsignal(n) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


def _leave_terminal() -> None:
    """Write nowhere from now on, where this was a terminal: it may be gone. One that is there shows its cursor again."""
    with suppress(OSError):
        os.write(2, SHOW_CURSOR.encode() if os.isatty(2) else b"")
    _to_nowhere(
        *filter(_is_device, (1, 2))
    )  # a terminal that is gone is no terminal any more, but still a device


def _is_device(number: int) -> bool:
    try:
        return stat.S_ISCHR(os.fstat(number).st_mode)
    except OSError:  # it is closed
        return False


def _to_nowhere(*descriptors: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in descriptors:
        os.dup2(nowhere, number)
    os.close(nowhere)
