"""The completeness check: connections break, and half a tracklist must not pass for a whole one.

Two witnesses: ``#tlTab[data-count]``, the number of rows that the page claims (equal on every real page; one
more or one less also tells that the markup has changed), and the end of the document. A count may be missing
only in pages that are plainly not today's: from before 2021, or cut down by hand, without ``#tl_save`` too.
"""

from __future__ import annotations

from tlray.sites.tracklists1001.table import Table

MAX_ROWS = 5_000
"""More rows than that are no DJ set."""

_OPENS_WITHIN = 4096


def why_incomplete(data: bytes, table: Table, *, is_cut: bool) -> str | None:
    """The reason why the page's rows are not the whole set; None if they are."""
    n_rows = len(table.rows)
    if table.claimed is not None and table.claimed != str(n_rows):
        return f"rows {n_rows} of {table.claimed[:12]}"
    is_uncounted = table.claimed is None
    reasons = {
        "no rows": n_rows == 0,
        "too large": n_rows > MAX_ROWS,
        "truncated": is_cut,
        "rows without their count": is_uncounted and table.has_end,  # today's page, damaged or changed
        "loose rows": is_uncounted and not _opens_a_document(data),  # nothing says whether they are all
    }
    return next((reason for reason, is_so in reasons.items() if is_so), None)


def is_cut_off(data: bytes, table: Table) -> bool:
    """True if the page's end is missing: a document that is opened must be closed, after its last row.

    The site closes every page, and so does every browser that saves one, but for the SingleFile extension,
    which drops end tags; there ``#tl_save`` after the rows must do. A fragment must close its ``div``.
    """
    if not _opens_a_document(data):
        return data.count(b"<div") > data.count(b"</div")
    end = data.rfind(b"</html")
    if end < 0:
        end = data.rfind(b"</HTML")
    if end < 0:
        return not (table.has_end and b"SingleFile" in data[:_OPENS_WITHIN])
    return data.find(b"tlpItem", end) >= 0


def _opens_a_document(data: bytes) -> bool:
    return b"<html" in data[:_OPENS_WITHIN].lower()
