"""Items, dead letters, attempts and refused lines, a page at a time: each page by a seek and never by a count.

A page may be shorter than asked for, because no query reads more than `MAX_SCANNED` items. Only a page without a place to
continue from is the last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tlray.core.model.lifecycle import ItemState
from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.dead_kind import kind_of
from tlray.core.submission.lines import RefusedLine
from tlray.io.journal.reader import NO_FILTER
from tlray.io.journal.rows import (
    AttemptRow,
    DeadGroup,
    DeadLetter,
    ItemFilter,
    ItemRow,
    ListedItem,
    SeenGroup,
)
from tlray.io.journal.sql.connection import NO_LIMIT, Connected

MAX_SCANNED = 20_000
PAGE_ITEMS = 5_000
"""Items that are in memory at once."""
MAX_GROUPS = 10_000
_PREFIX = "substr(i.reason, 1, instr(i.reason || ':', ':') - 1)"
"""The beginning of a reason, up to the colon."""
_LISTED = (
    "SELECT i.id, i.line, i.url, d.name, i.state, i.attempt, i.n_lost, i.reason, i.due_at, i.fetched_at,"
    # an item of another owner is not shown
    " (SELECT k.id FROM items k JOIN batches kb ON kb.id = k.batch JOIN batches b ON b.id = i.batch"
    "  WHERE k.id = i.answered_by AND kb.owner = b.owner), i.fingerprint,"
    " (SELECT k.url FROM items k WHERE k.id = i.found_on)"
)


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
        self, batch: int, shown: ItemFilter = NO_FILTER, *, after: int = 0, from_line: int = 0, limit: int
    ) -> tuple[list[ListedItem], int | None]:
        first, last = self._db.execute(
            "SELECT first_item, last_item FROM batches WHERE id = ?", (batch,)
        ).fetchone()
        if last is None:  # it has none, or is still being received
            return [], None
        if from_line > 1:
            (first,) = self._db.execute(
                "SELECT id FROM items INDEXED BY items_line WHERE batch = ? AND line >= ? ORDER BY line, id LIMIT 1",
                (batch, from_line),
            ).fetchone() or (last + 1,)
        domain = None if shown.domain is None else self._number_of_domain(shown.domain)
        after = max(after, first - 1)
        until, hint = self._window(batch, shown, domain, after, last)
        rows = self._db.execute(
            f"{_LISTED} FROM (SELECT * FROM items i {hint} WHERE i.batch = ?1 AND i.id > ?2 AND i.id <= ?3"
            # an index of dead letters is used for this very condition
            + (
                " AND i.state = 'dead'"
                if shown.state is ItemState.DEAD
                else " AND (?4 IS NULL OR i.state = ?4)"
            )
            + ("" if domain is None else " AND i.domain = ?5")
            + " AND (?6 IS NULL OR i.reason LIKE ?6 ESCAPE '\\')"
            " AND (?7 IS NULL OR i.url LIKE ?7 ESCAPE '\\' OR i.reason LIKE ?7 ESCAPE '\\')"
            "  ORDER BY i.id LIMIT ?8) i CROSS JOIN domains d ON d.id = i.domain ORDER BY i.id",
            (batch, after, until, shown.state, domain, _part(shown.reason), _part(shown.text), limit),
        ).fetchall()
        if len(rows) == limit:
            until = rows[-1][0]
        return [ListedItem(*row) for row in rows], None if until >= last else until

    def _window(
        self, batch: int, shown: ItemFilter, domain: int | None, after: int, last: int
    ) -> tuple[int, str]:
        """Return the id up to which a page looks for items, and the index by which it does."""
        values: tuple[int, ...] = (batch, after, MAX_SCANNED)
        if shown.state is ItemState.DEAD:
            hint, claim, is_exact = "INDEXED BY items_dead_of", "state = 'dead'", domain is None
        elif domain is not None:
            hint, claim, is_exact = "INDEXED BY items_lane", "domain = ?4", shown.state is None
            values = (*values, domain)
        else:  # in a stretch of ids
            return min(last, after + MAX_SCANNED), "NOT INDEXED"
        if is_exact and not shown.has_text:
            return last, hint
        n, until = self._db.execute(
            f"SELECT count(*), max(id) FROM (SELECT id FROM items {hint} WHERE batch = ?1 AND {claim} AND id > ?2"
            " ORDER BY id LIMIT ?3) w",
            values,
        ).fetchone()
        return (last if n < MAX_SCANNED else int(until)), hint

    def find_item(self, batch: int, item_id: int) -> ListedItem | None:
        row = self._db.execute(
            f"{_LISTED} FROM items i CROSS JOIN domains d ON d.id = i.domain WHERE i.id = ? AND i.batch = ?",
            (item_id, batch),
        ).fetchone()
        return None if row is None else ListedItem(*row)

    def batch_of_item(self, item_id: int) -> str | None:
        row = self._db.execute(
            "SELECT b.batch_id FROM items i JOIN batches b ON b.id = i.batch WHERE i.id = ?", (item_id,)
        ).fetchone()
        return None if row is None else str(row[0])

    def count_by_domain(self, batch: int) -> dict[str, tuple[int, int]]:
        dead = dict(
            self._db.execute(
                "SELECT domain, count(*) FROM items INDEXED BY items_dead_by WHERE batch = ? AND state = 'dead'"
                " GROUP BY domain",
                (batch,),
            ).fetchall()
        )
        rows = self._db.execute(
            "SELECT d.name, i.domain, i.n FROM (SELECT domain, count(*) AS n FROM items INDEXED BY items_lane"
            " WHERE batch = ? GROUP BY domain) i JOIN domains d ON d.id = i.domain",
            (batch,),
        )
        return {name: (n, dead.get(number, 0)) for name, number, n in rows}

    def last_death(self) -> int:
        return int(self._meta("dead_at") or 0)

    def dead_groups(self, *, owner: str | None = None, batch_id: str | None = None) -> list[DeadGroup]:
        rows = self._db.execute(
            "SELECT d.name, g.prefix, g.n, g.n_batches, g.last_item, g.newest FROM (SELECT i.domain,"
            f" {_PREFIX} AS prefix, count(*) AS n,"
            " count(DISTINCT i.batch) AS n_batches, max(i.id) AS last_item, max(coalesce(i.dead_at, 0)) AS newest"
            " FROM batches b CROSS JOIN items i INDEXED BY items_dead_by ON i.batch = b.id AND i.state = 'dead'"
            " WHERE (?1 IS NULL OR b.owner = ?1) AND (?2 IS NULL OR b.batch_id = ?2)"
            " GROUP BY i.domain, prefix ORDER BY n DESC, last_item LIMIT ?3) g"
            " JOIN domains d ON d.id = g.domain ORDER BY g.n DESC, g.last_item",
            (owner, batch_id, MAX_GROUPS),
        )
        return [DeadGroup(r[0], r[1] or "", *r[2:]) for r in rows]

    def count_dead(self, *, owner: str | None = None, limit: int) -> int:
        (n,) = self._db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM batches b CROSS JOIN items i INDEXED BY items_dead_by"
            " ON i.batch = b.id AND i.state = 'dead' WHERE (?1 IS NULL OR b.owner = ?1) LIMIT ?2) n",
            (owner, limit),
        ).fetchone()
        return int(n)

    def batches_with_dead(self, seen: SeenGroup, *, owner: str | None = None) -> list[str]:
        rows = self._db.execute(
            f"SELECT b.batch_id, {_PREFIX} AS prefix FROM batches b CROSS JOIN items i INDEXED BY items_dead_by"
            " ON i.batch = b.id AND i.state = 'dead' AND i.domain = (SELECT id FROM domains WHERE name = ?2)"
            " WHERE (?1 IS NULL OR b.owner = ?1) AND coalesce(i.dead_at, 0) <= coalesce(?3, 9e18)"
            " GROUP BY b.id, b.batch_id, prefix ORDER BY b.id",
            (owner, seen.domain, seen.until),
        )
        return list(dict.fromkeys(batch_id for batch_id, prefix in rows if kind_of(prefix) == seen.kind))

    def _number_of_domain(self, name: str) -> int:
        """Return a domain's number; 0, which none has, if it is not known."""
        row = self._db.execute("SELECT id FROM domains WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def dead_letters(
        self,
        *,
        owner: str | None = None,
        batch_id: str | None = None,
        reason: str | None = None,
        kind: str | None = None,
        domain: str | None = None,
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
            letter = DeadLetter(*row)
            if (
                (reason is None or reason in (letter.reason or ""))
                and domain in (None, letter.domain)
                and kind in (None, letter.kind)
            ):
                page.append(letter)
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

    def items_gone(self) -> set[int]:
        rows = self._db.execute(
            "SELECT k.id FROM items d INDEXED BY items_dead CROSS JOIN items k"
            " ON k.fingerprint = d.fingerprint AND k.state = 'succeeded' AND k.id < d.id"
            " WHERE d.state = 'dead' AND (d.reason = ?1 OR d.reason LIKE ?2)",
            (OutcomeKind.GONE.value, f"{OutcomeKind.GONE.value}:%"),
        )
        return {item for (item,) in rows}

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


def _part(text: str | None) -> str | None:
    """Return the pattern of LIKE for texts that contain this one."""
    if text is None:
        return None
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"
