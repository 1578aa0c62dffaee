"""`MemoryJournal`: a journal in this process's memory, for tests.

It is the SQLite journal on a database without a file, and not dictionaries of its own: a test sees the same states, orders and
errors as in production, and there is no second implementation that could differ from the first. No disk, no fsync.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tlray.io.journal.clock import ClockReading, read_clock
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.sql.connection import Writing
from tlray.io.journal.sqlite.journal import SqliteJournal, SqliteReads
from tlray.io.journal.sqlite.migrations import BUSY_S, migrate


def _connect(name: str) -> sqlite3.Connection:
    """Open a database that the connections of one process share, and that is gone with the last of them."""
    uri = f"file:/{name}?vfs=memdb"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)


class MemoryJournal(SqliteJournal):
    """A journal in memory; every one of the same ``name`` is the same journal, as long as one of them is open."""

    def __init__(self, name: str = "", *, clock: Callable[[], ClockReading] = read_clock) -> None:
        self.name = name or secrets.token_hex(8)
        db = _connect(self.name)
        migrate(db, Path("memory") / self.name)
        Writing.__init__(self, db, f"memory/{self.name}", clock)

    def reader(self) -> JournalReader:
        """Open a reader beside it, for this or another thread."""
        return MemoryReader(self.name)

    def _open_again(self) -> sqlite3.Connection:
        return _connect(self.name)


class MemoryReader(SqliteReads):
    """A reader of a journal in memory."""

    def __init__(self, name: str) -> None:
        self.name, self.place = name, f"memory/{name}"
        self._db = _connect(name)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read a copy: without a file there is no WAL, and a reader would hold up the writer's commit."""
        shared, self._db = self._db, sqlite3.connect(":memory:", check_same_thread=False)
        try:
            shared.backup(self._db)
            yield
        finally:
            self._db.close()
            self._db = shared

    def _open_again(self) -> sqlite3.Connection:
        return _connect(self.name)
