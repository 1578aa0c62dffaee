"""Catching up: the results that the journal has and the catalogue has not, in the order in which they succeeded.

A *window* of results is one transaction: their sets and changes, and the position up to which the catalogue knows the journal.
The transaction is also the lock: another process waits for it, and goes on from the new position.
"""

from __future__ import annotations

import heapq
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

from tlray.core.model.lifecycle import BatchState
from tlray.io.catalogue.applying import apply
from tlray.io.catalogue.block_index import settle
from tlray.io.catalogue.database import BUSY_S, clear, meta, opened, set_meta
from tlray.io.catalogue.forgetting import forget_gone
from tlray.io.catalogue.records import Result, read_records
from tlray.io.catalogue.tally import Tally
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import BatchRow
from tlray.io.results.open_store import open_store

logger = logging.getLogger(__name__)
T = TypeVar("T")
WINDOW: Final = 1_000
"""Results in a transaction: half a second."""
BUFFERED: Final = 20_000
"""Results in memory while those of several batches are merged."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the catalogue knows the journal."""

    position: int
    """The number of the last result in it."""
    newest: int
    """The number of the last result in the journal."""
    n_read: int = 0
    """Results that were read just now."""
    n_unread: int = 0
    """Results whose part could not be read."""

    @property
    def n_behind(self) -> int:
        """About how many results are missing."""
        return max(0, self.newest - self.position)


def catch_up(
    home: Home, *, within_s: float | None = None, clock: Callable[[], float] = time.monotonic
) -> Standing:
    """Bring the catalogue of a home up to date, or as far as the time allows; at least one window is read.

    Without a limit of time what could not be read before is tried again, and what is missing still is a warning.
    """
    until = None if within_s is None else clock() + within_s
    busy_s = BUSY_S if within_s is None else max(0.05, within_s)
    with ExitStack() as stack:
        journal = stack.enter_context(open_reader(home.path))
        if not home.path.is_dir():  # its journal is elsewhere
            home.create()
        db = stack.enter_context(opened(home, busy_s=busy_s))
        run = _Run(db, journal, home)
        while run.step() and (until is None or clock() < until):
            pass
        n_unread = run.n_unread()
        if n_unread and within_s is None:
            run.try_again()
            if n_unread := run.n_unread():
                logger.warning("results not in the catalogue n=%d", n_unread)
        return Standing(run.position, run.newest, run.n_read, n_unread)


def ask(
    home: Home, question: Callable[[sqlite3.Connection], T], *, within_s: float | None = None
) -> tuple[Standing, T]:
    """Catch up, as far as the time allows, and ask the catalogue a question; return its standing and the answer."""
    standing = catch_up(home, within_s=within_s)
    with opened(home) as db:
        return standing, question(db)


