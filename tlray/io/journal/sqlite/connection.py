"""A connection to ``state.db``: read blocks, transactions, the fencing number, and SQLite's errors in our own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tlray.core.submission.lines import Entry
from tlray.errors import HomeUnusable, InvariantBroken, StorageFull
from tlray.io.journal.sql.connection import Connected, Writing


class SqliteConnected(Connected):
    """A connection that reads."""

    _db: sqlite3.Connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read at one moment; a block within another one, or within a transaction, is part of that."""
        if self._db.in_transaction:
            yield
            return
        try:
            self._db.execute("BEGIN")
            yield
        except sqlite3.DatabaseError as error:
            raise translated(error, self.place) from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def damage(self) -> list[str]:
        try:
            said = [row[0] for row in self._db.execute("PRAGMA quick_check(20)")]
        except sqlite3.DatabaseError as error:
            said = [str(error)]
        return [text for text in said if text != "ok"]

    def last_numbers(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT name, seq FROM sqlite_sequence").fetchall())


class SqliteWriting(SqliteConnected, Writing):
    """A connection that writes."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._db.in_transaction:
            yield
            return
        before = self._incarnation
        try:
            self._db.execute("BEGIN IMMEDIATE")
            if before is not None:
                self._require_incarnation(self._meta("incarnation"))
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            self._incarnation = before
            self._forget_numbers()
            if self._db.in_transaction:  # a full disk has rolled back already
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError):
                raise translated(error, self.place) from error
            raise

    def number_on(self, table: str, last: int) -> None:
        with self.transaction():
            self._db.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, table))
            self._db.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2"
                " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
                (table, last),
            )

    def _insert_items(self, batch: int, entries: Sequence[Entry]) -> tuple[int, list[tuple[Entry, int]]]:
        n_items = 0
        known: list[tuple[Entry, int]] = []
        for entry in entries:
            cursor = self._db.execute(
                "INSERT INTO items (batch, line, domain, url, fingerprint, fetch_url, state)"
                " VALUES (?, ?, ?, ?, ?, ?, 'queued') ON CONFLICT DO NOTHING",
                (
                    batch,
                    entry.line,
                    self._domain_number(entry.domain),
                    entry.url,
                    entry.fingerprint,
                    entry.source,
                ),
            )
            n_items += cursor.rowcount
            if not cursor.rowcount:
                (first,) = self._db.execute(
                    "SELECT line FROM items WHERE batch = ? AND fingerprint = ?", (batch, entry.fingerprint)
                ).fetchone()
                known.append((entry, first))
        return n_items, known


def translated(error: sqlite3.DatabaseError, place: str) -> Exception:
    """Return our own error for one of SQLite's."""
    text = str(error)
    if "full" in text:
        return StorageFull(place)
    if isinstance(error, sqlite3.IntegrityError):
        return InvariantBroken(f"the journal {place} refuses a change: {text}")
    return HomeUnusable(place, f"its journal cannot be used: {text}")
