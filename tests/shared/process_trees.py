"""Look at and kill processes with all that they have started. Any of them may end by itself meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import psutil


def kill_tree(pid: int) -> None:
    """Kill -9 a process and everything that it started; nothing happens where it is gone."""
    with suppress(psutil.NoSuchProcess):
        top = psutil.Process(pid)
        kill_all([*top.children(recursive=True), top])


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """Kill -9 those that are still there."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def command_lines(pid: int | None = None) -> list[tuple[psutil.Process, str]]:
    """Return what a process has started, with its command line; by default of this process."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found.append((process, " ".join(process.cmdline())))
    return found


def with_word(word: str, pid: int | None = None) -> list[psutil.Process]:
    """Return those whose command line has a word; Ray renames its workers to what they do."""
    return [process for process, line in command_lines(pid) if word in line]


def named(name: str, pid: int) -> list[psutil.Process]:
    """Return those of a name."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.name() == name:
                found.append(process)
    return found
