"""A connection to a journal's database, and what every verb of a reader or a writer uses of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from tlray.core.submission.lines import Entry
from tlray.errors import HomeInUse, NoSuchBatch
from tlray.io.journal.clock import ClockReading, jump_s
from tlray.io.journal.sql.schema import columns

P = ParamSpec("P")
T = TypeVar("T")
W = TypeVar("W", bound="Writing")
NO_LIMIT = 2**62
"""A limit that no query reaches."""
NAMES_AT_ONCE = 1_000
_OF_BATCH = {
    "batches": "id = ?", "items": "batch = ?", "refused_lines": "batch = ?", "parts": "batch = ?",
    "attempts": "item IN (SELECT id FROM items WHERE batch = ?)",
}  # fmt: skip


class Cursor(Protocol):
    """The rows that a statement returns, or the number of those that it changed."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """The part of `sqlite3.Connection` that the statements of the journal use."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor: ...

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor: ...

    def close(self) -> None: ...


class Connected:
    """A connection, shared by the classes that a reader or a journal is made of."""

    _db: Connection
    place: str

    def close(self) -> None:
        self._db.close()

    def rows(self, table: str, *, batch: int | None = None) -> Iterator[Sequence[Any]]:
        where = "" if batch is None else f" WHERE {_OF_BATCH[table]}"
        sql = f"SELECT {_names(table)} FROM {table}{where} ORDER BY 1"
        yield from self._stream(sql, () if batch is None else (batch,))

    def _stream(self, sql: str, parameters: Sequence[Any]) -> Iterator[Any]:
        """Yield the rows of a query that may have very many."""
        yield from self._db.execute(sql, parameters)

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

    def __init__(self, db: Connection, place: str, clock: Callable[[], ClockReading]) -> None:
        self._db = db
        self.place = place
        self._clock = clock
        self._read_at: ClockReading | None = None
        self._incarnation: int | None = None
        self._domain_ids: dict[str, int] = {}
        self._batch_ids: dict[str, int] = {}
        self._done_seq: int | None = None

    def transaction(self) -> AbstractContextManager[None]:
        """Write all of a block or nothing; a block within another one is part of it."""
        raise NotImplementedError

    def _transact(self, verb: Callable[[], T]) -> T:
        """Run a verb in a transaction."""
        with self.transaction():
            return verb()

    def take_rows(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        def take() -> None:
            if table != "meta":
                self._db.executemany(insert_into(table), rows)
                return
            for key, value in rows:
                if key != "schema":
                    self._set_meta(key, value)

        self._transact(take)

    def _insert_items(self, batch: int, entries: Sequence[Entry]) -> tuple[int, list[tuple[Entry, int]]]:
        """Add items to a batch. Return how many are new, and the entries whose page it has, each with that one's line."""
        raise NotImplementedError

    def _require_incarnation(self, now: str | None) -> None:
        """Refuse to write where a later incarnation, ``now``, has taken over."""
        if self._incarnation is not None and now != str(self._incarnation):
            raise HomeInUse(
                self.place, f"coordinator life {now}, which took over from life {self._incarnation}"
            )

    def _forget_numbers(self) -> None:
        """Drop numbers that may have been given in what is undone now."""
        self._domain_ids.clear()
        self._batch_ids.clear()
        self._done_seq = None

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
            if (ended_at := self._meta("ended_at")) is not None:
                self._set_meta("ended_at", str(float(ended_at) + jump))
            self._db.execute("UPDATE notices SET due_at = due_at + ? WHERE due_at IS NOT NULL", (jump,))
        self._set_meta("clock", json.dumps(asdict(now)))
        self._read_at = now

    def _set_meta(self, key: str, value: str) -> None:
        self._db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    def _done_numbers(self, n: int) -> Iterator[int]:
        """Return the next ``n`` numbers of results (`tlray.io.journal.rows.DoneRow`), and store the last one."""
        if n:
            last = int(self._meta("done_seq") or 0) if self._done_seq is None else self._done_seq
            self._done_seq = last + n
            self._set_meta("done_seq", str(self._done_seq))
            yield from range(last + 1, last + n + 1)

    def _domain_number(self, name: str) -> int:
        """Return a domain's number, a new one if it has none."""
        if name not in self._domain_ids:
            self._number_domains((name,))
        return self._domain_ids[name]

    def _number_domains(self, names: Iterable[str]) -> None:
        """Look up the numbers of domains, all at once; those that have none get one."""
        new = [name for name in dict.fromkeys(names) if name not in self._domain_ids]
        for begin in range(0, len(new), NAMES_AT_ONCE):
            some = new[begin : begin + NAMES_AT_ONCE]
            self._db.executemany(
                "INSERT INTO domains (name) VALUES (?) ON CONFLICT (name) DO NOTHING",
                [(name,) for name in some],
            )
            marks = ", ".join("?" * len(some))
            rows = self._db.execute(f"SELECT name, id FROM domains WHERE name IN ({marks})", some)
            self._domain_ids.update(rows.fetchall())

    def _batch_number(self, batch_id: str) -> int:
        if (number := self._batch_ids.get(batch_id)) is None:
            number = self._batch_ids[batch_id] = super()._batch_number(batch_id)
        return number


def _names(table: str) -> str:
    return ", ".join(f'"{name}"' for name in columns()[table])


def insert_into(table: str) -> str:
    """Return the statement that adds a row of `Connected.rows`."""
    return f"INSERT INTO {table} ({_names(table)}) VALUES ({', '.join('?' * len(columns()[table]))})"


def transactional(verb: Callable[Concatenate[W, P], T]) -> Callable[Concatenate[W, P], T]:
    """Make a verb one transaction, or part of the one around it."""

    @wraps(verb)
    def run(self: W, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._transact(lambda: verb(self, *args, **kwargs))

    return run
