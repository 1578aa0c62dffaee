"""Files of exports, made on disk in constant memory: one for each content, kept while it is asked for."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from tlray.export.interface import Format, SetFile
from tlray.io.export import zip_archive
from tlray.io.export.files import write
from tlray.io.results.store import PartMoved
from tlray.model import Tracklist

TRIES: Final = 4
KEEP_S: Final = 3_600.0
"""A file that was not downloaded for so long is removed when another is written …"""
MAX_KEPT: Final = 12
"""… and the least recently used of a folder with more files than this."""
_locks: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()


class Source(NamedTuple):
    """The sets of an export as they are now."""

    content: str
    """Stands for them: another text is another file."""
    sets: Callable[[], Iterable[Tracklist]]
    one: Tracklist | None = None
    """The set, where it is one that was asked for."""


async def exported(
    folder: Path, format_: Format, options: Any, find: Callable[[], Awaitable[Source]]
) -> Path:
    """Return the file of an export, written if there is none yet; its name stands for its content. A file a set or a
    recording makes a ZIP archive, except for one set that is one file."""
    for attempt in range(1, TRIES + 1):
        source = await find()
        content = f"{format_.name} {options} {source.content}".encode()
        key = hashlib.blake2b(content, digest_size=8).hexdigest()
        path = folder / f"{format_.name}-{key}{_suffix(source, format_, options)}"
        lock = _locks.setdefault(folder, asyncio.Lock())  # one at a time
        async with lock:
            if path.is_file():
                path.touch()
                return path
            try:
                await asyncio.to_thread(_write, source, path, format_, options)
            except PartMoved:  # a part is being merged into another
                if attempt == TRIES:
                    raise
                await asyncio.sleep(0.2 * attempt)
            else:
                return path
    raise AssertionError  # pragma: no cover - the last attempt returns or raises


def _suffix(source: Source, format_: Format, options: Any) -> str:
    if source.one is None or format_.per_set is None or format_.fits_one_file:
        return format_.download_suffix
    n_files = sum(isinstance(one, SetFile) for one in format_.per_set(source.one, options))
    return format_.suffix if n_files == 1 else format_.download_suffix


def _write(source: Source, path: Path, format_: Format, options: Any) -> None:
    if format_.fits_name(path.name):
        write(source.sets(), format_, path, options)
    else:
        zip_archive.write_zip(source.sets(), format_, path, options)
    with suppress(FileNotFoundError):  # another replica may have removed one
        files = sorted(path.parent.iterdir(), key=lambda file: -file.stat().st_mtime)
        for n, older in enumerate(files):
            if n >= MAX_KEPT or time.time() - older.stat().st_mtime > KEEP_S:
                older.unlink()
