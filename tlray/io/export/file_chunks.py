"""A file made in the folder for temporary ones, as chunks of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

from tlray.errors import StorageFull

CHUNK_BYTES = 1 << 20


def chunks_of(path: Path) -> Iterator[bytes]:
    """Yield the content of a file."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def temporary_folder_full() -> StorageFull:
    """Return the error of a folder for temporary files that has no room."""
    return StorageFull(f"{gettempdir()} (TMPDIR)")
