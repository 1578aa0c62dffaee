"""How does a list become a batch? Opened, its lines added, made real: each step a transaction, or all of them in one.

What is not made real is nobody's: a restart or `abandon` forgets it. Every step can be done again and changes nothing then.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from tlray.core.model.item import Priority
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.errors import Conflict
from tlray.io.journal.chunks import PieceRow, note_piece, piece_of, pieces_of
from tlray.io.journal.idempotency import claim_key
from tlray.io.journal.rows import BatchOptions, Entry, RefusedLine

NumberOf = Callable[[sqlite3.Connection, str], int]
"""A domain's number, made where it has none yet."""


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch that is to be opened for its list."""

    batch_id: str
    name: str
    priority: Priority
    options: BatchOptions
    request_key: str
    """What makes a repeated request known; one key has one batch."""
    created_at: float
    """Epoch seconds."""
    owner: str = ""
    digest: str | None = None
    """Of what was sent, where its sender named the key: something else under that key is refused."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of lines that were added to a list."""

    n_items: int = 0
    """Items that they made; those that were there already, because the lines came before, are not counted."""
    duplicates: Sequence[RefusedLine] = ()


def open_batch(db: sqlite3.Connection, new: NewBatch) -> str:
    """Open a batch for its list; a repeated key returns the batch that it made before. `Conflict` where that was of another
    list."""
    if new.digest is not None and not claim_key(db, new.request_key, new.digest):
        key = new.request_key.partition("\n")[2]
        raise Conflict(f"under the key {key!r} another list was submitted before; take another key")
    row = db.execute("SELECT batch_id FROM batches WHERE request_key = ?", (new.request_key,)).fetchone()
    if row:
        return str(row[0])
    db.execute(
        "INSERT INTO batches (batch_id, name, state, priority, options, request_key, created_at, owner)"
        " VALUES (?, ?, 'receiving', ?, ?, ?, ?, ?)",
        (
            new.batch_id, new.name, int(new.priority), json.dumps(new.options.to_json(), allow_nan=False), new.request_key,
            new.created_at, new.owner,
        ),
    )  # fmt: skip
    return new.batch_id


def add_lines(
    db: sqlite3.Connection,
    batch: int,
    entries: Sequence[Entry],
    refused: Sequence[RefusedLine],
    number_of: NumberOf,
) -> Added:
    """Add lines to a batch that is being received. Added again they change nothing."""
    if not _is_receiving(db, batch):
        return Added()
    n_items = 0
    duplicates: list[RefusedLine] = []
    for entry in entries:
        cursor = db.execute(
            "INSERT INTO items (batch, line, domain, url, fingerprint, state)"
            " VALUES (?, ?, ?, ?, ?, 'queued') ON CONFLICT DO NOTHING",
            (batch, entry.line, number_of(db, entry.domain), entry.url, entry.fingerprint),
        )
        n_items += cursor.rowcount
        if not cursor.rowcount:
            (first,) = db.execute(
                "SELECT line FROM items WHERE batch = ? AND fingerprint = ?", (batch, entry.fingerprint)
            ).fetchone()
            if first != entry.line:
                duplicates.append(RefusedLine(entry.line, entry.url, f"same page as line {first}", first))
    db.executemany(
        "INSERT OR IGNORE INTO refused_lines VALUES (?, ?, ?, ?, ?)",
        [(batch, r.line, r.text, r.reason, r.first_line) for r in (*duplicates, *refused)],
    )
    return Added(n_items, duplicates)


def add_piece(
    db: sqlite3.Connection,
    batch: int,
    piece: PieceRow,
    entries: Sequence[Entry],
    refused: Sequence[RefusedLine],
    number_of: NumberOf,
    max_lines: int,
) -> Added:
    """Add a numbered piece of a list, its lines and its number at once; one that has come before changes nothing.

    `Conflict` for one that is not the next, for one that was another before, and where the list is taken in already.
    """
    known = piece_of(db, batch, piece.piece)
    if known is not None and known.digest != piece.digest:
        raise Conflict(f"piece {piece.piece} was another when it came first")
    if known is not None:
        return Added()
    if not _is_receiving(db, batch):
        raise Conflict(f"the list was taken in before piece {piece.piece} came")
    so_far = pieces_of(db, batch)
    if (piece.piece, piece.first_line) != (so_far.n + 1, so_far.n_lines + 1):
        raise Conflict(f"piece {so_far.n + 1} is the next, not {piece.piece}")
    if so_far.n_lines + piece.n_lines > max_lines:
        raise Conflict(f"the list has more than {max_lines:,} lines with piece {piece.piece}; split it")
    added = add_lines(db, batch, entries, refused, number_of)
    note_piece(db, batch, replace(piece, n_items=added.n_items))
    return added


def make_real(db: sqlite3.Connection, batch: int) -> None:
    """Make a received batch real, all of it at once."""
    (n_duplicates, n_rejected) = db.execute(
        "SELECT count(first_line), count(*) - count(first_line) FROM refused_lines WHERE batch = ?", (batch,)
    ).fetchone()
    db.execute(
        "UPDATE batches SET state = iif(json_extract(options, '$.not_before') IS NULL, 'running', 'scheduled'),"
        " n_duplicates = ?, n_rejected = ?, (first_item, last_item, n_items) ="
        " (SELECT min(id), max(id), count(*) FROM items WHERE batch = batches.id) WHERE id = ? AND state = 'receiving'",
        (n_duplicates, n_rejected, batch),
    )


def set_terms(db: sqlite3.Connection, batch: int, terms: BatchConfig) -> None:
    """Give a batch other terms; the rest of its options stays."""
    said = json.dumps(asdict(terms))
    db.execute(
        "UPDATE batches SET options = json_set(options, '$.terms', json(?)) WHERE id = ?", (said, batch)
    )


def submit_whole(
    db: sqlite3.Connection,
    new: NewBatch,
    entries: Sequence[Entry],
    refused: Sequence[RefusedLine],
    number_of: NumberOf,
) -> tuple[str, Added | None]:
    """Open a batch, add its whole list, make it real; return its id and what became of the lines: None where the same request
    made the batch before, which is left as it is."""
    made = open_batch(db, new)
    (batch,) = db.execute("SELECT id FROM batches WHERE batch_id = ?", (made,)).fetchone()
    if not _is_receiving(db, batch):
        return made, None
    added = add_lines(db, batch, entries, refused, number_of)
    make_real(db, batch)
    return made, added


def abandon(db: sqlite3.Connection, batch_id: str) -> bool:
    """Forget a batch that was never made real; False where there is none such."""
    row = db.execute(
        "SELECT id FROM batches WHERE batch_id = ? AND state = 'receiving'", (batch_id,)
    ).fetchone()
    if row:
        forget(db, row[0])
    return row is not None


def forget(db: sqlite3.Connection, batch: int) -> None:
    """Remove all that is kept of a batch."""
    for table, column in (
        ("items", "batch"),
        ("refused_lines", "batch"),
        ("pieces", "batch"),
        ("batches", "id"),
    ):
        db.execute(f"DELETE FROM {table} WHERE {column} = ?", (batch,))  # noqa: S608 - names from the line above


def _is_receiving(db: sqlite3.Connection, batch: int) -> bool:
    row = db.execute("SELECT state FROM batches WHERE id = ?", (batch,)).fetchone()
    return row is not None and row[0] == "receiving"
