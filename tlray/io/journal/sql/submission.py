"""The way of a list into a batch: opened, its lines added, committed. What is not committed is dropped by the next life.

Every step may be repeated, and changes nothing then.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from tlray.core.submission.lines import Entry, RefusedLine
from tlray.errors import Conflict
from tlray.io.journal.rows import Added, ChunkRow, Chunks, NewBatch
from tlray.io.journal.sql.connection import Connected, Connection, Writing, transactional


class SubmissionReads(Connected):
    """Queries about uploads."""

    def chunks(self, batch: int) -> Chunks:
        row = self._db.execute(
            "SELECT count(*), CAST(coalesce(sum(n_lines), 0) AS BIGINT),"
            " CAST(coalesce(sum(n_items), 0) AS BIGINT) FROM pieces WHERE batch = ?",
            (batch,),
        ).fetchone()
        return Chunks(*row)

    def chunk(self, batch: int, number: int) -> ChunkRow | None:
        row = self._db.execute(
            "SELECT piece, first_line, n_lines, n_items, digest FROM pieces WHERE batch = ? AND piece = ?",
            (batch, number),
        ).fetchone()
        return ChunkRow(*row) if row else None


class SubmissionWrites(SubmissionReads, Writing):
    """Steps of a submission."""

    @transactional
    def open_batch(self, new: NewBatch) -> str:
        row = self._db.execute(
            "SELECT batch_id FROM batches WHERE request_key = ?", (new.request_key,)
        ).fetchone()
        if new.digest is not None:
            self._claim_key(new.request_key, new.digest, is_taken=row is not None)
        if row is not None:
            return str(row[0])
        self._db.execute(
            "INSERT INTO batches (batch_id, name, state, priority, options, request_key, created_at, owner)"
            " VALUES (?, ?, 'receiving', ?, ?, ?, ?, ?)",
            (
                new.batch_id, new.name, int(new.priority), json.dumps(new.options.to_json(), allow_nan=False),
                new.request_key, new.created_at, new.owner,
            ),
        )  # fmt: skip
        return new.batch_id

    def _claim_key(self, request_key: str, digest: str, *, is_taken: bool) -> None:
        """Record what was sent under a key; `Conflict` where something else made a batch under it."""
        row = self._db.execute("SELECT digest FROM requests WHERE request_key = ?", (request_key,)).fetchone()
        if row is None or not is_taken:
            self._db.execute(
                "INSERT INTO requests VALUES (?, ?) ON CONFLICT (request_key) DO UPDATE SET digest = excluded.digest",
                (request_key, digest),
            )
        elif row[0] != digest:
            key = request_key.partition("\n")[2]
            raise Conflict(f"the key {key!r} was used for another list before; choose another key")

    @transactional
    def add_lines(self, batch_id: str, entries: Sequence[Entry], refused: Sequence[RefusedLine]) -> Added:
        return self._add(self._batch_number(batch_id), entries, refused)

    @transactional
    def add_chunk(
        self,
        batch_id: str,
        chunk: ChunkRow,
        entries: Sequence[Entry],
        refused: Sequence[RefusedLine],
        *,
        max_lines: int,
    ) -> Added:
        batch, number = self._batch_number(batch_id), chunk.number
        known = self.chunk(batch, number)
        if known is not None and known.digest != chunk.digest:
            raise Conflict(f"piece {number} was sent before with other lines")
        if known is not None:
            return Added()
        if not self._is_receiving(batch):
            raise Conflict(f"the list was committed before piece {number} arrived")
        so_far = self.chunks(batch)
        if (number, chunk.first_line) != (so_far.n + 1, so_far.n_lines + 1):
            raise Conflict(f"piece {so_far.n + 1} comes next, not {number}")
        if so_far.n_lines + chunk.n_lines > max_lines:
            raise Conflict(f"the list has more than {max_lines:,} lines with piece {number}; split it")
        added = self._add(batch, entries, refused)
        row = replace(chunk, n_items=added.n_items)
        self._db.execute(
            "INSERT INTO pieces VALUES (?, ?, ?, ?, ?, ?)",
            (batch, row.number, row.first_line, row.n_lines, row.n_items, row.digest),
        )
        return added

    @transactional
    def commit_batch(self, batch_id: str) -> None:
        batch = self._batch_number(batch_id)
        n_duplicates, n_rejected = self._db.execute(
            "SELECT count(first_line), count(*) - count(first_line) FROM refused_lines WHERE batch = ?",
            (batch,),
        ).fetchone()
        (options,) = self._db.execute("SELECT options FROM batches WHERE id = ?", (batch,)).fetchone()
        is_scheduled = json.loads(options).get("not_before") is not None
        self._db.execute(
            "UPDATE batches SET state = ?, n_duplicates = ?, n_rejected = ?, (first_item, last_item, n_items) ="
            " (SELECT min(id), max(id), count(*) FROM items WHERE batch = batches.id)"
            " WHERE id = ? AND state = 'receiving'",
            ("scheduled" if is_scheduled else "running", n_duplicates, n_rejected, batch),
        )

    @transactional
    def abandon_batch(self, batch_id: str) -> bool:
        row = self._db.execute(
            "SELECT id FROM batches WHERE batch_id = ? AND state = 'receiving'", (batch_id,)
        ).fetchone()
        if row is not None:
            self._batch_ids.clear()
            forget(self._db, row[0])
        return row is not None

    @transactional
    def discard_batch(self, batch_id: str) -> None:
        batch = self._batch_number(batch_id)
        if self._db.execute("SELECT 1 FROM parts WHERE batch = ? LIMIT 1", (batch,)).fetchone() is not None:
            raise Conflict(f"batch {batch_id} has results; it is not dropped")
        self._batch_ids.clear()
        self._db.execute(
            "DELETE FROM attempts WHERE item IN (SELECT id FROM items WHERE batch = ?)", (batch,)
        )
        for table in ("events", "notices"):
            self._db.execute(f"DELETE FROM {table} WHERE batch = ?", (batch,))
        forget(self._db, batch)

    def _add(self, batch: int, entries: Sequence[Entry], refused: Sequence[RefusedLine]) -> Added:
        if not self._is_receiving(batch):
            return Added()
        n_items, known = self._insert_items(batch, entries)
        duplicates = [
            RefusedLine(entry.line, entry.url, f"same page as line {first}", first)
            for entry, first in known
            if first != entry.line
        ]
        self._db.executemany(
            "INSERT INTO refused_lines VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(batch, r.line, r.text, r.reason, r.first_line) for r in (*duplicates, *refused)],
        )
        return Added(n_items, duplicates)

    def _is_receiving(self, batch: int) -> bool:
        row = self._db.execute("SELECT state FROM batches WHERE id = ?", (batch,)).fetchone()
        return row is not None and row[0] == "receiving"


def forget(db: Connection, batch: int) -> None:
    """Remove every row of a batch."""
    for table in ("items", "refused_lines", "pieces"):
        db.execute(f"DELETE FROM {table} WHERE batch = ?", (batch,))
    db.execute("DELETE FROM batches WHERE id = ?", (batch,))
