"""A connection to ``state.db``: read blocks, transactions, the fencing number, and SQLite's errors in our own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from tlray.errors import HomeInUse, HomeUnusable, InvariantBroken, NoSuchBatch, StorageFull
from tlray.io.journal.clock import ClockReading, jump_s

P = ParamSpec("P")
T = TypeVar("T")
W = TypeVar("W", bound="Writing")


class Connected:
    """A connection, shared by the classes that a reader or a journal is made of."""

    _db: sqlite3.Connection
    place: str

    def close(self) -> None:
        self._db.close()

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

    def _meta(self, key: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def _batch_number(self, batch_id: str) -> int:
        """Return a batch's number; `NoSuchBatch` if there is none."""
        row = self._db.execute("SELECT id FROM batches WHERE batch_id = ?", (batch_id,)).fetchone()
        if row is None:
            raise NoSuchBatch(batch_id, self.place)
        return int(row[0])


class Writing(Connected):
    """A connection that writes."""

    def __init__(self, db: sqlite3.Connection, place: str, clock: Callable[[], ClockReading]) -> None:
        self._db = db
        self.place = place
        self._clock = clock
        self._read_at: ClockReading | None = None
        self._incarnation: int | None = None
        self._domain_ids: dict[str, int] = {}
        self._batch_ids: dict[str, int] = {}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of a block or nothing; a block within another one is part of it."""
        if self._db.in_transaction:
            yield
            return
        before = self._incarnation
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._require_incarnation()
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            self._incarnation = before
            self._domain_ids.clear()  # some may have been numbered in what is undone now
            self._batch_ids.clear()
            if self._db.in_transaction:  # a full disk has rolled back already
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError):
                raise translated(error, self.place) from error
            raise

    def _require_incarnation(self) -> None:
        """Refuse to write once a later incarnation has taken over."""
        if self._incarnation is not None and (now := self._meta("incarnation")) != str(self._incarnation):
            raise HomeInUse(
                self.place, f"coordinator life {now}, which took over from life {self._incarnation}"
            )

    def _note_clock(self) -> None:
        """Store both clocks; where the wall clock has jumped, move the stored moments along."""
        before, now = self._read_at, self._clock()
        if before is not None and (jump := jump_s(before, now)):
            self._db.execute(
                "UPDATE items SET due_at = due_at + ?, snoozed_since = snoozed_since + ? WHERE state = 'waiting'",
                (jump, jump),
            )
            self._db.execute(
                "UPDATE domains SET cool_until = cool_until + ?, last_fetch_at = last_fetch_at + ?,"
                " robots_at = robots_at + ?",
                (jump, jump, jump),
            )
            self._db.execute("UPDATE notices SET due_at = due_at + ? WHERE due_at IS NOT NULL", (jump,))
        self._set_meta("clock", json.dumps(asdict(now)))
        self._read_at = now

    def _set_meta(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _domain_number(self, name: str) -> int:
        """Return a domain's number, a new one if it has none."""
        if (number := self._domain_ids.get(name)) is None:
            self._db.execute("INSERT OR IGNORE INTO domains (name) VALUES (?)", (name,))
            (number,) = self._db.execute("SELECT id FROM domains WHERE name = ?", (name,)).fetchone()
            self._domain_ids[name] = number
        return number

    def _batch_number(self, batch_id: str) -> int:
        if (number := self._batch_ids.get(batch_id)) is None:
            number = self._batch_ids[batch_id] = super()._batch_number(batch_id)
        return number


def transactional(verb: Callable[Concatenate[W, P], T]) -> Callable[Concatenate[W, P], T]:
    """Make a verb one transaction, or part of the one around it."""

    @wraps(verb)
    def run(self: W, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.transaction():
            return verb(self, *args, **kwargs)

    return run


def translated(error: sqlite3.DatabaseError, place: str) -> Exception:
    """Return our own error for one of SQLite's."""
    text = str(error)
    if "full" in text:
        return StorageFull(place)
    if isinstance(error, sqlite3.IntegrityError):
        return InvariantBroken(f"the journal {place} refuses a change: {text}")
    return HomeUnusable(place, f"its journal cannot be used: {text}")
