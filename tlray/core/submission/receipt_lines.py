"""The lines and warnings that a receipt of a list names."""

from __future__ import annotations

from collections.abc import Sequence

from tlray.core.model.receipts import RefusedLines
from tlray.core.submission.lines import RefusedLine

MAX_WARNINGS = 20
MAX_LINES_LISTED = 1_000
"""Refused lines of each kind that a receipt names; all of them are in the journal."""


def warning_of_unused(name: str) -> str:
    """Say that options name a domain of which a list has no URL."""
    return f"the options name {name}, and no URL of the list is there; they hold where a redirect leads there"


def refused_as_json(rejected: Sequence[RefusedLine], duplicates: Sequence[RefusedLine]) -> RefusedLines:
    """Return lines that made no item, as they are told."""
    return {
        "rejected": [{"line": r.line, "url": r.text, "reason": r.reason} for r in rejected],
        "duplicate_lines": [{"line": r.line, "url": r.text, "first_line": r.first_line} for r in duplicates],
    }
