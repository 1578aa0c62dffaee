"""What pages of lists add to their batches, in the transaction of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlray.core.model.discovery import ONLY_FOUND, AddedItems, Admitted, PageFound, added_items, admit
from tlray.io.journal.rows import FoundSetRow
from tlray.io.journal.sql.connection import Connected, Writing

_AT_ONCE = 500
_PAGE = 1_000


class DiscoveryReads(Connected):
    """Queries about found sets."""

    def found_sets(self, batch: int) -> Iterator[FoundSetRow]:
        after: int | None = 0
        while after is not None:
            rows = self._db.execute(
                "SELECT i.id, i.url, i.line, k.url, EXISTS (SELECT 1 FROM items o WHERE o.fingerprint = i.fingerprint"
                "  AND o.state = 'succeeded' AND o.done_seq IS NOT NULL AND o.batch != i.batch)"
                " FROM items i LEFT JOIN items k ON k.id = i.found_on"
                " WHERE i.batch = ? AND i.id > ? AND i.state = 'skipped' AND substr(i.reason, 1, 5) = 'found'"
                " ORDER BY i.id LIMIT ?",
                (batch, after, _PAGE),
            ).fetchall()
            yield from (FoundSetRow(row[1], row[2], row[3], bool(row[4])) for row in rows)
            after = rows[-1][0] if len(rows) == _PAGE else None


class DiscoveryWrites(Writing):
    """Items that are added while their batch runs."""

    def _add_found(self, page: PageFound) -> AddedItems:
        """Add what a page lists to its batch, and say on the page's item what it was."""
        batch, item = page.item.batch, page.item.id
        (n_found,) = self._db.execute("SELECT n_found FROM batches WHERE id = ?", (batch,)).fetchone()
        line, depth = self._db.execute("SELECT line, list_depth FROM items WHERE id = ?", (item,)).fetchone()
        known = self._known(batch, [url.fingerprint for url in page.urls])
        admitted = admit(page, known, n_found=n_found, n_barren=max(0, depth - 1))
        added = added_items(page, admitted)
        if admitted.new:
            self._insert_found(page, admitted, line)
            self._db.execute(
                "UPDATE batches SET n_found = n_found + ?, n_lists = n_lists + ?, n_items = n_items + ?,"
                " last_item = (SELECT max(id) FROM items) WHERE id = ?",
                (added.n_sets, added.n_lists, len(admitted.new), batch),
            )
        self._db.execute("UPDATE items SET reason = ? WHERE id = ?", (added.reason, item))
        return added

    def _known(self, batch: int, fingerprints: Sequence[str]) -> set[str]:
        """Return those of some fingerprints that a batch has."""
        known: set[str] = set()
        for begin in range(0, len(fingerprints), _AT_ONCE):
            some = fingerprints[begin : begin + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = self._db.execute(
                f"SELECT fingerprint FROM items WHERE batch = ? AND fingerprint IN ({marks})", (batch, *some)
            )
            known.update(fingerprint for (fingerprint,) in rows)
        return known

    def _insert_found(self, page: PageFound, admitted: Admitted, line: int) -> None:
        """Insert items; their line is that of the page."""
        batch, item, urls = page.item.batch, page.item.id, admitted.new
        self._number_domains(url.domain for url in urls)
        is_held = {url: page.is_only and not url.is_list for url in urls}
        self._db.executemany(
            "INSERT INTO items (batch, line, domain, url, fingerprint, state, reason, from_public, found_on, list_depth)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (batch, line, self._domain_ids[url.domain], url.url, url.fingerprint, "skipped" if is_held[url] else "queued",
                 ONLY_FOUND if is_held[url] else None, page.from_public, item, admitted.n_barren + 1 if url.is_list else 0)
                for url in urls
            ],
        )  # fmt: skip
