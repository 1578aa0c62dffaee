"""`AuditCopy`: what a journal says of one batch at one moment, beside the rows that were read of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from tlray.core.audit.findings import BatchCounts, Finding, FindingKind
from tlray.core.model.lifecycle import BatchState
from tlray.io.journal.rows import PartRow

Row = tuple[int, int, str, str]
"""item, set_index, fingerprint, part."""


class AuditCopy(Protocol):
    """A copy that holds up no writer and keeps no item in memory. Only the verbs that say "now" look into the journal again."""

    state: BatchState
    keeps_pages: bool
    parts: list[PartRow]

    def stems_now(self) -> set[str]:
        """Return the stems that the manifest names now."""

    def books(self) -> BatchCounts:
        """Return every count, each from every place that states it."""

    def url(self, item_id: int) -> str | None:
        """Return the URL that an item was fetched from."""

    def pages(self) -> Iterator[tuple[int, str, int, int]]:
        """Yield (item, part, offset, length) of every archived page, part by part."""

    def items_of(self, part: str) -> Iterator[tuple[int, str]]:
        """Yield (item, URL) of the items whose own page should lie in this part."""

    def take_rows(self, rows: Iterable[Row]) -> None:
        """Add rows of a part's sets."""

    def disagreements(self) -> Iterator[Finding]:
        """Yield items and rows that do not match, once the rows of every part were added."""

    def about(self, kind: FindingKind, what: str, item_id: int, part: str | None = None) -> Finding:
        """Return a finding that names an item by number, line, URL and part."""
