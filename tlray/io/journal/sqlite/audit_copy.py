"""The copy of one batch for the audit, and the queries that compare it with the rows of its parts.

Items and manifest are copied in one read transaction into temporary tables of SQLite (a file without a name, gone when it is
closed): ``temp.items`` is the copy, `main.items` the journal's. So a living coordinator is not held up, and a million items cost
no memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tlray.core.audit.findings import BatchCounts, Finding, FindingKind
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.io.journal.audit_copy import AuditCopy, Row
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import BatchRow, PartRow
from tlray.io.journal.sql.connection import insert_into
from tlray.io.journal.sqlite.migrations import migrate

_K = FindingKind
_FETCHED_URL = "CASE WHEN j.fetch_url LIKE 'file:%' THEN j.url ELSE coalesce(j.fetch_url, j.url) END"
"""The URL of an item's page, as archive and results have it. Where a file was opened is in neither."""
_SCHEMA = """
CREATE TEMP TABLE items (
    id INTEGER PRIMARY KEY, line INTEGER, fingerprint TEXT, state TEXT, reason TEXT, part TEXT, done_seq INTEGER,
    found_on INTEGER
);
CREATE TEMP TABLE refused (line INTEGER, first_line INTEGER);
CREATE TEMP TABLE pages (item INTEGER, attempt INTEGER, part TEXT, raw_offset INTEGER, raw_length INTEGER);
CREATE TEMP TABLE rows (item INTEGER, set_index INTEGER, fingerprint TEXT, part TEXT);
"""
_COPY = (
    """INSERT INTO temp.items SELECT id, line, fingerprint, state, reason, part, done_seq, found_on FROM main.items
       WHERE batch = :batch""",
    "INSERT INTO temp.refused SELECT line, first_line FROM main.refused_lines WHERE batch = :batch",
    """INSERT INTO temp.pages SELECT a.item, a.attempt, a.part, a.raw_offset, a.raw_length FROM items i
       JOIN main.attempts a ON a.item = i.id WHERE a.raw_offset IS NOT NULL AND (a.kind != 'fetched' OR a.attempt > 1)""",
)


