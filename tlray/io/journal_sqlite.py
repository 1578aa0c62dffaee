"""What must survive, in one SQLite file (WAL): batches, items, attempts, domains, the manifest of parts.

Every public method is one transaction: all of it or nothing. There is one writer (the coordinator's journal
thread); anybody may read the file beside it with `JournalReader`. The schema is ``journal_schema.sql``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from tlray.core.frontier import FrontierItem, Priority
from tlray.core.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.outcome import OutcomeKind
from tlray.core.verdict import ItemChange, LaneDeath, Verdict
from tlray.errors import HomeUnusable, StorageFull
from tlray.io.journal_reader import JournalReader
from tlray.io.journal_rows import BatchOptions, BatchRow, Counts, DomainRow, Entry, PartRow, RefusedLine

SCHEMA_VERSION = "1"
_OPEN = "('queued', 'waiting', 'leased')"


class SqliteJournal:
    """The journal of one home. Use it from one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._domain_ids: dict[str, int] = {}
        self._batch_ids: dict[str, int] = {}
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(
                resources.files("tlray.io").joinpath("journal_schema.sql").read_text("utf-8")
            )
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (SCHEMA_VERSION,))
            found = self._db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise _translated(error, path) from error
        if found != SCHEMA_VERSION:
            raise HomeUnusable(
                str(path.parent), f"its journal is of version {found}, this tlray writes {SCHEMA_VERSION}"
            )
        path.chmod(0o600)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise _translated(error, self.path) from error

    # -- a coordinator's life ------------------------------------------------------------------

    def begin_incarnation(self, *, is_restart: bool) -> int:
        """Start a coordinator's life: end every lease of earlier ones, no attempt spent; return its number.

        Unless it is the restart of one that died, batches that were under way sleep until somebody resumes
        them.
        """
        with self._transaction() as db:
            row = db.execute("SELECT value FROM meta WHERE key = 'incarnation'").fetchone()
            number = int(row[0]) + 1 if row else 1
            db.execute("INSERT OR REPLACE INTO meta VALUES ('incarnation', ?)", (str(number),))
            if not is_restart:
                db.execute("UPDATE batches SET is_dormant = 1 WHERE state NOT IN ('completed', 'cancelled')")
            for (batch,) in db.execute(
                "SELECT id FROM batches WHERE state NOT IN ('completed', 'cancelled')"
            ).fetchall():
                db.execute("UPDATE items SET state = 'queued' WHERE batch = ? AND state = 'leased'", (batch,))
            for (batch,) in db.execute("SELECT id FROM batches WHERE state = 'receiving'").fetchall():
                if not is_restart:
                    self._delete_batch(db, batch)
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
    ) -> str:
        """Open a batch for its list; a repeated ``request_key`` returns the batch that it made before."""
        with self._transaction() as db:
            row = db.execute("SELECT batch_id FROM batches WHERE request_key = ?", (request_key,)).fetchone()
            if row:
                return str(row[0])
            db.execute(
                "INSERT INTO batches (batch_id, name, state, priority, options, request_key, created_at)"
                " VALUES (?, ?, 'receiving', ?, ?, ?, ?)",
                (batch_id, name, int(priority), json.dumps(options.to_json()), request_key, created_at),
            )
        return batch_id

    def append(
        self, batch_id: str, entries: Sequence[Entry], refused: Sequence[RefusedLine]
    ) -> list[RefusedLine]:
        """Add lines to a batch that is being received; return the duplicates among them. Repeating a chunk
        changes nothing."""
        batch = self._batch(batch_id)
        duplicates = []
        with self._transaction() as db:
            if db.execute("SELECT state FROM batches WHERE id = ?", (batch,)).fetchone()[0] != "receiving":
                return []
            for entry in entries:
                cursor = db.execute(
                    "INSERT INTO items (batch, line, domain, url, fingerprint, state) VALUES (?, ?, ?, ?, ?, 'queued')"
                    " ON CONFLICT DO NOTHING",
                    (batch, entry.line, self._domain(db, entry.domain), entry.url, entry.fingerprint),
                )
                if not cursor.rowcount:
                    (first,) = db.execute(
                        "SELECT line FROM items WHERE batch = ? AND fingerprint = ?",
                        (batch, entry.fingerprint),
                    ).fetchone()
                    if first != entry.line:
                        duplicates.append(
                            RefusedLine(entry.line, entry.url, f"same page as line {first}", first)
                        )
            db.executemany(
                "INSERT OR IGNORE INTO refused_lines VALUES (?, ?, ?, ?, ?)",
                [(batch, r.line, r.text, r.reason, r.first_line) for r in (*duplicates, *refused)],
            )
        return duplicates

    def commit_batch(self, batch_id: str) -> None:
        """Make a received batch real, all of it at once."""
        batch = self._batch(batch_id)
        with self._transaction() as db:
            (n_dup, n_rej) = db.execute(
                "SELECT count(first_line), count(*) - count(first_line) FROM refused_lines WHERE batch = ?",
                (batch,),
            ).fetchone()
            db.execute(
                "UPDATE batches SET state = 'running', n_duplicates = ?, n_rejected = ? WHERE id = ? AND state = 'receiving'",
                (n_dup, n_rej, batch),
            )

    def abandon_batch(self, batch_id: str) -> None:
        """Forget a batch that was never committed."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT id FROM batches WHERE batch_id = ? AND state = 'receiving'", (batch_id,)
            ).fetchone()
            if row:
                self._delete_batch(db, row[0])

    def _delete_batch(self, db: sqlite3.Connection, batch: int) -> None:
        for table, column in (("items", "batch"), ("refused_lines", "batch"), ("batches", "id")):
            db.execute(f"DELETE FROM {table} WHERE {column} = ?", (batch,))  # noqa: S608 - names from the line above

    # -- the work ------------------------------------------------------------------------------

    def load_batch(self, batch_id: str) -> tuple[BatchRow, Counts, dict[str, str]] | None:
        """Return a batch with its items counted by domain and state, or None."""
        return JournalReader.batch(self._db, batch_id)

    def load_lane(self, batch: int, domain: str, *, after_id: int, limit: int) -> list[FrontierItem]:
        """Return a lane's next queued items, in the order of the list."""
        rows = self._db.execute(
            "SELECT id, coalesce(fetch_url, url), fingerprint, attempt, n_lost, n_hops FROM items"
            " WHERE batch = ? AND domain = ? AND id > ? AND state = 'queued' ORDER BY id LIMIT ?",
            (batch, self._domain(self._db, domain), after_id, limit),
        )
        return [
            FrontierItem(i, batch, domain, url, fp, attempt, lost, hops)
            for i, url, fp, attempt, lost, hops in rows
        ]

    def load_waiting(self, batch: int) -> list[tuple[FrontierItem, float, float | None]]:
        """Return a batch's waiting items with the moments they are due and put off since (wall clock)."""
        rows = self._db.execute(
            "SELECT i.id, d.name, coalesce(i.fetch_url, i.url), i.fingerprint, i.attempt, i.n_lost, i.n_hops, i.due_at, i.snoozed_since"
            " FROM items i JOIN domains d ON d.id = i.domain WHERE i.batch = ? AND i.state = 'waiting'",
            (batch,),
        )
        return [(FrontierItem(r[0], batch, *r[1:7]), r[7], r[8]) for r in rows]

    def mark_leased(self, ids: Iterable[int]) -> None:
        """Write down that items are leased."""
        with self._transaction() as db:
            db.executemany("UPDATE items SET state = 'leased' WHERE id = ?", [(i,) for i in ids])

    def commit(self, verdict: Verdict, *, now: float, wall: float, node: str) -> None:
        """Write a verdict: item states, attempts, the manifest and cool-downs, in one transaction."""

        def at(moment: float | None) -> float | None:
            return None if moment is None else wall + (moment - now)

        with self._transaction() as db:
            db.executemany(
                "UPDATE items SET state = ?, attempt = ?, n_lost = ?, n_hops = ?, due_at = ?, snoozed_since = ?, reason = ?,"
                " part = ? WHERE id = ?",
                [
                    (
                        c.after.value,
                        c.attempt,
                        c.n_lost,
                        c.n_hops,
                        at(c.due),
                        at(c.snoozed_since),
                        c.reason,
                        c.stem,
                        c.item.id,
                    )
                    for c in verdict.changes
                ],
            )
            hopped = [c for c in verdict.changes if c.event is ItemEvent.HOP]
            db.executemany(
                "UPDATE items SET fetch_url = ?, domain = ? WHERE id = ?",
                [(c.url, self._domain(db, c.domain), c.item.id) for c in hopped],
            )
            db.executemany(
                "INSERT INTO attempts (item, attempt, started_at, node, kind, reason, status, latency_s, part, raw_offset, raw_length)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [row for c in verdict.changes if (row := _attempt(c, wall, node)) is not None],
            )
            for part in verdict.parts:
                batch = self._batch(part.batch_id)
                db.execute(
                    "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        part.stem,
                        batch,
                        part.n_sets,
                        part.n_tracks,
                        part.n_bytes,
                        part.has_rows,
                        part.has_pages,
                    ),
                )
                db.execute(
                    "UPDATE batches SET n_sets = n_sets + ?, n_tracks = n_tracks + ? WHERE id = ?",
                    (part.n_sets, part.n_tracks, batch),
                )
            self._count(db, verdict.changes)
            for cool in verdict.cool_downs:
                db.execute(
                    "UPDATE domains SET cool_until = max(coalesce(cool_until, 0), ?), cool_reason = ?, n_blocks = n_blocks + 1"
                    " WHERE name = ?",
                    (at(cool.until), cool.reason, cool.domain),
                )
            started: dict[str, float] = {}
            for change in verdict.changes:
                if change.outcome is not None and change.outcome.started_at is not None:
                    started[change.item.domain] = max(
                        started.get(change.item.domain, 0.0), change.outcome.started_at
                    )
            db.executemany(
                "UPDATE domains SET last_fetch_at = ? WHERE name = ?", [(t, d) for d, t in started.items()]
            )

    def _count(self, db: sqlite3.Connection, changes: list[ItemChange]) -> None:
        per_batch: dict[int, list[int]] = {}
        for change in changes:
            counts = per_batch.setdefault(change.item.batch, [0, 0])
            counts[0] += change.event is ItemEvent.RETRY
            counts[1] += change.outcome is not None and change.outcome.kind is OutcomeKind.BLOCKED
        db.executemany(
            "UPDATE batches SET n_retries = n_retries + ?, n_blocked = n_blocked + ? WHERE id = ?",
            [
                (retries, blocked, batch)
                for batch, (retries, blocked) in per_batch.items()
                if retries or blocked
            ],
        )

    def kill_lane(self, death: LaneDeath) -> tuple[int, int]:
        """Make dead letters of a lane's open items; return how many were queued and waiting."""
        domain = self._domain(self._db, death.domain)
        counts = []
        with self._transaction() as db:
            for state in (ItemState.QUEUED, ItemState.WAITING):
                cursor = db.execute(
                    "UPDATE items SET state = 'dead', reason = ? WHERE batch = ? AND domain = ? AND state = ?",
                    (death.reason, death.batch, domain, state.value),
                )
                counts.append(cursor.rowcount)
        return counts[0], counts[1]

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
        """Queue dead letters again, all of them or those named; their story stays. Return how many of each
        domain."""
        if ids is None:
            rows = self._db.execute(
                "SELECT id FROM items WHERE batch = ? AND state = 'dead' AND (? IS NULL OR instr(reason, ?) > 0)",
                (batch, reason, reason),
            )
            ids = [row[0] for row in rows]
        revived: dict[str, int] = {}
        with self._transaction() as db:
            for item in ids:
                row = db.execute(
                    "UPDATE items SET state = 'queued', attempt = 1, n_lost = 0, n_hops = 0, fetch_url = NULL,"
                    " snoozed_since = NULL WHERE id = ? AND batch = ? AND state = 'dead'"
                    " RETURNING (SELECT name FROM domains d WHERE d.id = domain)",
                    (item, batch),
                ).fetchone()
                if row:
                    revived[row[0]] = revived.get(row[0], 0) + 1
        return revived

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
                "UPDATE batches SET state = ?, finished_at = ?, is_dormant = 0, elapsed_s = coalesce(?, elapsed_s) WHERE id = ?",
                (state.value, finished_at, elapsed_s, batch),
            )

    def open_batches(self) -> list[tuple[str, bool]]:
        """Return the batches that are not finished, with whether they sleep."""
        rows = self._db.execute(
            "SELECT batch_id, is_dormant FROM batches WHERE state NOT IN ('completed', 'cancelled', 'receiving') ORDER BY id"
        )
        return [(batch_id, bool(dormant)) for batch_id, dormant in rows]

    # -- domains -------------------------------------------------------------------------------

    def domain(self, name: str) -> DomainRow | None:
        """Return what is remembered of a domain."""
        row = self._db.execute(
            "SELECT name, robots_text, robots_at, crawl_delay_s, cool_until, cool_reason, n_blocks, last_fetch_at"
            " FROM domains WHERE name = ?",
            (name,),
        ).fetchone()
        return DomainRow(*row) if row else None

    def keep_robots(self, domain: str, text: str, crawl_delay_s: float | None, *, wall: float) -> None:
        """Remember a robots.txt."""
        with self._transaction() as db:
            self._domain(db, domain)
            db.execute(
                "UPDATE domains SET robots_text = ?, crawl_delay_s = ?, robots_at = ? WHERE name = ?",
                (text, crawl_delay_s, wall, domain),
            )

    # -- the manifest --------------------------------------------------------------------------

    def parts(self, batch_id: str) -> list[PartRow]:
        """Return a batch's manifest, in the order of the stems."""
        return JournalReader.parts(self._db, batch_id)

    def replace_parts(self, batch_id: str, old: dict[str, int], new: PartRow) -> None:
        """Put one part in the place of several: ``old`` is stem → offset of its pages in the new part's
        archive."""
        batch = self._batch(batch_id)
        with self._transaction() as db:
            db.execute(
                "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
                (new.stem, batch, new.n_sets, new.n_tracks, new.n_bytes, new.has_rows, new.has_pages),
            )
            db.execute("CREATE TEMP TABLE IF NOT EXISTS moved (stem TEXT PRIMARY KEY, base INTEGER)")
            db.execute("DELETE FROM moved")
            db.executemany("INSERT INTO moved VALUES (?, ?)", old.items())
            db.execute(
                "UPDATE items SET part = ? WHERE batch = ? AND part IN (SELECT stem FROM moved)",
                (new.stem, batch),
            )
            db.execute(
                "UPDATE attempts SET raw_offset = raw_offset + (SELECT base FROM moved WHERE stem = part), part = ?"
                " WHERE part IN (SELECT stem FROM moved)",
                (new.stem,),
            )
            db.execute("DELETE FROM parts WHERE stem IN (SELECT stem FROM moved)")

    # -- names to numbers ------------------------------------------------------------------------

    def _domain(self, db: sqlite3.Connection, name: str) -> int:
        if (number := self._domain_ids.get(name)) is None:
            db.execute("INSERT OR IGNORE INTO domains (name) VALUES (?)", (name,))
            (number,) = db.execute("SELECT id FROM domains WHERE name = ?", (name,)).fetchone()
            self._domain_ids[name] = number
        return number

    def _batch(self, batch_id: str) -> int:
        if (number := self._batch_ids.get(batch_id)) is None:
            (number,) = self._db.execute("SELECT id FROM batches WHERE batch_id = ?", (batch_id,)).fetchone()
            self._batch_ids[batch_id] = number
        return number


def _attempt(change: ItemChange, wall: float, node: str) -> tuple[object, ...] | None:
    """Return the row that tells of an attempt, or None where nothing is to be told: begun never, or good at
    once."""
    item, outcome = change.item, change.outcome
    if outcome is None:
        return (
            (item.id, item.attempt, wall, node, "lost", change.reason, None, None, None, None, None)
            if change.n_lost > item.n_lost
            else None
        )
    if outcome.kind is OutcomeKind.NOT_BEGUN or (outcome.kind is OutcomeKind.FETCHED and item.attempt == 1):
        return None
    raw = outcome.raw or (None, None)
    return (
        item.id, item.attempt, outcome.started_at, node, outcome.kind.value, outcome.reason, outcome.status,
        outcome.latency_s, change.stem, *raw,
    )  # fmt: skip


def _translated(error: sqlite3.DatabaseError, path: Path) -> Exception:
    """Say in our own errors what SQLite said."""
    text = str(error)
    if "full" in text:
        return StorageFull(str(path.parent))
    if isinstance(error, sqlite3.OperationalError | sqlite3.NotSupportedError) or "not a database" in text:
        return HomeUnusable(str(path.parent), f"its journal {path.name}: {text}")
    return error
