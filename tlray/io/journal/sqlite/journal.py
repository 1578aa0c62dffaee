"""`SqliteJournal` and `SqliteReader`: the protocols of `tlray.io.journal` on one SQLite file in WAL mode."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from tlray.errors import HomeUnusable
from tlray.io.journal.clock import ClockReading, read_clock
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.sql.batches import BatchReads, BatchWrites
from tlray.io.journal.sql.commit import WorkWrites
from tlray.io.journal.sql.discovery import DiscoveryReads
from tlray.io.journal.sql.domains import DomainReads, DomainWrites
from tlray.io.journal.sql.events import EventReads, EventWrites
from tlray.io.journal.sql.items import ItemReads
from tlray.io.journal.sql.outbox import OutboxReads, OutboxWrites
from tlray.io.journal.sql.revisions import RevisionReads, RevisionWrites
from tlray.io.journal.sql.schedules import ScheduleReads, ScheduleWrites
from tlray.io.journal.sql.submission import SubmissionReads, SubmissionWrites
from tlray.io.journal.sql.templates import TemplateReads, TemplateWrites
from tlray.io.journal.sql.tokens import TokenReads, TokenWrites
from tlray.io.journal.sqlite.audit_copy import SqliteAuditCopy
from tlray.io.journal.sqlite.connection import SqliteConnected, SqliteWriting, translated
from tlray.io.journal.sqlite.migrations import prepare
from tlray.io.journal.sqlite.read_only import open_view
from tlray.io.journal.writer import Journal


class SqliteReads(
    SqliteConnected, BatchReads, SubmissionReads, ItemReads, DomainReads, TokenReads, TemplateReads, ScheduleReads, OutboxReads,
    EventReads, DiscoveryReads, RevisionReads,
    JournalReader,
):  # fmt: skip
    """The queries of a reader and of a journal."""

    @contextmanager
    def audit_copy(self, batch_id: str) -> Iterator[SqliteAuditCopy]:
        """Copy what the journal says of a batch, on a connection of its own."""
        row = self.batch(batch_id)
        db = self._open_again()
        try:
            yield SqliteAuditCopy(db, row)
        finally:
            db.close()

    def _open_again(self) -> sqlite3.Connection:
        return open_view(Path(self.place))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(error, sqlite3.DatabaseError):
            raise translated(error, self.place) from error


class SqliteReader(SqliteReads):
    """A reader of a home's journal, of whatever version of tlray (`tlray.io.journal.sqlite.read_only`)."""

    def __init__(self, home: Path) -> None:
        self.place = str(home)
        self._db = open_view(home)
        self._db.execute("PRAGMA query_only = ON")


class SqliteJournal(
    SqliteWriting, BatchWrites, SubmissionWrites, WorkWrites, DomainWrites, TokenWrites, TemplateWrites, ScheduleWrites,
    OutboxWrites, EventWrites, RevisionWrites, SqliteReads, Journal,
):  # fmt: skip
    """The journal of one home. Use it from one thread."""

    def __init__(self, path: Path, *, clock: Callable[[], ClockReading] = read_clock) -> None:
        with suppress(OSError):  # SQLite says what is wrong
            # before SQLite makes it: it gives the mode of this file to its others, -wal and -shm
            path.touch(mode=0o600)
            path.chmod(0o600)
        place = str(path.parent)
        try:
            db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.DatabaseError as error:
            raise translated(error, place) from error
        try:
            prepare(db, path)
        except sqlite3.DatabaseError as error:
            db.close()
            raise translated(error, place) from error
        except HomeUnusable:
            db.close()
            raise
        super().__init__(db, place, clock)
