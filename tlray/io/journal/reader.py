"""Questions to a home's journal, beside a living coordinator or without any; nothing is changed by them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.submission.lines import RefusedLine
from tlray.errors import NoSuchBatch
from tlray.io.journal.read_only import open_view
from tlray.io.journal.rows import BatchOptions, BatchRow, Counts, DomainRow, PartRow

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt of an item's story."""

    attempt: int
    started_at: float | None
    node: str | None
    kind: str
    reason: str | None
    status: int | None
    latency_s: float | None
    part: str | None
    raw_offset: int | None
    raw_length: int | None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item."""

    item_id: int
    line: int
    url: str
    fingerprint: str
    domain: str
    state: ItemState
    attempt: int
    n_lost: int
    reason: str | None
    part: str | None


@dataclass(frozen=True, slots=True)
class OpenRow:
    """How much of a batch is not final."""

    batch_id: str
    owner: str
    is_receiving: bool
    n_open: int


class JournalReader:
    """Questions to a home's journal."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._db = open_view(home)
        self._db.execute("PRAGMA query_only = ON")

    @classmethod
    @contextmanager
    def of(cls, home: Path) -> Iterator[JournalReader]:
        """Open a home's journal and close it again."""
        reader = cls(home)
        try:
            yield reader
        finally:
            reader._db.close()

    def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Put a question that is said in a file of its own (``journal_….py``)."""
        return question(self._db)

    def list_batches(self) -> list[tuple[BatchRow, dict[ItemState, int]]]:
        """Return every batch with its counts, the newest first."""
        ids = [
            row[0]
            for row in self._db.execute(
                "SELECT batch_id FROM batches WHERE state != 'receiving' ORDER BY id DESC"
            )
        ]
        return [(row, self.totals(row)) for row in map(self.row, ids)]

    def totals(self, row: BatchRow) -> dict[ItemState, int]:
        """Return a batch's items by state; of a finished one without a look at each of them."""
        if row.state.is_final and row.counts is not None:
            return {state: n for state, n in row.counts.items() if n}
        return totals(self.get(row.batch_id)[1])

    def get(self, batch_id: str) -> tuple[BatchRow, Counts]:
        """Return a batch and its counts by domain; `NoSuchBatch` if there is none."""
        found = self.batch(self._db, batch_id)
        if found is None:
            raise NoSuchBatch(batch_id, str(self.home))
        return found

    def domain(self, name: str) -> DomainRow | None:
        """Return what is remembered of a domain."""
        return self.domain_row(self._db, name)

    def row(self, batch_id: str) -> BatchRow:
        """Return a batch without its counts; `NoSuchBatch` if there is none."""
        found = self.batch_row(self._db, batch_id)
        if found is None:
            raise NoSuchBatch(batch_id, str(self.home))
        return found

    def items(
        self, batch_id: str, state: ItemState | None = None, *, after_id: int = 0, limit: int = -1
    ) -> Iterator[ItemRow]:
        """Yield a batch's items in the order of its list."""
        row = self.row(batch_id)
        sql = (
            "SELECT i.id, i.line, i.url, i.fingerprint, d.name, i.state, i.attempt, i.n_lost, i.reason,"
            " i.part FROM items i JOIN domains d ON d.id = i.domain WHERE i.batch = ? AND i.id > ?"
            " AND (? IS NULL OR i.state = ?) ORDER BY i.id LIMIT ?"
        )
        value = state.value if state else None
        for r in self._db.execute(sql, (row.id, after_id, value, value, limit)):
            values: list[Any] = [*r[:5], ItemState(r[5]), *r[6:]]
            yield ItemRow(*values)

    def story(self, item_id: int) -> list[AttemptRow]:
        """Return an item's attempts, the first one first."""
        rows = self._db.execute(
            "SELECT attempt, started_at, node, kind, reason, status, latency_s, part, raw_offset, raw_length"
            " FROM attempts WHERE item = ? ORDER BY id",
            (item_id,),
        )
        return [AttemptRow(*row) for row in rows]

    def died_before(self, item: ItemRow) -> tuple[int, bool]:
        """Return in how many other batches the same page is a dead letter, and whether any batch has ever had it."""
        (n_dead,) = self._db.execute(
            "SELECT count(DISTINCT batch) FROM items WHERE fingerprint = ? AND state = 'dead'"
            " AND batch != (SELECT batch FROM items WHERE id = ?)",
            (item.fingerprint, item.item_id),
        ).fetchone()
        had = self._db.execute(
            "SELECT 1 FROM items WHERE fingerprint = ? AND state = 'succeeded' LIMIT 1", (item.fingerprint,)
        ).fetchone()
        return n_dead, had is not None

    def refused_lines(self, batch_id: str, limit: int = -1) -> list[RefusedLine]:
        """Return the lines of a batch's list that made no item."""
        row = self.row(batch_id)
        rows = self._db.execute(
            "SELECT line, text, reason, first_line FROM refused_lines WHERE batch = ? ORDER BY line LIMIT ?",
            (row.id, limit),
        )
        return [RefusedLine(*r) for r in rows]

    def manifest(self, batch_id: str) -> list[PartRow]:
        """Return a batch's parts."""
        return self.parts(self._db, batch_id)

    def open_items(self) -> list[OpenRow]:
        """Return how many items of each batch are not final; looks at all items of the batches that are not finished."""
        found = self._db.execute(
            "SELECT b.batch_id, b.owner, b.state = 'receiving', (SELECT count(*) FROM items i WHERE i.batch = b.id"
            " AND i.state IN ('queued', 'waiting', 'leased')) FROM batches b"
            " WHERE b.state NOT IN ('completed', 'cancelled') ORDER BY b.id"
        )
        return [OpenRow(r[0], r[1], bool(r[2]), r[3]) for r in found]

    @staticmethod
    def batch_row(db: sqlite3.Connection, batch_id: str) -> BatchRow | None:
        """Return a batch without its counts, which would take a look at all of its items; None if there is none."""
        r = db.execute(
            "SELECT id, batch_id, name, state, priority, options, created_at, finished_at, n_duplicates,"
            " n_rejected, n_sets, n_tracks, n_retries, n_blocked, elapsed_s, is_dormant, n_answered, owner, counts, version"
            " FROM batches WHERE batch_id = ?",
            (batch_id,),
        ).fetchone()
        if r is None:
            return None
        options = BatchOptions.from_json(json.loads(r[5]))
        values: list[Any] = [
            *r[:3],
            BatchState(r[3]),
            Priority(r[4]),
            options,
            *r[6:15],
            bool(r[15]),
            *r[16:18],
            None if r[18] is None else {ItemState(state): n for state, n in json.loads(r[18]).items()},
            r[19],
        ]
        return BatchRow(*values)

    @classmethod
    def batch(cls, db: sqlite3.Connection, batch_id: str) -> tuple[BatchRow, Counts] | None:
        """Return a batch and its counts by domain and state; None if there is none."""
        row = cls.batch_row(db, batch_id)
        if row is None:
            return None
        counts: Counts = {}
        for domain, state, n in db.execute(
            "SELECT d.name, i.state, count(*) FROM items i JOIN domains d ON d.id = i.domain"
            " WHERE i.batch = ? GROUP BY i.domain, i.state",
            (row.id,),
        ):
            counts.setdefault(domain, {})[ItemState(state)] = n
        return row, counts

    @staticmethod
    def domain_row(db: sqlite3.Connection, name: str) -> DomainRow | None:
        """Return what is remembered of a domain, or None."""
        row = db.execute(
            "SELECT name, robots_text, robots_at, crawl_delay_s, cool_until, cool_reason, n_blocks,"
            " last_fetch_at FROM domains WHERE name = ?",
            (name,),
        ).fetchone()
        return DomainRow(*row) if row else None

    @staticmethod
    def parts(db: sqlite3.Connection, batch_id: str) -> list[PartRow]:
        """Return a batch's manifest, in the order of the stems."""
        found = db.execute(
            "SELECT p.stem, b.batch_id, p.n_sets, p.n_tracks, p.n_bytes, p.has_rows, p.has_pages"
            " FROM parts p JOIN batches b ON b.id = p.batch WHERE b.batch_id = ? ORDER BY p.stem",
            (batch_id,),
        )
        return [PartRow(r[0], r[1], r[2], r[3], r[4], bool(r[5]), bool(r[6])) for r in found]


def totals(counts: Counts) -> dict[ItemState, int]:
    """Add up counts over all domains."""
    sums: dict[ItemState, int] = {}
    for by_state in counts.values():
        for state, n in by_state.items():
            sums[state] = sums.get(state, 0) + n
    return sums
