"""The publisher of events: from the journal's outbox to a topic exchange, at least once.

Events are read in order, published together, and dropped from the outbox when the broker has confirmed all of them. What is read
and not confirmed is published again, under the same ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractConnection, AbstractExchange

from tlray.core.messaging.events import Event, event_body, routing_key
from tlray.errors import CannotFinish
from tlray.io.broker.address import BrokerAddress
from tlray.io.broker.connection import CONFIRM_S
from tlray.io.broker.topology import declare_events

LIMIT: Final = 500
"""Events that are read and published together."""
WAIT_S: Final = 5.0
"""The longest that a coordinator keeps a question for events that are not there."""
AFTER_TROUBLE_S: Final = 2.0


class Outbox(Protocol):
    """The outbox of a journal. Every call can be repeated."""

    async def want(self) -> None:
        """Have events written from now on; a journal without a publisher writes none."""
        ...

    async def take(self, limit: int, wait_s: float) -> Sequence[Event]:
        """Return the oldest events, as soon as there is one; none after ``wait_s``."""
        ...

    async def settle(self, seq: int) -> None:
        """Drop the events up to this one."""
        ...


class EventPublisher:
    """Publishes the events of one outbox."""

    def __init__(self, outbox: Outbox, address: BrokerAddress) -> None:
        self._outbox, self._address = outbox, address
        self.n_published = 0

    async def begin(self) -> None:
        """Have events written, before anything is done that makes one."""
        while True:
            try:
                return await self._outbox.want()
            except CannotFinish:  # the coordinator is away, or the disk is full
                await asyncio.sleep(AFTER_TROUBLE_S)

    async def run(self, connection: AbstractConnection) -> None:
        """Publish on this connection until it is lost, or until cancelled."""
        channel = await connection.channel()
        exchange = await declare_events(channel, self._address)
        while True:
            try:
                await self._step(exchange)
            except CannotFinish:  # the coordinator is away, or the disk is full
                await asyncio.sleep(AFTER_TROUBLE_S)

    async def _step(self, exchange: AbstractExchange) -> None:
        events = await self._outbox.take(LIMIT, WAIT_S)
        if not events:
            return
        await asyncio.gather(*(self._publish(exchange, event) for event in events))
        await self._outbox.settle(events[-1].seq)
        self.n_published += len(events)

    async def _publish(self, exchange: AbstractExchange, event: Event) -> None:
        message = Message(
            event_body(event),
            content_type="application/json",
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=event.event_id,
            type=event.kind,
            timestamp=event.made_at,
            app_id="tlray",
        )
        # an event that no queue wants is no error
        await exchange.publish(message, routing_key(event), mandatory=False, timeout=CONFIRM_S)
