"""Items, dead letters, attempts and refused lines, a page at a time: each page by a seek and never by a count.

A page may be shorter than asked for, because no query reads more than `MAX_SCANNED` items. Only a page without a place to
continue from is the last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tlray.core.model.lifecycle import ItemState
from tlray.core.submission.lines import RefusedLine
from tlray.io.journal.rows import AttemptRow, DeadLetter, ItemRow, ListedItem
from tlray.io.journal.sql.connection import NO_LIMIT, Connected

MAX_SCANNED = 20_000
PAGE_ITEMS = 5_000
"""Items that are in memory at once."""


class ItemReads(Connected):
    """Queries about items."""

    def items(
        self, batch_id: str, state: ItemState | None = None, *, after_id: int = 0, limit: int = -1
    ) -> Iterator[ItemRow]:
        number, left = self._batch_number(batch_id), NO_LIMIT if limit < 0 else limit
        first, last = self._db.execute(
            "SELECT coalesce(first_item, 1), coalesce(last_item, (SELECT max(id) FROM items), 0) FROM batches WHERE id = ?",
            (number,),
        ).fetchone()  # a batch that is being received has neither
        for after in range(max(after_id, first - 1), last, PAGE_ITEMS):
            rows = self._db.execute(
                "SELECT i.id, i.line, i.url, i.fingerprint, d.name, i.state, i.attempt, i.n_lost, i.reason, i.part"
                " FROM items i NOT INDEXED CROSS JOIN domains d ON d.id = i.domain WHERE i.batch = ?1 AND i.id > ?2"
                " AND i.id <= ?5 AND (?3 IS NULL OR i.state = ?3) ORDER BY i.id LIMIT ?4",
                (number, after, state, left, min(last, after + PAGE_ITEMS)),
            ).fetchall()
            for r in rows:
                values: list[Any] = [*r[:5], ItemState(r[5]), *r[6:]]
                yield ItemRow(*values)
            left -= len(rows)
            if not left:
                return

    def items_page(
        self, batch: int, *, state: ItemState | None, after: int, limit: int
    ) -> tuple[list[ListedItem], int | None]:
        first, last = self._db.execute(
            "SELECT first_item, last_item FROM batches WHERE id = ?", (batch,)
        ).fetchone()
        if last is None:  # it has none, or is still being received
            return [], None
        after = max(after, first - 1)
        if state is ItemState.DEAD:  # they have an index of their own
            until, hint, claim = last, "INDEXED BY items_dead_of", "i.state = 'dead'"
        else:  # the others are looked for in a stretch of ids
            until = min(last, after + MAX_SCANNED)
            hint, claim = "NOT INDEXED", "(?4 IS NULL OR i.state = ?4)"
        rows = self._db.execute(
            "SELECT i.id, i.line, i.url, d.name, i.state, i.attempt, i.n_lost, i.reason, i.due_at, i.fetched_at,"
            # an item of another owner is not shown
            " (SELECT k.id FROM items k JOIN batches kb ON kb.id = k.batch JOIN batches b ON b.id = i.batch"
            "  WHERE k.id = i.answered_by AND kb.owner = b.owner), (SELECT k.url FROM items k WHERE k.id = i.found_on)"
            f" FROM (SELECT * FROM items i {hint} WHERE i.batch = ?1 AND i.id > ?2 AND i.id <= ?3 AND {claim}"
            "  ORDER BY i.id LIMIT ?5) i CROSS JOIN domains d ON d.id = i.domain ORDER BY i.id",
            (batch, after, until, state, limit),
        ).fetchall()
        if len(rows) == limit:
            until = rows[-1][0]
        return [ListedItem(*row) for row in rows], None if until >= last else until

    def dead_letters(
        self,
        *,
        owner: str | None = None,
        batch_id: str | None = None,
        reason: str | None = None,
        before: tuple[int, int] | None = None,
        limit: int,
    ) -> tuple[list[DeadLetter], tuple[int, int] | None]:
        batch, item = before or (2**63 - 1, 0)
        rows = self._db.execute(
            "SELECT b.id, b.batch_id, i.id, i.line, i.url, d.name, i.attempt, i.n_lost, i.reason"
            " FROM batches b CROSS JOIN items i INDEXED BY items_dead_of ON i.batch = b.id AND i.state = 'dead'"
            " AND i.id > CASE WHEN b.id = ?2 THEN ?3 ELSE 0 END"
            " CROSS JOIN domains d ON d.id = i.domain"
            " WHERE b.id <= ?2 AND (?1 IS NULL OR b.owner = ?1) AND (?4 IS NULL OR b.batch_id = ?4)"
            " ORDER BY b.id DESC, i.id LIMIT ?5",
            (owner, batch, item, batch_id, MAX_SCANNED),
        )
        page: list[DeadLetter] = []
        n, place = 0, (batch, item)
        for n, row in enumerate(rows, 1):  # noqa: B007 - used after the loop
            place = row[0], row[2]
            if reason is None or reason in (row[8] or ""):
                page.append(DeadLetter(*row))
                if len(page) == limit:
                    return page, place
        return page, place if n == MAX_SCANNED else None

    def attempts(self, items: Sequence[int]) -> dict[int, list[AttemptRow]]:
        found: dict[int, list[AttemptRow]] = {item: [] for item in items}
        for item, *values in self._db.execute(
            "SELECT item, attempt, started_at, node, kind, reason, status, latency_s, part, raw_offset, raw_length"
            " FROM attempts WHERE item IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(list(items)),),
        ):
            found[item].append(AttemptRow(*values))
        return found

    def died_before(self, item: ItemRow) -> tuple[int, bool]:
        (n_dead,) = self._db.execute(
            "SELECT count(DISTINCT batch) FROM items WHERE fingerprint = ? AND state = 'dead'"
            " AND batch != (SELECT batch FROM items WHERE id = ?)",
            (item.fingerprint, item.item_id),
        ).fetchone()
        success = self._db.execute(
            "SELECT 1 FROM items WHERE fingerprint = ? AND state = 'succeeded' LIMIT 1", (item.fingerprint,)
        ).fetchone()
        return n_dead, success is not None

    def refused_lines(
        self,
        batch: int,
        *,
        after: int = 0,
        before: int | None = None,
        is_duplicate: bool | None = None,
        limit: int = -1,
    ) -> list[RefusedLine]:
        rows = self._db.execute(
            "SELECT line, text, reason, first_line FROM refused_lines WHERE batch = ?1 AND line > ?2"
            " AND line < coalesce(?3, 9e18) AND (?4 IS NULL OR (first_line IS NOT NULL) = ?4) ORDER BY line LIMIT ?5",
            (batch, after, before, is_duplicate, NO_LIMIT if limit < 0 else limit),
        )
        return [RefusedLine(*row) for row in rows]

    def count_refused(self, batch: int, *, after: int, before: int) -> tuple[int, int]:
        n_rejected, n_duplicates = self._db.execute(
            "SELECT count(*) - count(first_line), count(first_line) FROM refused_lines"
            " WHERE batch = ? AND line > ? AND line < ?",
            (batch, after, before),
        ).fetchone()
        return n_rejected, n_duplicates
