"""How far is the batch, and how long did it take to recover? Read from the journal, beside whoever writes it."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

_FINAL = "('succeeded', 'dead', 'skipped', 'cancelled')"


class Watcher:
    """Questions to the journal of a home with one batch, many times a second."""

    def __init__(self, home: Path) -> None:
        self._path = home / "state.db"
        self._db: sqlite3.Connection | None = None

    def close(self) -> None:
        """Let go of the journal."""
        if self._db is not None:
            self._db.close()

    def _ask(self, sql: str, *values: object) -> list[tuple[int, ...]]:
        try:
            if self._db is None:
                if not self._path.exists():
                    return []
                self._db = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=rw", uri=True, timeout=10)
            return self._db.execute(sql, values).fetchall()
        except sqlite3.OperationalError:  # no tables yet
            return []

    def _number(self, sql: str, *values: object) -> int:
        rows = self._ask(sql, *values)
        return int(rows[0][0] or 0) if rows else 0

    def n_final(self) -> int:
        """Items that are done with."""
        return self._number(f"SELECT count(*) FROM items WHERE state IN {_FINAL}")  # noqa: S608 - words from above

    def incarnation(self) -> int:
        """Which life of the coordinator this is."""
        return self._number("SELECT value FROM meta WHERE key = 'incarnation'")

    def n_leased(self) -> int:
        """Items that some task has."""
        return self._number("SELECT count(*) FROM items WHERE state = 'leased'")

    def leased(self) -> set[int]:
        """Items that tasks hold."""
        return {row[0] for row in self._ask("SELECT id FROM items WHERE state = 'leased'")}

    def given_back(self, items: set[int]) -> set[int]:
        """Those of some items that went back into the queue; what is to be tried again waits."""
        return {row[0] for row in self._ask("SELECT id FROM items WHERE state = 'queued'")} & items

    def queued_of(self, items: set[int]) -> set[int]:
        """Those of some items that nobody has yet."""
        return {
            row[0] for row in self._ask("SELECT id FROM items WHERE state IN ('queued', 'waiting')")
        } & items

    def wait(self, claim: object, timeout_s: float) -> float | None:
        """Return the moment (monotonic) at which a claim comes true; None where it does not in time."""
        deadline = time.monotonic() + timeout_s
        while not claim():  # type: ignore[operator]
            if time.monotonic() > deadline:
                return None
            time.sleep(0.02)
        return time.monotonic()
