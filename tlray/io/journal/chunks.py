"""A list that comes in pieces: which lines each piece had. A piece that comes again is the same, or is refused."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from tlray.core.submission.lines import RefusedLine
from tlray.io.journal.idempotency import MAX_LINES_TOLD


@dataclass(frozen=True, slots=True)
class PieceRow:
    """One piece that was taken in."""

    piece: int
    first_line: int
    n_lines: int
    n_items: int
    digest: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """All pieces of a list so far."""

    n: int
    n_lines: int
    n_items: int


def pieces_of(db: sqlite3.Connection, batch: int) -> Pieces:
    """Return how much of a list has come."""
    row = db.execute(
        "SELECT count(*), coalesce(sum(n_lines), 0), coalesce(sum(n_items), 0) FROM pieces WHERE batch = ?",
        (batch,),
    ).fetchone()
    return Pieces(*row)


def piece_of(db: sqlite3.Connection, batch: int, piece: int) -> PieceRow | None:
    """Return a piece; None where it has not come yet."""
    row = db.execute(
        "SELECT piece, first_line, n_lines, n_items, digest FROM pieces WHERE batch = ? AND piece = ?",
        (batch, piece),
    ).fetchone()
    return PieceRow(*row) if row else None


def note_piece(db: sqlite3.Connection, batch: int, row: PieceRow) -> None:
    """Note that a piece has come."""
    db.execute(
        "INSERT INTO pieces VALUES (?, ?, ?, ?, ?, ?)",
        (batch, row.piece, row.first_line, row.n_lines, row.n_items, row.digest),
    )


def refused_between(
    db: sqlite3.Connection, batch: int, first_line: int, n_lines: int
) -> tuple[list[RefusedLine], int, int]:
    """Return the first lines of a stretch of a list that made no item, and how many were rejected and duplicate."""
    stretch = (batch, first_line, first_line + n_lines)
    rows = db.execute(
        "SELECT line, text, reason, first_line FROM refused_lines WHERE batch = ? AND line >= ? AND line < ?"
        " ORDER BY line LIMIT ?",
        (*stretch, MAX_LINES_TOLD),
    ).fetchall()
    (n, n_duplicates) = db.execute(
        "SELECT count(*), count(first_line) FROM refused_lines WHERE batch = ? AND line >= ? AND line < ?",
        stretch,
    ).fetchone()
    return [RefusedLine(*row) for row in rows], n - n_duplicates, n_duplicates