class _Run:
    """One process catching up."""

    def __init__(self, db: sqlite3.Connection, journal: JournalReader, home: Home) -> None:
        self._db, self._journal, self._home = db, journal, home
        self.newest = journal.newest_result()
        self.position = int(meta(db, "position") or 0)
        self.n_read = 0
        self._batches: dict[int, BatchRow] = {}
        self._results: Iterator[Result] | None = None

    def n_unread(self) -> int:
        """Return how many results could not be read."""
        (n,) = self._db.execute("SELECT count(*) FROM unread").fetchone()
        return int(n)

    def try_again(self) -> None:
        """Read what could not be read before, unless the first window has just tried."""
        if self._results is not None:
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._retry_unread()
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def step(self) -> bool:
        """Read a window; return False where there is none, or another process does it just now."""
        if self.position == self.newest:
            return False
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                return False
            raise
        try:
            self._apply_window()
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
        return True

    def _apply_window(self) -> None:
        stored = int(meta(self._db, "position") or 0)
        if stored > self.newest and stored > self._journal.newest_result():  # the journal is another one
            clear(self._db)
            stored = 0
        if self._results is None or stored != self.position:
            self.position = stored
            self._results = self._following(stored)
            self._retry_unread()
        window = list(islice(self._results, WINDOW))
        self._enter(window)
        if len(window) < WINDOW:
            self._note_finished()
        self.position = window[-1].seq if len(window) == WINDOW else max(self.newest, stored)
        set_meta(self._db, "position", str(self.position))

    def _enter(self, results: list[Result]) -> None:
        found = read_records(self._journal, open_store(self._home), results)
        tally = Tally()
        for result in results:
            records = found[result.seq]
            if isinstance(records, str):
                self._db.execute(
                    "INSERT OR REPLACE INTO unread VALUES (?, ?, ?, ?)",
                    (result.seq, result.batch, result.item_id, records),
                )
                continue
            apply(self._db, result, records, tally)
            self.n_read += 1
        forget_gone(self._db, (one for one in results if not isinstance(found[one.seq], str)), tally)
        tally.write(self._db)
        settle(self._db)

    def _retry_unread(self) -> None:
        """Try again what could not be read before."""
        rows = self._db.execute(
            "SELECT seq, batch, item_id FROM unread ORDER BY seq LIMIT ?", (WINDOW,)
        ).fetchall()
        self._db.execute("DELETE FROM unread WHERE seq <= ?", (rows[-1][0],) if rows else (-1,))
        again = []
        for seq, number, item_id in rows:
            batch = self._batches.get(number) or self._read_batch(number)
            if batch is not None:
                part = self._journal.part_of(item_id)
                revised = self._journal.revisions_after(number, after=seq - 1, limit=1)
                is_revision = [row.done_seq for row in revised] == [seq]
                again.append(Result(seq, number, batch.batch_id, batch.owner, item_id, part, is_revision))
        if again:
            self._enter(again)
            self._db.execute("DELETE FROM meta WHERE key = 'merged'")  # it may lack one of these

    def _read_batch(self, number: int) -> BatchRow | None:
        row = self._db.execute("SELECT batch_id FROM batches WHERE number = ?", (number,)).fetchone()
        return None if row is None else self._journal.find_batch(row[0])

    def _following(self, position: int) -> Iterator[Result]:
        """Yield the results of all batches after a position, in their order."""
        ends = dict(self._db.execute("SELECT number, finished_at FROM batches").fetchall())
        with (
            self._journal.snapshot()
        ):  # a batch that is finished has no result after the newest one, unless it is read again
            self.newest = self._journal.newest_result()
            rows = self._journal.batches()
            revised = set(self._journal.revised_batches(position))
        self._batches = {
            row.id: row
            for row in rows
            if row.state is not BatchState.RECEIVING
            and (row.finished_at is None or ends.get(row.id) != row.finished_at or row.id in revised)
        }
        self._db.executemany(
            "INSERT OR IGNORE INTO batches (number, batch_id, owner) VALUES (?, ?, ?)",
            [(row.id, row.batch_id, row.owner) for row in self._batches.values()],
        )
        at_once = max(20, min(WINDOW, BUFFERED // max(1, len(self._batches))))
        return heapq.merge(*(self._of_batch(row, position, at_once) for row in self._batches.values()))

    def _of_batch(self, row: BatchRow, after: int, at_once: int) -> Iterator[Result]:
        """Yield the results of a batch after a position, and those that were read again, each under the number of that."""
        last = after
        for result in heapq.merge(
            self._results_of(row, after, at_once, is_revision=True),
            self._results_of(row, after, at_once, is_revision=False),
            key=lambda result: result.seq,
        ):
            if result.seq > last:  # what was a dead letter is in both, the revision first
                last = result.seq
                yield result

    def _results_of(self, row: BatchRow, after: int, at_once: int, *, is_revision: bool) -> Iterator[Result]:
        query = self._journal.revisions_after if is_revision else self._journal.results_after
        while True:
            done = query(row.id, after=after, limit=at_once)
            for seq, item_id, part in done:
                if seq > self.newest:  # a batch read before may have one before this
                    return
                yield Result(seq, row.id, row.batch_id, row.owner, item_id, part, is_revision)
            if len(done) < at_once:
                return
            after = done[-1].done_seq

    def _note_finished(self) -> None:
        """Note the batches that are finished, and that all of their results are in: they need not be asked again."""
        self._db.executemany(
            "UPDATE batches SET finished_at = ? WHERE number = ?",
            [(row.finished_at, row.id) for row in self._batches.values() if row.finished_at is not None],
        )
