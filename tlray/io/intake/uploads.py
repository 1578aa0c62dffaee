"""Uploaded files in a home, until their batch has read them: a folder for each request, in the folder of the batch.

The disk knows the files by number: no name that a client has sent becomes a path. The size of the folders of one user is bounded,
and what nobody needs any more is deleted: the files of a batch that has read all of them, or that does not exist.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from tlray.core.model.printable import one_line
from tlray.io.disk.durable import disk_errors, make_folder, sync_folder
from tlray.io.disk.home import Home
from tlray.io.intake.members import base_name

MAX_NAME_CHARS = 200
UNNAMED = "file"
KEPT_DEAD_S = 7 * 86_400.0
"""Files that hold no set can be retried for so long, for example by a newer version."""
KEPT_UNKNOWN_S = 3_600.0
"""A folder may be older than its batch."""


class Upload:
    """The files of one request."""

    def __init__(self, home: Home, batch_id: str) -> None:
        self._home = home
        self._folder = home.uploads(batch_id) / secrets.token_hex(8)
        self._digest = hashlib.sha256()
        self.files: list[tuple[Path, str]] = []
        """Where each file lies, and its name."""

    @property
    def digest(self) -> str:
        """The digest of all names and contents."""
        return self._digest.hexdigest()

    def add(self, name: str, content: BinaryIO) -> None:
        """Copy a file, durably."""
        name = shown_name(name)
        with disk_errors(self._home.path):
            make_folder(self._folder, below=self._home.path)
            path = self._folder / f"{len(self.files) + 1:05}"
            n_bytes = 0
            with path.open("xb") as file:
                while block := content.read(2**20):
                    self._digest.update(block)
                    file.write(block)
                    n_bytes += len(block)
                file.flush()
                os.fsync(file.fileno())
            sync_folder(self._folder)
        self._digest.update(f"\n{n_bytes} {name}\n".encode())
        self.files.append((path, name))

    def discard(self) -> None:
        """Delete the files, and the folder of the batch if there are no others in it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            self._folder.parent.rmdir()
        except OSError:
            return


def shown_name(name: str) -> str:
    """Return the base name of a file as it is shown: one line, not too long, with its suffix."""
    name = one_line(base_name(name)).strip(". ") or UNNAMED
    stem, dot, suffix = name.rpartition(".")
    if len(name) <= MAX_NAME_CHARS:
        return name
    return f"{stem[: MAX_NAME_CHARS - 20]}{dot}{suffix[:19]}" if dot else name[:MAX_NAME_CHARS]


def kept_bytes(home: Home, batch_ids: Collection[str]) -> int:
    """Return the size of the uploaded files of some batches."""
    return sum(path.stat().st_size for batch_id in batch_ids for path in home.uploads(batch_id).glob("*/*"))


def batches_with_uploads(home: Home) -> Iterator[tuple[str, float]]:
    """Yield the batches that have uploaded files, and when the last of them came."""
    try:
        with os.scandir(home.uploads()) as folders:
            for folder in folders:
                yield folder.name, folder.stat(follow_symlinks=False).st_mtime
    except OSError:
        return


def delete_uploads(home: Home, batch_id: str) -> None:
    """Delete the uploaded files of a batch."""
    shutil.rmtree(home.uploads(batch_id), ignore_errors=True)
