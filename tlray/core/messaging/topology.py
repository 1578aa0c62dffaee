"""Names, queue arguments and priorities on the broker.

RabbitMQ from 4.0 on gives quorum queues two priorities: above 4, and the rest (rabbitmq.com, "Quorum Queues"). Older ones refuse
``x-max-priority`` with a quorum queue and ignore priorities there, as 3.10.8 shows; so the queue is a classic one with five
priorities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DEFAULT_QUEUE: Final = "tlray.requests"
EVENTS_EXCHANGE: Final = "tlray.events"
PRIORITIES: Final[Mapping[str, int]] = {"low": 1, "normal": 3, "immediate": 5}
"""Of messages, by the priority of the batch; in a quorum queue only ``immediate`` is a high one."""
MAX_PRIORITY: Final = 5
FIRST_WITH_QUORUM_PRIORITIES: Final = (4, 0)
DELIVERY_LIMIT: Final = 1_000_000
"""Deliveries of one message from a quorum queue: RabbitMQ 4 gives up after 20, which 20 lost connections would be."""


@dataclass(frozen=True, slots=True)
class RequestQueue:
    """A queue of batch requests, and where its dead letters go."""

    name: str = DEFAULT_QUEUE

    @property
    def dead_letters(self) -> str:
        """The dead-letter exchange, and the queue that is bound to it."""
        return f"{self.name}.dead"


@dataclass(frozen=True, slots=True)
class QueueKind:
    """How the queue is declared: durable, and with these arguments."""

    words: str
    arguments: Mapping[str, str | int]


def queue_kind(version: str, queue: RequestQueue) -> QueueKind:
    """Return the kind of queue that a broker of this version gets; one whose version is not readable counts as an old one."""
    found = re.match(r"(\d{1,6})\.(\d{1,6})", version)
    if found and (int(found[1]), int(found[2])) >= FIRST_WITH_QUORUM_PRIORITIES:
        return QueueKind(
            "quorum queue, two priorities",
            {
                "x-queue-type": "quorum",
                "x-dead-letter-exchange": queue.dead_letters,
                "x-delivery-limit": DELIVERY_LIMIT,
            },
        )
    return QueueKind(f"classic queue, {MAX_PRIORITY} priorities", {"x-max-priority": MAX_PRIORITY})
