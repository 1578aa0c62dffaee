"""Files and folders that only their owner can read, whatever the umask: those of a home and of our own Ray."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_OTHERS: Final = 0o077
FILES: Final = ("state.db", "state.db-wal", "state.db-shm", "catalogue.db", "coordinator.lock", "home.id")
FOLDERS: Final = ("results", "archive", "exports", "catalogue", "leases", "imports", "uploads")


def keep_private() -> None:
    """Make all files that this process creates private; for processes that only write into a home."""
    os.umask(_OTHERS)


@contextmanager
def private() -> Iterator[None]:
    """Make files private that are created within the block."""
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def make_private(home: Path) -> None:
    """Take away all permissions of other users on a home's files and top folders."""
    for name in (*FILES, *FOLDERS):
        path = home / name
        with suppress(OSError):  # it is not there, or somebody else's
            mode = path.stat().st_mode
            if mode & _OTHERS:
                path.chmod(mode & 0o7777 & ~_OTHERS)


def open_to_others(path: Path) -> str | None:
    """Return a warning with the chmod command if other users can read a file or folder; else None."""
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return None
    if not mode & _OTHERS:
        return None
    mode_of_ours = "700" if path.is_dir() else "600"
    return f"{path} is open to other users of this machine (mode {mode:03o}): chmod {mode_of_ours} {shlex.quote(str(path))}"
