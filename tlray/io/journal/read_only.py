"""A connection that reads a home's journal, whichever version of tlray wrote it, and changes nothing in it.

A journal of an older version is copied, and the copy is brought up to date: a temporary database of SQLite's own, a file without
a name that is gone when it is closed. The journal itself stays as it is until a coordinator of this version works in the home: a
look does not take it away from the tlray that still writes it. Such a copy shows the moment at which it was made.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Final

from tlray.errors import HomeUnusable
from tlray.io.journal.migrations import bring_up_to_date, check_version, version_of
from tlray.io.journal.rows import SCHEMA_VERSION

BEING_MADE_S: Final = 2.0
"""How long a journal without any tables is waited for: a coordinator is making it, or died when it was going to."""
BUSY_S: Final = 10.0


def open_view(home: Path) -> sqlite3.Connection:
    """Return a connection to a home's journal with the tables of today; `HomeUnusable` where it is not there or not readable."""
    path = home / "state.db"
    if not path.is_file():
        raise _nothing_there(home)
    try:
        # not mode=ro: after a kill -9 whoever opens the file first must be able to replay its WAL
        uri = f"{path.absolute().as_uri()}?mode=rw"
        db = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
        try:
            version = _version(db)
            check_version(version, path)
            view = db if version in (None, SCHEMA_VERSION) else _copy(db, path)
        except BaseException:
            db.close()
            raise
    except sqlite3.DatabaseError as error:
        raise HomeUnusable(str(home), f"its journal cannot be read: {error}") from error
    if version is None or view is not db:
        db.close()
    if version is None:
        raise _nothing_there(home)
    return view


def _version(db: sqlite3.Connection) -> str | None:
    """Return the version of a journal's tables, once it has any."""
    deadline = time.monotonic() + BEING_MADE_S
    while (version := version_of(db)) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return version


def _copy(db: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Return a copy of an older journal, as if a tlray of today had written it."""
    copy = sqlite3.connect("", isolation_level=None)
    try:
        db.backup(copy)
        bring_up_to_date(copy, path)
    except BaseException:
        copy.close()
        raise
    return copy


def _nothing_there(home: Path) -> HomeUnusable:
    return HomeUnusable(
        str(home), "there is no journal (state.db) in it; nothing was ever scraped into this home"
    )
