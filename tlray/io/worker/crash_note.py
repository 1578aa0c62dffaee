"""What has a scrape task in hand just now? A note that outlives it, whatever kills it.

A page that kills its worker (a crash in a C library, all the memory) does so while it is being fetched or read. So a task
writes down which items it has begun, and whose page it reads: a few bytes into a mapped file, which the kernel keeps when the
process is gone. The coordinator looks at the note of a lease that was lost and knows whom to suspect; the other items of the
lease are innocent, however often the worker that happens to hold them is killed by something else. The note lies in the home,
which task and coordinator share; a machine that dies whole may take along what was written last, and then nobody is suspected.

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

from tlray.core.scheduling.crash_suspect import EACH, NOBODY, Suspect
from tlray.io.disk.durable import disk_errors
from tlray.io.disk.home import Home

_MAX_NAME = 256
_FILES_AT, _BEGUN_AT, _N_BEGUN = 512, 520, 1_024
_NUMBER = struct.Struct("<q")
_SIZE = _BEGUN_AT + _N_BEGUN * _NUMBER.size


class Note(Protocol):
    """Where a task writes down what it has in hand."""

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


class TaskNote:
    """A task's note; ``with TaskNote(home, lease_id) as note``. In order, it ends with the task."""

    def __init__(self, home: Home, lease_id: str) -> None:
        self._path = _path(home, lease_id)
        with disk_errors(home.path):
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._path.write_bytes(bytes(_SIZE))
            with self._path.open("r+b") as file:
                self._map = mmap.mmap(file.fileno(), _SIZE)
        self._n_at_files = 0
        self._free = list(range(_BEGUN_AT, _SIZE, _NUMBER.size))

    def __enter__(self) -> TaskNote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._map.close()
        self._path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def begun(self, item_id: int) -> Iterator[None]:
        """Have it written down meanwhile that an item has begun; of more than a task ever has at once the others are not."""
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
        """Have it written down meanwhile that files are being written or read, of which any item may be the one that kills."""
        self._n_at_files += 1
        self._put(_FILES_AT, self._n_at_files)
        try:
            yield
        finally:
            self._n_at_files -= 1
            self._put(_FILES_AT, self._n_at_files)

    @contextlib.contextmanager
    def reading_item(self, item_id: int) -> Iterator[None]:
        """Have it written down meanwhile that the page of an item is being read."""
        self._write(b"item %d\n" % item_id)
        try:
            yield
        finally:
            self._map[0] = 0

    @contextlib.contextmanager
    def reading_robots(self, domain: str) -> Iterator[None]:
        """Have it written down meanwhile that the robots.txt of a domain is being read."""
        self._write(b"robots " + domain.encode()[:_MAX_NAME] + b"\n")
        try:
            yield
        finally:
            self._map[0] = 0

    def _put(self, place: int, number: int) -> None:
        if not self._map.closed:  # what a task that has failed leaves behind may end after it
            _NUMBER.pack_into(self._map, place, number)

    def _write(self, text: bytes) -> None:
        self._map[1 : len(text)] = text[1:]
        self._map[0] = text[0]


def take_note(home: Home, lease_id: str) -> Suspect:
    """Return whom a dead task's note names, and take the note away; nobody where there is none: the task had not begun."""
    path = _path(home, lease_id)
    try:
        note = path.read_bytes()
    except OSError:
        return NOBODY
    path.unlink(missing_ok=True)
    what, _, name = note[:_FILES_AT].partition(b"\n")[0].decode("utf-8", "replace").partition(" ")
    if what == "item" and name.isdigit():
        return Suspect(item_id=int(name))
    if what == "robots":
        return Suspect(robots_of=name)
    if any(note[_FILES_AT:_BEGUN_AT]):
        return EACH
    numbers = note[_BEGUN_AT:]
    whole = numbers[: len(numbers) // _NUMBER.size * _NUMBER.size]
    return Suspect(begun=frozenset(n for (n,) in _NUMBER.iter_unpack(whole) if n))


def has_note(home: Home, lease_id: str) -> bool:
    """True if a task has begun and not ended in order."""
    return _path(home, lease_id).exists()


def sweep_notes(home: Home) -> None:
    """Take away the notes of a coordinator's earlier lives: their tasks died with it, not of what they read."""
    with contextlib.suppress(OSError):
        for path in (home.path / "leases").glob("*.note"):
            path.unlink(missing_ok=True)


def _path(home: Home, lease_id: str) -> Path:
    return home.path / "leases" / f"{lease_id}.note"
