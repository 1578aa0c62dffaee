"""Files and folders that are their owner's alone, whatever the umask: a home's, and those of our own Ray."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_OTHERS: Final = 0o077
_FILES: Final = ("state.db", "state.db-wal", "state.db-shm", "coordinator.lock", "home.id")
_FOLDERS: Final = ("results", "archive", "exports", "leases")


def keep_private() -> None:
    """Make all files of this process private from now on: one of our own, in the home."""
    os.umask(_OTHERS)


@contextmanager
def private() -> Iterator[None]:
    """Make files private within the block, in a process that is the user's."""
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def make_private(home: Path) -> None:
    """Take away from others what they could read in a home: below a folder that is closed they reach nothing."""
    for name in (*_FILES, *_FOLDERS):
        path = home / name
        with suppress(OSError):  # it is not there, or somebody else's
            mode = path.stat().st_mode
            if mode & _OTHERS:
                path.chmod(mode & 0o7777 & ~_OTHERS)


def open_to_others(path: Path) -> str | None:
    """Say how to close a file or folder that others can read; None where they cannot."""
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return None
    if not mode & _OTHERS:
        return None
    return f"{path} is open to other users of this machine (mode {mode:03o}): chmod {'700' if path.is_dir() else '600'} {path}"
