"""A look at a home before Ray is started for it: a journal that cannot be read is told in one line, within a second."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tlray.errors import HomeUnusable
from tlray.io.disk.home import Home
from tlray.io.journal.reader import JournalReader


def see_that_it_can_be_read(home: Home) -> None:
    """Raise `HomeUnusable` where a coordinator could not begin: a journal that is damaged, or of a newer version."""
    try:
        if not home.exists() or _is_empty(home):
            return
        with JournalReader.of(home.path) as journal:
            journal.ask(lambda db: db.execute("SELECT id FROM batches LIMIT 1").fetchall())
    except sqlite3.DatabaseError as error:
        raise HomeUnusable(str(home.path), f"its journal cannot be read: {error}") from error
    except OSError as error:
        raise HomeUnusable(str(home.path), error.strerror or str(error)) from error


def _is_empty(home: Home) -> bool:
    """True for a journal without tables, which a coordinator that was killed at once has left; the next one makes them."""
    with closing(sqlite3.connect(f"{home.journal.absolute().as_uri()}?mode=rw", uri=True, timeout=10)) as db:
        return not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
