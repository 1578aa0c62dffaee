"""Open a home's journal, as its one writer or as a reader beside it. This is the place that chooses the database."""

from __future__ import annotations

from pathlib import Path

from tlray.errors import HomeUnusable
from tlray.io.disk.home import Home
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.sqlite.journal import SqliteJournal, SqliteReader
from tlray.io.journal.sqlite.read_only import is_without_tables
from tlray.io.journal.writer import Journal


def open_journal(home: Home) -> Journal:
    """Open the journal of a home that this process holds; made where it is not, brought up to date where it is older."""
    return SqliteJournal(home.journal)


def open_reader(home: Path) -> JournalReader:
    """Open a home's journal for reading; `HomeUnusable` if there is none or it is not readable."""
    return SqliteReader(home)


def require_readable(home: Home) -> None:
    """Raise `HomeUnusable` where a coordinator could not start: a journal that is damaged, or of a newer version."""
    try:
        if not home.exists() or is_without_tables(home.path):
            return
        with open_reader(home.path) as journal:
            journal.batches(limit=1)
    except OSError as error:
        raise HomeUnusable(str(home.path), error.strerror or str(error)) from error