class SqliteAuditCopy(AuditCopy):
    """One batch at one moment, and the rows that were read of its parts."""

    def __init__(self, db: sqlite3.Connection, row: BatchRow) -> None:
        self._db = db
        self._batch = row.id
        self.keeps_pages = row.options.keeps_pages
        db.execute("PRAGMA temp.journal_mode = OFF")
        db.executescript(_SCHEMA)
        db.execute("BEGIN")
        batch = db.execute(
            "SELECT state, n_items, n_duplicates, n_rejected, n_sets, n_tracks, n_found, n_lists FROM main.batches WHERE id = ?",
            (row.id,),
        ).fetchone()
        self.state = BatchState(batch[0])
        self._n_items_made: int | None = batch[1]
        self._stated: tuple[int, ...] = tuple(batch[2:])
        for statement in _COPY:
            db.execute(statement, {"batch": row.id})
        self.parts = self._manifest(row.batch_id)
        db.execute("COMMIT")

    def _manifest(self, batch_id: str) -> list[PartRow]:
        rows = self._db.execute(
            "SELECT stem, n_sets, n_tracks, n_bytes, has_rows, has_pages FROM main.parts WHERE batch = ? ORDER BY stem",
            (self._batch,),
        )
        return [PartRow(r[0], batch_id, r[1], r[2], r[3], bool(r[4]), bool(r[5])) for r in rows]

    def stems_now(self) -> set[str]:
        rows = self._db.execute("SELECT stem FROM main.parts WHERE batch = ?", (self._batch,))
        return {stem for (stem,) in rows}

    def url(self, item_id: int) -> str | None:
        row = self._db.execute(f"SELECT {_FETCHED_URL} FROM main.items j WHERE id = ?", (item_id,)).fetchone()
        return None if row is None else str(row[0])

    def books(self) -> BatchCounts:
        duplicates, rejected, n_sets, n_tracks, n_found, n_lists = self._stated
        (n_found_items,) = self._db.execute("SELECT count(found_on) FROM items").fetchone()
        counts = self._db.execute("SELECT state, count(*) FROM items GROUP BY state")
        (n_lines,) = self._db.execute(
            "SELECT count(*) FROM (SELECT line FROM items UNION SELECT line FROM refused)"
        ).fetchone()
        n_first, n_refused = self._db.execute("SELECT count(first_line), count(*) FROM refused").fetchone()
        return BatchCounts(
            self.state,
            {ItemState(state): n for state, n in counts},
            n_lines=n_lines,
            n_duplicates=duplicates,
            n_rejected=rejected,
            n_duplicate_lines=n_first,
            n_rejected_lines=n_refused - n_first,
            n_sets=n_sets,
            n_tracks=n_tracks,
            n_sets_of_parts=sum(part.n_sets for part in self.parts),
            n_tracks_of_parts=sum(part.n_tracks for part in self.parts),
            n_items_made=self._n_items_made,
            n_found=n_found + n_lists,
            n_found_items=n_found_items,
        )

    def pages(self) -> Iterator[tuple[int, str, int, int]]:
        yield from self._db.execute(
            "SELECT item, part, raw_offset, raw_length FROM pages ORDER BY part, raw_offset"
        )

    def items_of(self, part: str) -> Iterator[tuple[int, str]]:
        yield from self._db.execute(
            f"SELECT i.id, {_FETCHED_URL} FROM items i JOIN main.items j ON j.id = i.id"
            " WHERE i.part = ? AND i.state = 'succeeded' AND j.answered_by IS NULL",
            (part,),
        )

    def take_rows(self, rows: Iterable[Row]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO temp.rows VALUES (?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def disagreements(self) -> Iterator[Finding]:
        self._db.execute("CREATE INDEX temp.rows_item ON rows (item, set_index)")
        yield from self._about_items(
            _K.NO_REASON, "a dead letter without a reason",
            "SELECT id FROM items WHERE state = 'dead' AND coalesce(reason, '') = ''",
        )  # fmt: skip
        yield from self._about_items(
            _K.ROW_MISSING, "it succeeded, but no part has its row",
            "SELECT id FROM items WHERE state = 'succeeded' AND done_seq IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM rows WHERE item = id)",
        )  # fmt: skip
        yield from self._about_items(
            _K.ROW_MISSING, "its page had several sets, of which one is not there",
            "SELECT item FROM rows GROUP BY item HAVING max(set_index) >= count(DISTINCT set_index)",
        )  # fmt: skip
        yield from self._about_items(
            _K.ROW_TWICE, "its row is there more than once",
            "SELECT item, max(part) FROM rows GROUP BY item, set_index HAVING count(*) > 1",
        )  # fmt: skip
        for why, claim in (
            ("of no item of this batch", "i.id IS NULL"),
            ("of an item that did not succeed", "i.state != 'succeeded'"),
            (
                "of an item whose row should be in another part",
                "i.state = 'succeeded' AND i.part IS NOT r.part",
            ),
            ("with another fingerprint than its item", "i.fingerprint != r.fingerprint"),
        ):
            yield from self._about_items(
                _K.ROW_STRANGE, f"a row {why}",
                f"SELECT r.item, r.part FROM rows r LEFT JOIN items i ON i.id = r.item WHERE {claim}",
            )  # fmt: skip

    def _about_items(self, kind: FindingKind, what: str, sql: str) -> Iterator[Finding]:
        for item_id, *part in self._db.execute(sql):
            yield self.about(kind, what, item_id, part=part[0] if part else None)

    def about(self, kind: FindingKind, what: str, item_id: int, part: str | None = None) -> Finding:
        row = self._db.execute("SELECT line, part FROM items WHERE id = ?", (item_id,)).fetchone() or (
            None,
            None,
        )
        return Finding(kind, what, part or row[1], item_id, row[0], self.url(item_id))


class _ElsewhereCopy(SqliteAuditCopy):
    """A batch of a journal that is no SQLite file."""

    def __init__(self, db: sqlite3.Connection, row: BatchRow, journal: JournalReader) -> None:
        super().__init__(db, row)
        self._journal, self._batch_id = journal, row.batch_id

    def stems_now(self) -> set[str]:
        return {part.stem for part in self._journal.parts(self._batch_id)}


@contextmanager
def audit_elsewhere(journal: JournalReader, batch_id: str) -> Iterator[AuditCopy]:
    """Copy a batch of another database into a SQLite journal without a file, and compare there."""
    with closing(sqlite3.connect("", isolation_level=None)) as db:
        migrate(db, Path("temporary") / "journal")
        with journal.snapshot():
            row = journal.batch(batch_id)
            db.execute("BEGIN")
            for table in ("batches", "items", "refused_lines", "attempts", "parts"):
                db.executemany(insert_into(table), journal.rows(table, batch=row.id))
            db.execute("COMMIT")
        yield _ElsewhereCopy(db, row, journal)
