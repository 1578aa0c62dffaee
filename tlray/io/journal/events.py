"""The outbox of events for a message broker. Triggers of the schema write it, in the transaction of the change itself.

They write while a publisher wants events: it says so while it is there, and that holds for `WANTED_S`. A home without a broker
has no events, and one whose broker is gone for good does not grow for ever.
"""

from __future__ import annotations

import json
import sqlite3

from tlray.core.messaging.events import Event

WANTED_S = 7 * 86_400.0
RENEW_S = 3_600.0
"""How much of that may pass until it is written again."""


def want_events(db: sqlite3.Connection, wall: float) -> None:
    """Have events written from now on."""
    db.execute("INSERT OR REPLACE INTO meta VALUES ('events_until', ?)", (str(wall + WANTED_S),))


def has_events(db: sqlite3.Connection) -> bool:
    """True if the outbox is not empty."""
    return db.execute("SELECT 1 FROM events LIMIT 1").fetchone() is not None


def read_events(db: sqlite3.Connection, home_id: str, limit: int) -> list[Event]:
    """Return the oldest events."""
    rows = db.execute(
        "SELECT e.seq, e.kind, b.batch_id, e.made_at, e.about, b.name, b.owner, i.id, i.line, i.url, i.fingerprint"
        " FROM events e JOIN batches b ON b.id = e.batch LEFT JOIN items i ON i.id = e.item ORDER BY e.seq LIMIT ?",
        (limit,),
    )
    return [_event(home_id, *row) for row in rows]


def _event(
    home_id: str, seq: int, kind: str, batch_id: str, made_at: float, about: str, *more: object
) -> Event:
    data = dict(zip(("name", "owner", "item_id", "line", "url", "fingerprint"), more, strict=True))
    if data["item_id"] is None:
        for key in ("item_id", "line", "url", "fingerprint"):
            del data[key]
    else:
        data["item_id"] = str(data["item_id"])
    return Event(seq, f"evt-{home_id}-{seq}", kind, batch_id, made_at, {**data, **json.loads(about)})


def drop_events(db: sqlite3.Connection, seq: int) -> None:
    """Drop the events up to this one."""
    db.execute("DELETE FROM events WHERE seq <= ?", (seq,))
