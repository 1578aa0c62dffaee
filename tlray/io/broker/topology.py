"""Declarations on the broker: the queue of requests, its dead letters, the exchange of events. All durable, all repeatable."""

from __future__ import annotations

from typing import Any

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractQueue

from tlray.core.messaging.topology import EVENTS_EXCHANGE, QueueKind, RequestQueue, queue_kind
from tlray.io.broker.address import BrokerAddress
from tlray.io.broker.connection import CONFIRM_S, LOST, refused, version_of


async def declare_requests(
    connection: AbstractConnection, channel: AbstractChannel, address: BrokerAddress, queue: RequestQueue
) -> tuple[AbstractQueue, QueueKind]:
    """Declare the queue of requests and the exchange and queue of its dead letters; `BrokerRefuses` where the broker has another
    one of that name, or the user may not."""
    kind = queue_kind(version_of(connection), queue)
    arguments: Any = dict(kind.arguments)
    what = f"exchange {queue.dead_letters!r}"
    try:
        exchange = await channel.declare_exchange(
            queue.dead_letters, ExchangeType.FANOUT, durable=True, timeout=CONFIRM_S
        )
        what = f"queue {queue.dead_letters!r}"
        dead = await channel.declare_queue(queue.dead_letters, durable=True, timeout=CONFIRM_S)
        await dead.bind(exchange, timeout=CONFIRM_S)
        what = f"queue {queue.name!r}"
        requests = await channel.declare_queue(
            queue.name, durable=True, arguments=arguments, timeout=CONFIRM_S
        )
    except LOST as error:
        raise refused(error, address, what) or error from None
    return requests, kind


async def declare_events(channel: AbstractChannel, address: BrokerAddress) -> AbstractExchange:
    """Declare the topic exchange of events."""
    try:
        return await channel.declare_exchange(
            EVENTS_EXCHANGE, ExchangeType.TOPIC, durable=True, timeout=CONFIRM_S
        )
    except LOST as error:
        raise refused(error, address, f"exchange {EVENTS_EXCHANGE!r}") or error from None
