"""Open a home's journal, as its one writer or as a reader beside it. This is the place that chooses the database."""

from __future__ import annotations

from pathlib import Path

from tlray.io.disk.durable import disk_errors
from tlray.io.disk.home import Home
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.sqlite.journal import SqliteJournal, SqliteReader
from tlray.io.journal.sqlite.read_only import is_without_tables
from tlray.io.journal.writer import Journal


def open_journal(home: Home) -> Journal:
    """Open the journal of a home that this process holds; created if it is missing, migrated if it is older."""
    return SqliteJournal(home.journal)


def open_reader(home: Path) -> JournalReader:
    """Open a home's journal for reading; `HomeUnusable` if there is none or it is not readable."""
    return SqliteReader(home)


def require_readable(home: Home) -> None:
    """Raise `HomeUnusable` where a coordinator could not start: a journal that is damaged, or of a newer version."""
    with disk_errors(home.path):
        if home.exists() and not is_without_tables(home.path):
            with open_reader(home.path) as journal:
                journal.count_batches()
