"""A read-only connection to a home's journal, of this or an older version of tlray.

A journal of an older version is copied and the copy is migrated: a temporary database, a file without a name that is gone when it
is closed. The journal itself stays as it is until a coordinator of this version starts in the home, because an older tlray may
still write it. Such a copy shows the moment at which it was made.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from tlray.errors import HomeUnusable
from tlray.io.disk.durable import can_write
from tlray.io.journal.sql.schema import SCHEMA_VERSION
from tlray.io.journal.sqlite.migrations import check_version, migrate, version_of

BEING_MADE_S: Final = 2.0
"""How long to wait for the tables of a new journal; its coordinator may have died before it made them."""
BUSY_S: Final = 10.0


def open_view(home: Path) -> sqlite3.Connection:
    """Return a connection to a home's journal in the current schema; `HomeUnusable` if it is missing or not readable."""
    path = home / "state.db"
    try:
        is_there = path.is_file()
    except OSError as error:  # this user may not look into the home
        raise HomeUnusable(str(home), f"{error.strerror} ({path})") from error
    if not is_there:
        raise _nothing_there(home)
    try:
        db = _connect(path)
        try:
            version = _version(db)
            check_version(version, path)
            view = db if version in (None, SCHEMA_VERSION) else _copy(db, path)
        except BaseException:
            db.close()
            raise
    except sqlite3.DatabaseError as error:
        raise _unreadable(home, error) from error
    if version is None or view is not db:
        db.close()
    if version is None:
        raise _nothing_there(home)
    return view


def is_without_tables(home: Path) -> bool:
    """True for a journal without tables: its coordinator was killed at once, and the next one makes them."""
    try:
        with closing(_connect(home / "state.db")) as db:
            return not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.DatabaseError as error:
        raise _unreadable(home, error) from error


def stored_version(home: Path) -> str:
    """Return the version of a home's journal; `HomeUnusable` if it is of a newer tlray, or not readable."""
    path = home / "state.db"
    try:
        with closing(_connect(path)) as db:
            version = version_of(db)
    except sqlite3.DatabaseError as error:
        raise _unreadable(home, error) from error
    check_version(version, path)
    return version or SCHEMA_VERSION


def _connect(path: Path) -> sqlite3.Connection:
    # not mode=ro: after a kill -9 the first process that opens the file must be able to replay its WAL
    how = "mode=rw" if can_write(path) or _has_log(path) else "mode=ro&immutable=1"
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}", uri=True, timeout=BUSY_S, isolation_level=None
    )


def _has_log(path: Path) -> bool:
    """Return True if something may write the journal just now, or was killed: then it is not all in its file."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def _version(db: sqlite3.Connection) -> str | None:
    """Return the version of a journal's tables, after a wait where it has none."""
    deadline = time.monotonic() + BEING_MADE_S
    while (version := version_of(db)) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return version


def _copy(db: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Return a migrated copy of an older journal."""
    copy = sqlite3.connect("", isolation_level=None)
    try:
        db.backup(copy)
        migrate(copy, path)
    except BaseException:
        copy.close()
        raise
    return copy


def _unreadable(home: Path, error: sqlite3.DatabaseError) -> HomeUnusable:
    reason = f"its journal cannot be read: {error}"
    path = home / "state.db"
    if not can_write(path) and _has_log(path):
        reason += ". Something wrote it last, or still does, and to read that SQLite writes beside the file: copy the home"
    return HomeUnusable(str(home), reason)


def _nothing_there(home: Path) -> HomeUnusable:
    return HomeUnusable(
        str(home), "there is no journal (state.db) in it; nothing was ever scraped into this home"
    )
