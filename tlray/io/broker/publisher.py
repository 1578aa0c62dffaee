"""The publisher of batch requests: each is confirmed by the broker, or published again; ids make that harmless."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import DeliveryError

from tlray.core.messaging.request_file import Outgoing
from tlray.core.messaging.topology import RequestQueue
from tlray.errors import BrokerUnavailable
from tlray.io.broker.address import BrokerAddress
from tlray.io.broker.connection import CONFIRM_S, LOST, connect, refused
from tlray.io.broker.topology import declare_requests

AT_ONCE: Final = 100
"""Messages in flight."""
PAUSE_S: Final = 1.0
"""Between two attempts to connect."""


async def publish(
    address: BrokerAddress,
    requests: Sequence[Outgoing],
    *,
    queue: RequestQueue,
    max_wait_s: float,
    on_confirmed: Callable[[Outgoing], None],
) -> None:
    """Publish requests until each is confirmed. A broker that is not there at first is an error at once, one that goes away in
    the middle is waited for ``max_wait_s``."""
    left = list(requests)
    clock = asyncio.get_running_loop().time
    deadline: float | None = None
    while left:
        n_before = len(left)
        try:
            async with await connect(address, "tlray publish") as connection:
                await _publish_all(connection, address, left, queue, on_confirmed)
        except (BrokerUnavailable, *LOST) as error:
            is_first = deadline is None and len(left) == len(requests)
            deadline = clock() + max_wait_s if deadline is None or len(left) < n_before else deadline
            if (is_first and isinstance(error, BrokerUnavailable)) or clock() > deadline:
                if isinstance(error, BrokerUnavailable):
                    raise
                is_full = isinstance(error, DeliveryError)
                reason = f"queue {queue.name!r} takes no messages" if is_full else "the connection was lost"
                raise BrokerUnavailable(str(address), reason) from None
            await asyncio.sleep(PAUSE_S)


async def _publish_all(
    connection: AbstractConnection,
    address: BrokerAddress,
    left: list[Outgoing],
    queue: RequestQueue,
    on_confirmed: Callable[[Outgoing], None],
) -> None:
    """Publish what is ``left``, and take from it what is confirmed. A queue that is not there is declared."""
    channel = await connection.channel(on_return_raises=True)

    async def send(request: Outgoing) -> None:
        message = Message(
            request.body,
            content_type="application/json",
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=request.key,
            priority=request.priority,
            app_id="tlray",
        )
        try:
            await channel.default_exchange.publish(message, queue.name, timeout=CONFIRM_S)
        except DeliveryError:  # no queue, or it is full
            async with declaring:
                own = await connection.channel()
                await declare_requests(connection, own, address, queue)
                await own.close()
            # refused again, it is full, or a quorum queue that has no leader yet: `publish` waits for it
            await channel.default_exchange.publish(message, queue.name, timeout=CONFIRM_S)

    declaring = asyncio.Lock()
    while left:
        sent = left[:AT_ONCE]
        results = await asyncio.gather(*map(send, sent), return_exceptions=True)
        for request, result in zip(
            sent, results, strict=True
        ):  # in their order, not in that of the confirmations
            if not isinstance(result, BaseException):
                left.remove(request)
                on_confirmed(request)
        for result in results:
            if isinstance(result, BaseException):
                ours = (
                    refused(result, address, f"queue {queue.name!r}")
                    if isinstance(result, Exception)
                    else None
                )
                raise ours or result
