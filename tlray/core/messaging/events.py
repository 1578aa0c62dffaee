"""Events as messages: an id that stays over all attempts, a routing key to choose by, and a JSON body.

The body is that of a webhook (``type``, ``timestamp``, ``data``) with the id in it. Routing keys are the type and the batch:
``item.dead.20261123-120000-a1b2c3``, so ``item.dead.#`` are all dead letters and ``#.20261123-120000-a1b2c3`` is one batch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the journal's outbox."""

    seq: int
    """Its place in the outbox: later ones are larger."""
    event_id: str
    kind: str
    """``item.succeeded``, ``item.dead``, ``batch.completed``, …"""
    batch_id: str
    made_at: float
    """Seconds since the epoch."""
    data: Mapping[str, Any]


def routing_key(event: Event) -> str:
    """Return the key by which a topic exchange distributes an event."""
    return f"{event.kind}.{event.batch_id}"


def event_body(event: Event) -> bytes:
    """Return an event as JSON."""
    when = datetime.fromtimestamp(event.made_at, UTC).isoformat(timespec="milliseconds")
    body = {
        "type": event.kind,
        "id": event.event_id,
        "timestamp": when.replace("+00:00", "Z"),
        "data": {"batch_id": event.batch_id, **event.data},
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
