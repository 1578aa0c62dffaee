"""Pages that are read again from the archive: where those lie that are not beside their rows, and what has become of their items.

Every newer reading of a result is a *revision*: it has a number of its own, from the same count as the results, so that the
catalogue follows. The result keeps its number.
"""

from __future__ import annotations

import json
from collections import Counter

from tlray.core.model.lifecycle import ItemEvent, ItemState, advance
from tlray.errors import Conflict
from tlray.io.journal.rows import DoneRow, PagePlace, Revised
from tlray.io.journal.sql.connection import Connected, Writing, transactional

_URL = "CASE WHEN substr(i.fetch_url, 1, 5) = 'file:' THEN i.url ELSE coalesce(i.fetch_url, i.url) END"
"""An item's URL in its rows. Where a file was opened is not in them."""
_PAGE = (
    "a.id = (SELECT max(p.id) FROM attempts p WHERE p.item = a.item AND p.raw_offset IS NOT NULL"
    " AND p.kind IN ('fetched', 'unreadable', 'not-a-set', 'gone', 'blocked', 'wrong-type')"
    " AND (p.status IS NULL OR p.status BETWEEN 200 AND 299))"
)
"""The attempt with an item's last page of which a parser has decided what it is, not the status."""


class RevisionReads(Connected):
    """Queries about pages and revisions."""

    def part_of(self, item: int) -> str | None:
        row = self._db.execute("SELECT part FROM items WHERE id = ? AND done_seq > 0", (item,)).fetchone()
        return None if row is None else row[0]

    def revisions_after(self, batch: int, *, after: int, limit: int) -> list[DoneRow]:
        rows = self._db.execute(
            "SELECT r.seq, i.id, i.part FROM revisions r CROSS JOIN items i ON i.id = r.item"
            " WHERE r.batch = ? AND r.seq > ? ORDER BY r.seq LIMIT ?",
            (batch, after, limit),
        )
        return [DoneRow(*row) for row in rows]

    def revised_batches(self, after: int) -> list[int]:
        rows = self._db.execute("SELECT DISTINCT batch FROM revisions WHERE seq > ? ORDER BY batch", (after,))
        return [batch for (batch,) in rows]

    def last_result(self, batch: int) -> int:
        rows = self._db.execute(
            "SELECT max(done_seq) FROM items WHERE batch = ?1 AND done_seq > 0 UNION"
            " SELECT max(seq) FROM revisions WHERE batch = ?1",
            (batch,),
        )
        return max(int(seq or 0) for (seq,) in rows.fetchall())

    def dead_pages(self, batch: int, stem: str) -> list[PagePlace]:
        rows = self._db.execute(
            f"SELECT i.id, {_URL}, i.fingerprint, b.batch_id, a.part, a.raw_offset, a.raw_length FROM batches b"
            " CROSS JOIN items i INDEXED BY items_dead_of ON i.batch = b.id AND i.state = 'dead'"
            f" CROSS JOIN attempts a ON a.item = i.id WHERE b.id = ? AND a.part = ? AND {_PAGE} ORDER BY a.raw_offset",
            (batch, stem),
        )
        return [PagePlace(*row) for row in rows]

    def reused_pages(self, batch: int, stem: str) -> list[PagePlace]:
        rows = self._db.execute(
            # a result that is reused may be one that was reused itself
            "WITH RECURSIVE source (item, at) AS (SELECT id, answered_by FROM items WHERE batch = ? AND part = ?"
            "  AND state = 'succeeded' AND answered_by IS NOT NULL UNION ALL SELECT s.item, k.answered_by FROM source s"
            "  JOIN items k ON k.id = s.at WHERE k.answered_by IS NOT NULL)"
            f" SELECT i.id, {_URL}, i.fingerprint, b.batch_id, a.part, a.raw_offset, a.raw_length FROM source s"
            " JOIN items i ON i.id = s.item JOIN items k ON k.id = s.at AND k.answered_by IS NULL"
            f" JOIN batches b ON b.id = k.batch JOIN attempts a ON a.item = k.id WHERE {_PAGE} ORDER BY i.id",
            (batch, stem),
        )
        return [PagePlace(*row) for row in rows]


class RevisionWrites(RevisionReads, Writing):
    """What becomes of items whose pages were read again."""

    @transactional
    def revise(self, batch: int, stem: str, revised: Revised) -> None:
        recovered = dict(revised.recovered)
        self._require_dead(batch, list(recovered))
        items = sorted({*revised.changed, *recovered})
        numbers = dict(zip(items, self._done_numbers(len(items)), strict=True))
        after = advance(ItemState.DEAD, ItemEvent.REREAD)
        self._db.executemany(
            "UPDATE items SET state = ?, part = ?, fetched_at = ?, reason = NULL, dead_at = NULL WHERE id = ?",
            [(after.value, stem, fetched_at, item) for item, fetched_at in recovered.items()],
        )
        self._db.executemany(
            "UPDATE items SET done_seq = ? WHERE id = ?",
            [(numbers[item], item) for item in (*recovered, *self._recovered_before(items))],
        )
        self._db.executemany(
            "INSERT INTO revisions (item, batch, seq) VALUES (?, ?, ?) ON CONFLICT (item) DO UPDATE SET seq = excluded.seq",
            [(item, batch, seq) for item, seq in numbers.items()],
        )
        self._move_counts(batch, Counter({ItemState.DEAD: -len(recovered), after: len(recovered)}))

    def _recovered_before(self, items: list[int]) -> list[int]:
        """Return those of some items that were dead letters: the number of their result is that of their last revision."""
        rows = self._db.execute(
            "SELECT r.item FROM revisions r JOIN items i ON i.id = r.item AND i.done_seq = r.seq"
            " WHERE r.item IN (SELECT value FROM json_each(?))",
            (json.dumps(items),),
        )
        return [item for (item,) in rows.fetchall()]

    def _require_dead(self, batch: int, items: list[int]) -> None:
        (n_dead,) = self._db.execute(
            "SELECT count(*) FROM items WHERE id IN (SELECT value FROM json_each(?)) AND batch = ? AND state = 'dead'",
            (json.dumps(items), batch),
        ).fetchone()
        if n_dead < len(items):
            raise Conflict("a dead letter was retried while its page was read again; start again")

    def _move_counts(self, batch: int, moved: Counter[ItemState]) -> None:
        """Change the stored counts of a finished batch, and the version of its last snapshot."""
        (text,) = self._db.execute("SELECT counts FROM batches WHERE id = ?", (batch,)).fetchone()
        if text is not None and any(moved.values()):
            counts = json.loads(text)
            for state, n in moved.items():
                counts[state.value] = counts.get(state.value, 0) + n
            self._db.execute(
                "UPDATE batches SET counts = ?, version = version + 1 WHERE id = ?",
                (json.dumps(counts), batch),
            )
