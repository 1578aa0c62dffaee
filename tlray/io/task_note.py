"""What is a scrape task reading just now? A note that outlives it, whatever kills it.

A page that kills its worker (a crash in a C library, all the memory) does so while it is being read. So before a task reads
a page it writes the item down: a few bytes into a mapped file, which the kernel keeps when the process is gone. The
coordinator looks at the note of a lease that was lost and knows whom to suspect; the other items of the lease are innocent.
The note lies in the home, which task and coordinator share; a machine that dies whole may take it along, and then nobody is
suspected.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from tlray.core.suspect import NOBODY, Suspect
from tlray.io.durable import disk_errors
from tlray.io.home import Home

_SIZE = 512
_MAX_NAME = 256


class TaskNote:
    """A task's note; ``with TaskNote(home, lease_id) as note``. In order, it ends with the task."""

    def __init__(self, home: Home, lease_id: str) -> None:
        self._path = _path(home, lease_id)
        with disk_errors(home.path):
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._path.write_bytes(bytes(_SIZE))
            with self._path.open("r+b") as file:
                self._map = mmap.mmap(file.fileno(), _SIZE)

    def __enter__(self) -> TaskNote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._map.close()
        self._path.unlink(missing_ok=True)

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

    def _write(self, text: bytes) -> None:
        self._map[1 : len(text)] = text[1:]
        self._map[0] = text[0]


def take_note(home: Home, lease_id: str) -> Suspect:
    """Return whom a dead task's note names, and take the note away; nobody where it was reading nothing, or none is left."""
    path = _path(home, lease_id)
    try:
        text = path.read_bytes().partition(b"\n")[0].decode("utf-8", "replace")
    except OSError:
        return NOBODY
    path.unlink(missing_ok=True)
    what, _, name = text.partition(" ")
    if what == "item" and name.isdigit():
        return Suspect(item_id=int(name))
    return Suspect(robots_of=name) if what == "robots" else NOBODY


def sweep_notes(home: Home) -> None:
    """Take away the notes of a coordinator's earlier lives: their tasks died with it, not of what they read."""
    with contextlib.suppress(OSError):
        for path in (home.path / "leases").glob("*.note"):
            path.unlink(missing_ok=True)


def _path(home: Home, lease_id: str) -> Path:
    return home.path / "leases" / f"{lease_id}.note"
