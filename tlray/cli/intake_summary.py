"""The summary of a list after its intake: how many items it made, and which lines were refused."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tlray.core.submission.lines import RefusedLine

MAX_LINES_TOLD = 20


def print_received(
    batch_id: str,
    total: int,
    n_rejected: int,
    n_duplicates: int,
    rejected: Sequence[RefusedLine],
    duplicates: Sequence[RefusedLine],
    *,
    hint: str,
    warnings: Sequence[str] = (),
) -> None:
    """Say it on stderr, the first lines of each kind by name; ``hint`` says where the others are to be seen."""
    out = sys.stderr
    out.writelines(f"warning: {warning}\n" for warning in warnings)
    told = [counted(total, "item")]
    told += [counted(n_duplicates, "duplicate")] if n_duplicates else []
    told += [f"{counted(n_rejected, 'line')} rejected"] if n_rejected else []
    out.write(f"batch {batch_id}: {', '.join(told)}\n")
    for lines, word in ((rejected, "rejected"), (duplicates, "duplicate")):
        for line in lines[:MAX_LINES_TOLD]:
            out.write(f"line {line.line} {word}: {line.reason} ({line.text[:100]!r})\n")
    n_more = max(0, n_rejected - MAX_LINES_TOLD) + max(0, n_duplicates - MAX_LINES_TOLD)
    if n_more:
        out.write(f"… and {n_more} more; {hint}\n")
    out.flush()


def counted(n: int, noun: str) -> str:
    """Return a count that programs may read, with its noun: 1 item, 10000 items."""
    return f"{n} {noun}{'' if n == 1 else 's'}"
