"""The audit of one batch: its journal, its items and its files, each compared with the others.

No Ray is needed, and a coordinator may be at work meanwhile: the journal is read at one moment, files that are just being
published or merged are waited for, and a merge that came between has the batch read again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlray.core.audit.findings import REMEDIES, BatchCounts, Finding, FindingKind, Findings
from tlray.io.audit.checks import BatchCheck
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.io.results.open_store import open_store


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of the audit of one batch."""

    batch_id: str
    books: BatchCounts
    findings: Findings
    notes: tuple[str, ...]
    """What is not wrong, but should be known."""
    n_parts: int
    n_bytes: int
    n_rows: int
    n_track_rows: int
    n_pages: int
    """Archived pages that were read."""

    @property
    def is_right(self) -> bool:
        """True if everything agrees."""
        return not self.findings.counts

    @property
    def n_missing(self) -> int:
        """Items that succeeded and have no row, or not all of their rows."""
        return self.findings.counts.get(FindingKind.ROW_MISSING, 0)

    @property
    def n_twice(self) -> int:
        """Rows that are there more than once."""
        return self.findings.counts.get(FindingKind.ROW_TWICE, 0)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        books = self.books
        found = self.findings
        return {
            "batch_id": self.batch_id, "state": books.state, "is_right": self.is_right, "lines": books.n_lines,
            "total": books.total, "duplicates": books.n_duplicates, "n_rejected": books.n_rejected,
            "counts": dict(books.counts), "open": books.n_open, "parts": self.n_parts, "bytes": self.n_bytes,
            "sets": self.n_rows, "tracks": self.n_track_rows, "pages_read": self.n_pages,
            "missing": self.n_missing, "twice": self.n_twice, "notes": list(self.notes),
            "findings": [
                {"kind": kind, "n": n, "cure": REMEDIES[kind], "examples": [_example(one) for one in found.examples[kind]]}
                for kind, n in found.counts.items()
            ],
        }  # fmt: skip


def _example(finding: Finding) -> dict[str, Any]:
    values = {
        "what": finding.what,
        "part": finding.part,
        "item_id": finding.item_id,
        "line": finding.line,
        "url": finding.url,
    }
    return {name: value for name, value in values.items() if value is not None}


def audit_batch(home: Home, batch_id: str, *, reads_pages: bool = False) -> Audit:
    """Check everything of a batch; with ``reads_pages`` also every archived page. `NoSuchBatch` if there is none."""
    while True:
        with open_reader(home.path) as journal, journal.audit_copy(batch_id) as copy:
            check = BatchCheck(home, batch_id, copy, reads_pages=reads_pages)
            stems = {part.stem for part in copy.parts}
            # a batch's parts are merged once, and never after it is final: the loop ends
            if copy.state.is_final or stems <= copy.stems_now():
                break
    return Audit(
        batch_id, check.books, check.findings, tuple(check.notes), n_parts=len(stems), n_bytes=check.n_bytes,
        n_rows=check.n_rows, n_track_rows=check.n_track_rows, n_pages=check.n_pages,
    )  # fmt: skip


def check_journal(home: Path) -> list[Finding]:
    """Return what the journal's database finds wrong with its own storage."""
    with open_reader(home) as journal:
        return [Finding(FindingKind.JOURNAL, f"the database says: {text}") for text in journal.damage()]


def unknown_folders(home: Home) -> list[str]:
    """Return folders of results and pages that are of no batch of the journal, as paths within the home."""
    with open_reader(home.path) as journal:
        known = {row.batch_id for row, _ in journal.batch_summaries()}
    there = open_store(home).batches()
    return sorted(name for batch_id, names in there.items() if batch_id not in known for name in names)
