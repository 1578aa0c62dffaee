"""A scrape task's note of its current work, which survives the death of the process.

A page that kills its worker (a crash in a C library, out of memory) does so while it is being fetched or parsed. So a task notes
the items that it has begun and the page that it parses: a few bytes in a memory-mapped file, which the kernel keeps when the
process dies. The coordinator reads the note of a lost lease and suspects those items; the other items of the lease count as
innocent. The note is in the home, which task and coordinator share. A machine that crashes may lose the last bytes; then no item
is suspected.

::

    0     what is being read: ``item 17``, ``robots example.org``; its first byte is 0 where nothing is
    512   how many files with rows and pages of any of the items are being written or read, 8 bytes
    520   the numbers of items that have begun, 8 bytes each, in no order; 0: none
"""

from __future__ import annotations

import contextlib
import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol

from tlray.core.scheduling.crash_suspect import ANY_ITEM, NO_ITEM, CrashSuspect
from tlray.io.disk.durable import disk_errors
from tlray.io.disk.home import Home

_MAX_NAME = 256
_FILES_AT, _BEGUN_AT, _N_BEGUN = 512, 520, 1_024
_NUMBER = struct.Struct("<q")
_SIZE = _BEGUN_AT + _N_BEGUN * _NUMBER.size


class CrashNote(Protocol):
    """The note of a scrape task."""

    def begun(self, item_id: int) -> contextlib.AbstractContextManager[None]:
        """Note an item that has begun."""
        ...

    def at_files(self) -> contextlib.AbstractContextManager[None]:
        """Note that files are being written or read."""
        ...

    def reading_item(self, item_id: int) -> contextlib.AbstractContextManager[None]:
        """Note an item whose page is being read."""
        ...

    def reading_robots(self, domain: str) -> contextlib.AbstractContextManager[None]:
        """Note a domain whose robots.txt is being read."""
        ...


class CrashNoteFile:
    """A note in the home: ``with CrashNoteFile(home, lease_id) as note``. A task that ends in order removes it."""

    def __init__(self, home: Home, lease_id: str) -> None:
        self._path = _path(home, lease_id)
        with disk_errors(home.path):
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._path.write_bytes(bytes(_SIZE))
            with self._path.open("r+b") as file:
                self._map = mmap.mmap(file.fileno(), _SIZE)
        self._n_at_files = 0
        self._free = list(range(_BEGUN_AT, _SIZE, _NUMBER.size))

    def __enter__(self) -> CrashNoteFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._map.close()
        self._path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def begun(self, item_id: int) -> Iterator[None]:
        """Note an item while it is fetched; items beyond the file's size are not noted."""
        place = self._free.pop() if self._free else None
        if place is None:
            yield
            return
        self._put(place, item_id)
        try:
            yield
        finally:
            self._put(place, 0)
            self._free.append(place)

    @contextlib.contextmanager
    def at_files(self) -> Iterator[None]:
        """Note that files are written or read, of which any item may be the one that kills."""
        self._n_at_files += 1
        self._put(_FILES_AT, self._n_at_files)
        try:
            yield
        finally:
            self._n_at_files -= 1
            self._put(_FILES_AT, self._n_at_files)

    @contextlib.contextmanager
    def reading_item(self, item_id: int) -> Iterator[None]:
        """Note an item while its page is parsed."""
        self._write(b"item %d\n" % item_id)
        try:
            yield
        finally:
            self._map[0] = 0

    @contextlib.contextmanager
    def reading_robots(self, domain: str) -> Iterator[None]:
        """Note a domain while its robots.txt is parsed."""
        self._write(b"robots " + domain.encode()[:_MAX_NAME] + b"\n")
        try:
            yield
        finally:
            self._map[0] = 0

    def _put(self, place: int, number: int) -> None:
        if not self._map.closed:  # a coroutine of a failed task may end after it
            _NUMBER.pack_into(self._map, place, number)

    def _write(self, text: bytes) -> None:
        self._map[1 : len(text)] = text[1:]
        self._map[0] = text[0]


def take_note(home: Home, lease_id: str) -> CrashSuspect:
    """Remove a dead task's note and return its suspects; none without a note: the task had not begun."""
    path = _path(home, lease_id)
    try:
        note = path.read_bytes()
    except OSError:
        return NO_ITEM
    path.unlink(missing_ok=True)
    what, _, name = note[:_FILES_AT].partition(b"\n")[0].decode("utf-8", "replace").partition(" ")
    if what == "item" and name.isdigit():
        return CrashSuspect(item_id=int(name))
    if what == "robots":
        return CrashSuspect(robots_of=name)
    if any(note[_FILES_AT:_BEGUN_AT]):
        return ANY_ITEM
    numbers = note[_BEGUN_AT:]
    whole = numbers[: len(numbers) // _NUMBER.size * _NUMBER.size]
    return CrashSuspect(begun=frozenset(n for (n,) in _NUMBER.iter_unpack(whole) if n))


def has_note(home: Home, lease_id: str) -> bool:
    """True if a task began and did not end in order."""
    return _path(home, lease_id).exists()


def sweep_notes(home: Home) -> None:
    """Remove the notes of earlier coordinators: their tasks died with it, not of a page."""
    with contextlib.suppress(OSError):
        for path in (home.path / "leases").glob("*.note"):
            path.unlink(missing_ok=True)


def _path(home: Home, lease_id: str) -> Path:
    return home.path / "leases" / f"{lease_id}.note"
