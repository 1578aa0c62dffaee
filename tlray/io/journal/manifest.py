"""How does one part take the place of several in the manifest, and in whatever points to them?"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from tlray.io.journal.rows import PartRow


def replace_parts(db: sqlite3.Connection, batch: int, old: Mapping[str, int], new: PartRow) -> None:
    """Name ``new`` instead of the parts in ``old``: stem → offset of its pages in the new part's archive."""
    db.execute(
        "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
        (new.stem, batch, new.n_sets, new.n_tracks, new.n_bytes, new.has_rows, new.has_pages),
    )
    db.execute("CREATE TEMP TABLE IF NOT EXISTS moved (stem TEXT PRIMARY KEY, base INTEGER)")
    db.execute("DELETE FROM moved")
    db.executemany("INSERT INTO moved VALUES (?, ?)", old.items())
    db.execute(
        "UPDATE items SET part = ? WHERE batch = ? AND part IN (SELECT stem FROM moved)",
        (new.stem, batch),
    )
    db.execute(
        "UPDATE attempts SET part = ?,"
        " raw_offset = raw_offset + (SELECT base FROM moved WHERE stem = part)"
        " WHERE part IN (SELECT stem FROM moved)",
        (new.stem,),
    )
    db.execute("DELETE FROM parts WHERE stem IN (SELECT stem FROM moved)")


def stems_with_rows(db: sqlite3.Connection, batch: int) -> list[str]:
    """Return the parts that have a batch's rows, in the order of their stems."""
    rows = db.execute("SELECT stem FROM parts WHERE batch = ? AND has_rows ORDER BY stem", (batch,))
    return [stem for (stem,) in rows]
