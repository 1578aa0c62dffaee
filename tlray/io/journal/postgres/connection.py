"""A connection to a PostgreSQL server: statements, the way back after it was lost, and its errors in our own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

import psycopg
from psycopg import errors
from psycopg.types.string import StrDumper

from tlray.errors import CannotFinish, InvariantBroken, JournalLost, JournalUnusable, StorageFull
from tlray.io.journal.postgres.bounded import BoundedConnection, is_answering
from tlray.io.journal.postgres.database import Database
from tlray.io.journal.postgres.translation import (
    copy_statement,
    in_waves,
    over_arrays,
    parameters_of,
    translate,
)
from tlray.io.journal.sql.connection import Cursor

T = TypeVar("T")
logger = logging.getLogger(__name__)
MIN_SERVER: Final = 12
RETRY_S: Final = 0.2
"""Seconds between two tries to connect; they grow to `MAX_RETRY_S`."""
MAX_RETRY_S: Final = 2.0
_FOR_GOOD: Final = (
    "authentication failed", "no password supplied", "pg_hba.conf", "does not exist", "permission denied", "SSL",
    "not allowed to log in", "could not translate host name",
)  # fmt: skip
"""In a refusal that does not go away by itself."""


class _Text(StrDumper):
    """Text for PostgreSQL, which stores no NUL."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


class PostgresConnection:
    """The part of `sqlite3.Connection` that the statements use, on psycopg. Errors are tlray's own.

    Where the server is lost outside a transaction, a statement waits for it up to ``wait_s`` and is run again.
    """

    def __init__(
        self, database: Database, home: str, *, settings: str, wait_s: float, on_connect: Callable[[], None]
    ) -> None:
        self.database, self._home = database, home
        self._settings, self._on_connect = settings, on_connect
        self.wait_s = wait_s
        self.in_transaction = False
        self._away_since: float | None = None
        self._db: BoundedConnection | None = None

    @property
    def is_lost(self) -> bool:
        """True if there is no connection."""
        return self._db is None or self._db.closed

    @property
    def has_given_up(self) -> bool:
        """True if the server was waited for in vain, and has not been reached since."""
        return self._away_since is not None

    def connect(self) -> None:
        """Connect, after a wait for a server that is away for a while; `JournalLost` or `JournalUnusable`.

        The wait is one for each time that the server is away, however many statements want it.
        """
        self.in_transaction = False
        if self._away_since is None:
            self._away_since = time.monotonic()
        pause_s = RETRY_S
        while True:
            try:
                self._connect()
            except JournalLost as error:
                if time.monotonic() + pause_s >= self._away_since + self.wait_s:
                    raise
                logger.warning("journal is away database=%s reason=%s", self.database.name, error.args[1])
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, MAX_RETRY_S)
            else:
                self._away_since = None
                return

    def _connect(self) -> None:
        self.close()
        try:
            db = BoundedConnection.connect(**self.database.conninfo, autocommit=True)  # type: ignore[arg-type]
        except psycopg.Error as error:
            reason = self.database.without_secret(str(error))
            kind = JournalUnusable if any(word in reason for word in _FOR_GOOD) else JournalLost
            raise kind(self.database.name, reason) from None
        self._db = db
        db.answers = lambda: is_answering(self.database.conninfo)
        db.adapters.register_dumper(str, _Text)
        version = db.info.server_version // 10_000
        encoding = db.info.parameter_status("server_encoding")
        if version < MIN_SERVER or encoding != "UTF8":
            self.close()
            found = f"PostgreSQL {version}" if version < MIN_SERVER else f"a database of encoding {encoding}"
            raise JournalUnusable(
                self.database.name, f"it is {found}; tlray needs {MIN_SERVER} or newer, and UTF8"
            )
        self._run(lambda: db.execute(self._settings))
        self._on_connect()

    def close(self) -> None:
        """Close it; what is in a transaction is undone."""
        self.in_transaction = False
        if self._db is not None:
            self._db.close()

    def begin(self, sql: str) -> Any:
        """Begin a transaction with statements without values, and return the row of the last one, if it has any."""

        def run() -> Any:
            cursor = self._ready.execute(sql)
            while cursor.nextset():
                pass
            return cursor.fetchone() if cursor.description else None

        row = self._run(run)
        self.in_transaction = True
        return row

    def commit(self) -> None:
        """Commit; `JournalLost` where nobody knows whether it was."""
        self._run(lambda: self._ready.execute("COMMIT"))
        self.in_transaction = False

    def rollback(self) -> None:
        """Undo the transaction, on the server or with the connection."""
        if not self.in_transaction:
            return
        self.in_transaction = False
        try:
            if not self.is_lost:
                self._ready.execute("ROLLBACK")
        except psycopg.Error:
            self.close()

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """Run one statement."""
        text, is_named = translate(sql)
        values = parameters_of(is_named, parameters)

        def run() -> psycopg.Cursor[Any]:
            cursor = psycopg.ClientCursor(self._ready) if is_named else self._ready.cursor()
            return cursor.execute(text, values)

        return self._run(run)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
        """Run one statement for many rows: as a COPY, or over arrays."""
        cursor = self._ready.cursor()
        if (copy := copy_statement(sql)) is not None:
            self._run(lambda: _copy(cursor, copy, parameters))
            return cursor
        rows = list(parameters)
        for wave in in_waves(sql, rows) if rows else ():
            text, arrays = over_arrays(sql, wave)
            self._run(lambda text=text, arrays=arrays: cursor.execute(text, arrays))  # type: ignore[misc]
        return cursor

    def stream(self, sql: str, parameters: Any = ()) -> Iterator[Any]:
        """Yield the rows of a query within a transaction, some thousand at a time (a cursor of the server)."""
        text, is_named = translate(sql)
        with self._ready.cursor(name="stream") as cursor:
            cursor.itersize = 5_000
            self._run(lambda: cursor.execute(text, parameters_of(is_named, parameters)))
            yield from cursor

    @property
    def _ready(self) -> BoundedConnection:
        if self._db is None or (self._db.closed and not self.in_transaction):
            self.connect()
        return self._db  # type: ignore[return-value]

    def _run(self, action: Callable[[], T]) -> T:
        """Run an action; outside a transaction once more after the connection was lost."""
        try:
            return action()
        except psycopg.Error as error:
            if not self.is_lost or self.in_transaction:
                raise self._translated(error) from error
        self.connect()
        try:
            return action()
        except psycopg.Error as error:
            raise self._translated(error) from error

    def _translated(self, error: psycopg.Error) -> Exception:
        """Return our own error for one of PostgreSQL's."""
        reason = self.database.without_secret(str(error))
        if self.is_lost:
            return JournalLost(self.database.name, reason)
        if isinstance(error, (errors.DiskFull, errors.OutOfMemory)):
            return StorageFull(self._home)
        if isinstance(error, errors.IntegrityError):
            return InvariantBroken(f"the journal {self.database.name} refuses a change: {reason}")
        if isinstance(error, (errors.LockNotAvailable, errors.QueryCanceled, errors.DeadlockDetected)):
            return CannotFinish(f"the journal {self.database.name} is not free: {reason}; try again")
        return JournalUnusable(self.database.name, reason)


def _copy(cursor: psycopg.Cursor[Any], statement: str, rows: Iterable[Any]) -> None:
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
