"""What must survive, in one SQLite file (WAL): batches, items, attempts, domains, the manifest of parts.

Every public method is one transaction: all of it or nothing. There is one writer (the coordinator's journal
thread); anybody may read the file beside it with `JournalReader`. The schema is ``journal/schema.sql``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState
from tlray.core.model.outcome import ReusableResult
from tlray.core.model.urls import CanonicalUrl, canonicalise
from tlray.core.politeness.site_profile import politeness_key
from tlray.core.scheduling.changeset import Changeset, LaneDeath
from tlray.errors import HomeUnusable, NoSuchBatch, NoSuchItem, StorageFull
from tlray.io.journal.clock import ClockReading, last_reading, note, read_clock
from tlray.io.journal.commit import keep_robots, write_verdict
from tlray.io.journal.manifest import replace_parts
from tlray.io.journal.migrations import prepare
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.result_reuse import Kept, has_kept, kept_for_batch, kept_for_items
from tlray.io.journal.rows import (
    BatchOptions,
    BatchRow,
    Counts,
    DomainRow,
    Entry,
    PartRow,
    RefusedLine,
)
from tlray.io.journal.submission import NewBatch, abandon, add_lines, forget, make_real, open_batch

T = TypeVar("T")


class SqliteJournal:
    """The journal of one home. Use it from one thread."""

    def __init__(self, path: Path, *, clock: Callable[[], ClockReading] = read_clock) -> None:
        self.path = path
        self._clock = clock
        self._read_at: ClockReading | None = None
        self._domain_ids: dict[str, int] = {}
        self._batch_ids: dict[str, int] = {}
        with suppress(OSError):  # SQLite says what is wrong
            # before SQLite makes it: it gives the mode of this file to its others, -wal and -shm
            path.touch(mode=0o600)
            path.chmod(0o600)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.DatabaseError as error:
            raise _translated(error, path) from error
        try:
            prepare(self._db, path)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise _translated(error, path) from error
        except HomeUnusable:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield self._db
            self._db.execute("COMMIT")
        except BaseException as error:
            self._domain_ids.clear()  # some may have been numbered in what is undone now
            self._batch_ids.clear()
            if self._db.in_transaction:  # a full disk has rolled back already
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError):
                raise _translated(error, self.path) from error
            raise

    def run(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run one transaction; what it does is said in a file of its own (``journal_….py``)."""
        with self._transaction() as db:
            return action(db)

    # -- a coordinator's life ------------------------------------------------------------------

    def begin_incarnation(self, *, is_restart: bool) -> int:
        """Start a coordinator's life: end every lease of earlier ones, no attempt spent; return its number.

        Unless it is the restart of one that died, batches that were under way sleep until somebody resumes
        them.
        """
        with self._transaction() as db:
            self._read_at = last_reading(db)
            self._note_clock(db)
            row = db.execute("SELECT value FROM meta WHERE key = 'incarnation'").fetchone()
            number = int(row[0]) + 1 if row else 1
            db.execute("INSERT OR REPLACE INTO meta VALUES ('incarnation', ?)", (str(number),))
            if not is_restart:
                db.execute("UPDATE batches SET is_dormant = 1 WHERE state NOT IN ('completed', 'cancelled')")
            for (batch,) in db.execute(
                "SELECT id FROM batches WHERE state NOT IN ('completed', 'cancelled')"
            ).fetchall():
                db.execute("UPDATE items SET state = 'queued' WHERE batch = ? AND state = 'leased'", (batch,))
            db.execute(
                "UPDATE items SET state = 'cancelled' WHERE state IN ('queued', 'waiting')"
                " AND batch IN (SELECT id FROM batches WHERE state = 'cancelling')"
            )
            for (batch,) in db.execute("SELECT id FROM batches WHERE state = 'receiving'").fetchall():
                if not is_restart:
                    forget(db, batch)
        return number

    # -- submission ----------------------------------------------------------------------------

    def create_batch(
        self,
        batch_id: str,
        *,
        name: str,
        priority: Priority,
        options: BatchOptions,
        request_key: str,
        created_at: float,
        owner: str = "",
    ) -> str:
        """Open a batch for its list; a repeated ``request_key`` returns the batch that it made before."""
        new = NewBatch(batch_id, name, priority, options, request_key, created_at, owner)
        return self.run(partial(open_batch, new=new))

    def append(
        self, batch_id: str, entries: Sequence[Entry], refused: Sequence[RefusedLine]
    ) -> list[RefusedLine]:
        """Add lines to a batch that is being received; return the duplicates among them. Repeating a chunk
        changes nothing."""
        batch = self.batch_number(batch_id)
        return list(
            self.run(lambda db: add_lines(db, batch, entries, refused, self.domain_number)).duplicates
        )

    def commit_batch(self, batch_id: str) -> None:
        """Make a received batch real, all of it at once."""
        self.run(partial(make_real, batch=self.batch_number(batch_id)))

    def abandon_batch(self, batch_id: str) -> bool:
        """Forget a batch that was never committed; False where there is none such."""
        self._batch_ids.clear()
        return self.run(partial(abandon, batch_id=batch_id))

    # -- the work ------------------------------------------------------------------------------

    def load_batch(self, batch_id: str) -> tuple[BatchRow, Counts] | None:
        """Return a batch with its items counted by domain and state, or None."""
        return JournalReader.batch(self._db, batch_id)

    def load_row(self, batch_id: str) -> BatchRow | None:
        """Return a batch without its counts, or None."""
        return JournalReader.batch_row(self._db, batch_id)

    def load_lane(self, batch: int, domain: str, *, after_id: int, limit: int) -> list[FrontierItem]:
        """Return a lane's next queued items, in the order of the list."""
        rows = self._db.execute(
            "SELECT id, coalesce(fetch_url, url), fingerprint, attempt, n_lost, n_hops, from_public FROM items"
            " WHERE batch = ? AND domain = ? AND id > ? AND state = 'queued' ORDER BY id LIMIT ?",
            (batch, self.domain_number(self._db, domain), after_id, limit),
        )
        return [
            FrontierItem(i, batch, domain, url, fp, attempt, lost, hops, bool(from_public))
            for i, url, fp, attempt, lost, hops, from_public in rows
        ]

    def load_waiting(self, batch: int) -> list[tuple[FrontierItem, float, float | None]]:
        """Return a batch's waiting items with the moments they are due and put off since (wall clock)."""
        rows = self._db.execute(
            "SELECT i.id, d.name, coalesce(i.fetch_url, i.url), i.fingerprint, i.attempt, i.n_lost, i.n_hops,"
            " i.from_public, i.due_at, i.snoozed_since FROM items i JOIN domains d ON d.id = i.domain"
            " WHERE i.batch = ? AND i.state = 'waiting'",
            (batch,),
        )
        return [
            (FrontierItem(r[0], batch, r[1], r[2], r[3], r[4], r[5], r[6], bool(r[7])), r[8], r[9])
            for r in rows
        ]

    def kept_for_batch(self, batch: int, since: float, *, after_id: int) -> tuple[Kept, int | None]:
        """Return those of a batch's next queued items that another batch's results answer, and the last id looked at;
        None at the end."""
        if not has_kept(self._db, batch, since):
            return [], None
        return kept_for_batch(self._db, batch, since, after_id=after_id)

    def mark_leased(
        self, ids: Iterable[int], may_be_kept: Iterable[tuple[int, float]] = ()
    ) -> dict[int, ReusableResult]:
        """Write down that items are leased; return the results that answer some of ``may_be_kept`` (id, and the moment
        since which a fetch counts)."""
        with self._transaction() as db:
            db.executemany("UPDATE items SET state = 'leased' WHERE id = ?", [(i,) for i in ids])
            return kept_for_items(db, may_be_kept)

    def commit(self, changeset: Changeset, *, now: float, wall: float, node: str) -> list[tuple[int, int]]:
        """Write a verdict: item states, attempts, the manifest, robots.txt, cool-downs and the ends of lanes, in one transaction;
        return how many queued and waiting items each of its deaths has ended."""
        with self._transaction() as db:
            self._note_clock(db)
            return write_verdict(
                db, changeset, self.domain_number, self.batch_number, now=now, wall=wall, node=node
            )

    def kill_lane(self, death: LaneDeath) -> tuple[int, int]:
        """Make dead letters of a lane's open items; return how many were queued and waiting."""
        return self.commit(Changeset("", deaths=[death]), now=0.0, wall=0.0, node="")[0]

    def cancel_open(self, batch: int) -> int:
        """Cancel a batch's queued and waiting items; return how many. What is leased follows when its lease
        ends."""
        with self._transaction() as db:
            return db.execute(
                "UPDATE items SET state = 'cancelled' WHERE batch = ? AND state IN ('queued', 'waiting')",
                (batch,),
            ).rowcount

    def revive(
        self, batch: int, *, ids: Sequence[int] | None = None, reason: str | None = None
    ) -> dict[str, int]:
        """Queue dead letters again, all of them or those named; their story stays. A batch that was completed runs again.
        Return how many of each domain; `NoSuchItem` where the batch does not have one that is named."""
        if ids is None:
            rows = self._db.execute(
                "SELECT id FROM items WHERE batch = ? AND state = 'dead'"
                " AND (? IS NULL OR instr(reason, ?) > 0)",
                (batch, reason, reason),
            )
            ids = [row[0] for row in rows]
        elif unknown := self._not_of(batch, ids):
            batch_id = self._db.execute("SELECT batch_id FROM batches WHERE id = ?", (batch,)).fetchone()[0]
            raise NoSuchItem(batch_id, unknown)
        revived: dict[str, int] = {}
        with self._transaction() as db:
            for item in ids:
                row = db.execute(
                    "SELECT url FROM items WHERE id = ? AND batch = ? AND state = 'dead'", (item, batch)
                ).fetchone()
                # redirects may have led it to another domain: it begins anew, at its own
                found = canonicalise(row[0]) if row else None
                if isinstance(found, CanonicalUrl):
                    unit = politeness_key(found.domain)
                    db.execute(
                        "UPDATE items SET state = 'queued', attempt = 1, n_lost = 0, n_hops = 0,"
                        " fetch_url = NULL, from_public = 0, due_at = NULL, snoozed_since = NULL, domain = ? WHERE id = ?",
                        (self.domain_number(db, unit), item),
                    )
                    revived[unit] = revived.get(unit, 0) + 1
            if revived:
                db.execute(
                    "UPDATE batches SET state = 'running', finished_at = NULL, is_dormant = 0"
                    " WHERE id = ? AND state = 'completed'",
                    (batch,),
                )
        return revived

    def _not_of(self, batch: int, ids: Sequence[int]) -> tuple[int, ...]:
        """Return those of some items' ids that are none of a batch's."""
        rows = self._db.execute(
            "SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM items WHERE id = value AND batch = ?)",
            (json.dumps(list(ids)), batch),
        )
        return tuple(row[0] for row in rows)

    def set_batch_state(
        self,
        batch: int,
        state: BatchState,
        *,
        finished_at: float | None = None,
        elapsed_s: float | None = None,
    ) -> None:
        """Write down a batch's state."""
        with self._transaction() as db:
            db.execute(
                "UPDATE batches SET state = ?, finished_at = ?, is_dormant = 0,"
                " elapsed_s = coalesce(?, elapsed_s) WHERE id = ?",
                (state.value, finished_at, elapsed_s, batch),
            )

    def open_batches(self) -> list[tuple[str, bool]]:
        """Return the batches that are not finished, with whether they sleep."""
        rows = self._db.execute(
            "SELECT batch_id, is_dormant FROM batches"
            " WHERE state NOT IN ('completed', 'cancelled', 'receiving') ORDER BY id"
        )
        return [(batch_id, bool(dormant)) for batch_id, dormant in rows]

    # -- domains -------------------------------------------------------------------------------

    def domain(self, name: str) -> DomainRow | None:
        """Return what is remembered of a domain."""
        return JournalReader.domain_row(self._db, name)

    def keep_robots(self, *found: tuple[str, str, float | None], wall: float) -> None:
        """Remember robots.txt of domains: (domain, text, crawl-delay in seconds)."""
        with self._transaction() as db:
            keep_robots(db, found, self.domain_number, wall=wall)

    # -- the manifest --------------------------------------------------------------------------

    def parts(self, batch_id: str) -> list[PartRow]:
        """Return a batch's manifest, in the order of the stems."""
        return JournalReader.parts(self._db, batch_id)

    def replace_parts(self, batch_id: str, old: dict[str, int], new: PartRow) -> None:
        """Put one part in the place of several: ``old`` is stem → offset of its pages in the new part's
        archive."""
        batch = self.batch_number(batch_id)
        with self._transaction() as db:
            replace_parts(db, batch, old, new)

    def _note_clock(self, db: sqlite3.Connection) -> None:
        now = self._clock()
        note(db, self._read_at, now)
        self._read_at = now

    # -- names to numbers ------------------------------------------------------------------------

    def domain_number(self, db: sqlite3.Connection, name: str) -> int:
        """Return a domain's number, made within a transaction where it has none yet."""
        if (number := self._domain_ids.get(name)) is None:
            db.execute("INSERT OR IGNORE INTO domains (name) VALUES (?)", (name,))
            (number,) = db.execute("SELECT id FROM domains WHERE name = ?", (name,)).fetchone()
            self._domain_ids[name] = number
        return number

    def batch_number(self, batch_id: str) -> int:
        """Return a batch's number; `NoSuchBatch` if there is none."""
        if (number := self._batch_ids.get(batch_id)) is None:
            row = self._db.execute("SELECT id FROM batches WHERE batch_id = ?", (batch_id,)).fetchone()
            if row is None:
                raise NoSuchBatch(batch_id, str(self.path.parent))
            number = self._batch_ids[batch_id] = int(row[0])
        return number


def _translated(error: sqlite3.DatabaseError, path: Path) -> Exception:
    """Say in our own errors what SQLite said."""
    text = str(error)
    if "full" in text:
        return StorageFull(str(path.parent))
    if isinstance(error, sqlite3.OperationalError | sqlite3.NotSupportedError) or "not a database" in text:
        return HomeUnusable(str(path.parent), f"its journal {path.name}: {text}")
    return error
