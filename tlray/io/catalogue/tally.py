"""Quality, counted: of each batch, of each user's sets, and of all newest versions; kept up to date as results come in.

A tally is a name and a number in a scope: `SETS`, `RATED` and `QUALITY` (the sum, in thousandths), and the name of each issue.
The changes of a window are collected and written once, in its transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from tlray.core.model.quality import issue_name

SETS, RATED, QUALITY = "#sets", "#rated", "#quality"
ALL: Final = "all"


def of_owner(owner: str | None) -> str:
    """Return the scope of a user's sets; None: of all users."""
    return ALL if owner is None else f"of {owner}"


def of_batch(batch: int) -> str:
    """Return the scope of a batch's results."""
    return f"batch {batch}"


def issue_names(issues: Iterable[str]) -> str:
    """Return the names of a set's issues, as they are stored."""
    return json.dumps(list(dict.fromkeys(map(issue_name, issues))), ensure_ascii=False)


class Tally:
    """The changes of one window."""

    def __init__(self) -> None:
        self._changes: Counter[tuple[str, str]] = Counter()

    def count(self, scope: str, quality: float | None, issues: str, n: int = 1) -> None:
        """Count a set in a scope, or take it away (``n`` = -1)."""
        self._changes[scope, SETS] += n
        if quality is not None:
            self._changes[scope, RATED] += n
            self._changes[scope, QUALITY] += n * round(1000 * quality)
        for name in json.loads(issues):
            self._changes[scope, name] += n

    def write(self, db: sqlite3.Connection) -> None:
        """Enter the changes, in the caller's transaction."""
        db.executemany(
            "INSERT INTO tallies VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
            [(*place, n) for place, n in self._changes.items() if n],
        )
        self._changes.clear()


def quality_of(db: sqlite3.Connection, scope: str) -> dict[str, Any]:
    """Return how many sets a scope has, their mean quality (None if none has one), and how many have which issue."""
    counts = dict(db.execute("SELECT name, n FROM tallies WHERE scope = ? AND n > 0", (scope,)).fetchall())
    n_sets, n_rated, total = (counts.pop(name, 0) for name in (SETS, RATED, QUALITY))
    mean = round(total / n_rated / 1000, 3) if n_rated else None
    issues = dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    return {"sets": n_sets, "mean": mean, "issues": issues}
