"""The outbox of events for a message broker. Triggers of the schema write it, in the transaction of the change itself;
what the catalogue finds out afterwards is added."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tlray.core.messaging.events import Event
from tlray.io.journal.sql.connection import Connected, Writing, transactional

_ITEM = ("item_id", "line", "url", "fingerprint")


class EventReads(Connected):
    """Queries about events."""

    def has_events(self) -> bool:
        return self._db.execute("SELECT 1 FROM events LIMIT 1").fetchone() is not None

    def events(self, source: str, limit: int) -> list[Event]:
        rows = self._db.execute(
            "SELECT e.seq, e.kind, b.batch_id, e.made_at, e.about, b.name, b.owner, i.id, i.line, i.url, i.fingerprint"
            " FROM events e JOIN batches b ON b.id = e.batch LEFT JOIN items i ON i.id = e.item ORDER BY e.seq LIMIT ?",
            (limit,),
        )
        return [_event(source, row) for row in rows]


class EventWrites(EventReads, Writing):
    """Changes of the outbox."""

    @transactional
    def want_events(self, until: float) -> None:
        self._set_meta("events_until", str(until))

    @transactional
    def add_event(self, batch: int, kind: str, about: Mapping[str, Any], *, wall: float) -> None:
        until = self._db.execute("SELECT value FROM meta WHERE key = 'events_until'").fetchone()
        if until is not None and float(until[0]) > wall:
            self._db.execute(
                "INSERT INTO events (kind, batch, about, made_at) VALUES (?, ?, ?, ?)",
                (kind, batch, json.dumps(about), wall),
            )

    @transactional
    def drop_events(self, seq: int) -> None:
        self._db.execute("DELETE FROM events WHERE seq <= ?", (seq,))


def _event(source: str, row: Sequence[Any]) -> Event:
    seq, kind, batch_id, made_at, about, name, owner, *item = row
    data: dict[str, Any] = {"name": name, "owner": owner}
    if item[0] is not None:
        data |= dict(zip(_ITEM, (str(item[0]), *item[1:]), strict=True))
    return Event(seq, f"evt-{source}-{seq}", kind, batch_id, made_at, data | json.loads(about))
