"""Atomic output: files under temporary names, moved to their place at the end.

After an error, Ctrl-C included, what was there before is still there and nothing half done is. Only a kill -9 leaves one file
or folder ``.tlray-….tmp``, which pandas and Arrow do not see.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tlray.errors import CannotFinish, StorageFull, UsageError
from tlray.io.disk.durable import NO_ROOM


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield a path to write to, which becomes ``target`` at the end of the block; create the folders above it.

    A place that cannot be written is an OSError before the block begins.
    """
    made = _make_folders(target.parent)
    staged = target.parent / _temporary()
    try:
        _require_writable(target, staged)
        yield staged
        with staged.open("rb") as stream:
            os.fsync(stream.fileno())  # a disk may find out that it is full only now
        staged.replace(target)
    except BaseException:
        staged.unlink(missing_ok=True)
        _remove_folders(made)
        raise


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to write into; its files move to ``folder`` at the end of the block, and other files there stay.

    A place that cannot be written is an OSError before the block begins.
    """
    made = _make_folders(folder)
    staging = folder / _temporary()
    try:
        staging.mkdir()
        yield staging
        for name in os.listdir(staging):  # noqa: PTH208 - names are all that is wanted, of a million maybe
            (staging / name).replace(folder / name)
        staging.rmdir()
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        _remove_folders(made)
        raise


@contextmanager
def os_errors_explained(out: str) -> Iterator[None]:
    """Translate an OSError about ``out``; `BrokenPipeError` passes, because it ends a command quietly."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:  # Arrow's own are OSErrors too, some without a number
        if error.errno in NO_ROOM:
            raise StorageFull(out) from error
        if error.errno in {errno.EIO, None}:
            raise CannotFinish(f"{out}: {error}") from error
        why = error.strerror or str(error)
        raise UsageError(f"{out} cannot be written: {why}; choose another with --out PATH") from error


def _require_writable(target: Path, staged: Path) -> None:
    """Raise an OSError where a file could not be written, or not be moved to its place."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(target))
    staged.touch()
    staged.unlink()


def _make_folders(folder: Path) -> list[Path]:
    """Create ``folder`` and its parents; return those that are new, innermost first."""
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    if folder not in missing and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "Not a directory", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_folders(made: list[Path]) -> None:
    for folder in made:
        with suppress(OSError):  # somebody else has put something there
            folder.rmdir()


def _temporary() -> str:
    return f".tlray-{secrets.token_hex(8)}.tmp"
