"""Durable files: written whole, synced, moved; errors of the disk become tlray's own.

A file is durable when both it and the folder that names it are synced.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tlray.errors import HomeUnusable, StorageFull

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def disk_errors(home: Path) -> Iterator[None]:
    """Translate an OSError into `StorageFull` or `HomeUnusable`."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull(str(home)) from error
        where = f" ({error.filename})" if error.filename else ""
        raise HomeUnusable(str(home), f"{error.strerror or error}{where}") from error


def can_write(path: Path) -> bool:
    """Return True if a file can be written, or made where there is none, and others beside it."""
    return os.access(path.parent, os.W_OK | os.X_OK) and (not path.exists() or os.access(path, os.W_OK))


def make_folder(path: Path, *, below: Path) -> None:
    """Create a folder and its parents below ``below``, which must exist, and sync each."""
    if path == below or path.is_dir():
        return
    make_folder(path.parent, below=below)
    path.mkdir(exist_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    number = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def move(source: Path, target: Path) -> None:
    """Rename a synced file, or copy it to another disk; ``target`` appears whole or not at all."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_by_copy(source, target)


def _move_by_copy(source: Path, target: Path) -> None:
    """Copy under a hidden name, rename, and only then remove the source."""
    half = target.with_name(f".{target.name}")
    with source.open("rb") as reader, half.open("wb") as writer:
        shutil.copyfileobj(reader, writer, 1024 * 1024)
        writer.flush()
        os.fsync(writer.fileno())
    half.replace(target)
    sync_folder(target.parent)
    source.unlink()
