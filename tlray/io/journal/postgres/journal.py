"""`PostgresJournal` and `PostgresReader`: the protocols of `tlray.io.journal` on a schema of a PostgreSQL database."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, Final

from tlray.errors import HomeUnusable
from tlray.io.journal.audit_copy import AuditCopy
from tlray.io.journal.clock import ClockReading, read_clock
from tlray.io.journal.postgres.connection import PostgresConnection
from tlray.io.journal.postgres.database import Database
from tlray.io.journal.postgres.schema import check_version, create, is_upgradable, upgrade, version_of
from tlray.io.journal.postgres.writing import PostgresWriting, holder_in
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.sql.batches import BatchReads, BatchWrites
from tlray.io.journal.sql.commit import WorkWrites
from tlray.io.journal.sql.connection import Connected
from tlray.io.journal.sql.discovery import DiscoveryReads
from tlray.io.journal.sql.domains import DomainReads, DomainWrites
from tlray.io.journal.sql.events import EventReads, EventWrites
from tlray.io.journal.sql.items import ItemReads
from tlray.io.journal.sql.outbox import OutboxReads, OutboxWrites
from tlray.io.journal.sql.revisions import RevisionReads, RevisionWrites
from tlray.io.journal.sql.schedules import ScheduleReads, ScheduleWrites
from tlray.io.journal.sql.schema import NUMBERED, columns
from tlray.io.journal.sql.submission import SubmissionReads, SubmissionWrites
from tlray.io.journal.sql.templates import TemplateReads, TemplateWrites
from tlray.io.journal.sql.tokens import TokenReads, TokenWrites
from tlray.io.journal.sqlite.audit_copy import audit_elsewhere
from tlray.io.journal.writer import Journal

READER_WAIT_S: Final = 10.0
"""Seconds for which a reader that was connected waits for a server that restarts."""
IDLE_S: Final = 10
"""Seconds after which the server ends a writer that is silent within a transaction: one that was stopped, or cut off."""
LOCK_S: Final = 20
_READING: Final = "SET search_path TO {schema}; SET application_name TO 'tlray reader'"
_RIGHTS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
_WRITING: Final = (
    "SET search_path TO {schema}; SET application_name TO '{name}'; SET lock_timeout TO '{lock_s}s';"
    " SET idle_in_transaction_session_timeout TO '{idle_s}s'; SET tcp_user_timeout TO 5000;"
    " SET tcp_keepalives_idle TO 2; SET tcp_keepalives_interval TO 1; SET tcp_keepalives_count TO 3"
)


class PostgresConnected(Connected):
    """A connection that reads."""

    _db: PostgresConnection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read at one moment; a block within another one, or within a transaction, is part of that."""
        if self._db.in_transaction:
            yield
            return
        self._db.begin("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            yield
        finally:
            self._db.rollback()

    def damage(self) -> list[str]:
        """Return nothing: the server checks its own storage (``data_checksums``, ``pg_amcheck``)."""
        return []

    def last_numbers(self) -> dict[str, int]:
        numbers = {}
        for table, named in columns().items():
            if named[0] in NUMBERED:
                sequence = f"{self._db.database.schema}.{table}_{named[0]}_seq"
                sql = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"
                (numbers[table],) = self._db.execute(sql).fetchone() or (0,)
        return numbers

    def _stream(self, sql: str, parameters: Sequence[Any]) -> Iterator[Any]:
        yield from self._db.stream(sql, parameters)


class PostgresReads(
    PostgresConnected, BatchReads, SubmissionReads, ItemReads, DomainReads, TokenReads, TemplateReads, ScheduleReads,
    OutboxReads, EventReads, DiscoveryReads, RevisionReads,
    JournalReader,
):  # fmt: skip
    """The queries of a reader and of a journal."""

    def audit_copy(self, batch_id: str) -> AbstractContextManager[AuditCopy]:
        """Copy what the journal says of a batch; the comparison is SQLite's."""
        return audit_elsewhere(self, batch_id)


class PostgresReader(PostgresReads):
    """A reader of a journal; `HomeUnusable` if there is none. ``place`` is its home in messages."""

    def __init__(self, database: Database, place: str) -> None:
        self.place = place
        self._db = _reading(database, place)
        try:
            _require_tables(self._db, place)
        except BaseException:
            self._db.close()
            raise
        self._db.wait_s = READER_WAIT_S


class PostgresJournal(
    PostgresWriting, BatchWrites, SubmissionWrites, WorkWrites, DomainWrites, TokenWrites, TemplateWrites, ScheduleWrites,
    OutboxWrites, EventWrites, RevisionWrites, PostgresReads, Journal,
):  # fmt: skip
    """The journal of one home. Use it from one thread.

    With ``is_held`` it has the lock of the home's writer for as long as it is open; `HomeInUse` if another writer does.
    """

    def __init__(
        self,
        database: Database,
        place: str,
        *,
        home_id: str = "",
        is_held: bool = False,
        wait_s: float = 0.0,
        clock: Callable[[], ClockReading] = read_clock,
    ) -> None:
        self._is_held = is_held
        name = f"tlray {os.getpid()} on {socket.gethostname()}".replace("'", "")[:63]
        settings = _WRITING.format(schema=database.schema, name=name, lock_s=LOCK_S, idle_s=IDLE_S)
        db = PostgresConnection(database, place, settings=settings, wait_s=wait_s, on_connect=self._hold)
        super().__init__(db, place, clock)
        try:
            db.connect()
            if (version := version_of(db)) is None:
                create(db)
            upgrade(db, version)
            _require_tables(db, place)
            self._begin_here(home_id)
        except BaseException:
            db.close()
            raise


def _reading(database: Database, place: str, *, wait_s: float = 0.0) -> PostgresConnection:
    settings = _READING.format(schema=database.schema)
    db = PostgresConnection(database, place, settings=settings, wait_s=wait_s, on_connect=lambda: None)
    db.connect()
    return db


def is_there(database: Database, place: str, *, wait_s: float = 0.0) -> bool:
    """Return True if a database has a journal, of whatever version."""
    with closing(_reading(database, place, wait_s=wait_s)) as db:
        return version_of(db) is not None


def bring_up_to_date(database: Database, place: str) -> None:
    """Do what the next writer would do with tables of an older version; `HomeInUse` while an older coordinator is at work."""
    with closing(_reading(database, place)) as db:
        is_older = is_upgradable(version_of(db))
    if is_older:
        PostgresJournal(database, place, is_held=True).close()


def holder_of(database: Database, place: str) -> str | None:
    """Return who writes the journal of a database now; None where nobody does."""
    with closing(_reading(database, place)) as db:
        return holder_in(db)


def inspect_rights(database: Database, place: str) -> tuple[list[str], float]:
    """Return the rights that the user lacks, and by how many seconds the server's clock is ahead of ours."""
    with closing(_reading(database, place)) as db:
        needs = {"TEMPORARY on the database": "has_database_privilege(current_database(), 'TEMP')"}
        if version_of(db) is None:
            needs["CREATE on the database"] = "has_database_privilege(current_database(), 'CREATE')"
        else:
            table = f"'{database.schema}.items'"
            needs |= {
                f"{right} on {table[1:-1]}": f"has_table_privilege({table}, '{right}')" for right in _RIGHTS
            }
        asked_at = time.time()
        moment, *has = db.execute(
            f"SELECT extract(epoch FROM clock_timestamp()), {', '.join(needs.values())}"
        ).fetchone()
    return [need for need, is_there in zip(needs, has, strict=True) if not is_there], float(moment) - asked_at


def _require_tables(db: PostgresConnection, place: str) -> None:
    """Raise `HomeUnusable` where there is no journal, `JournalUnusable` where it is of another version."""
    version = version_of(db)
    check_version(db, version)
    if version is None:
        reason = f"there is no journal in {db.database.name}; nothing was ever scraped into this home"
        raise HomeUnusable(place, reason)
