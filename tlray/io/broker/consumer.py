"""The consumer: batch requests from a queue, acknowledged when they are in the journal.

One *session* is one connection with its channel: what is unacknowledged when it ends comes again from the broker, and is a
duplicate by its key where its batch was made already. The prefetch bounds what is taken: while the coordinator has no room, that
many messages are held, and nothing more is taken.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aio_pika import DeliveryMode
from aio_pika import Message as Outgoing
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from tlray.core.messaging.requests import (
    Acknowledge,
    DeadLetter,
    Failed,
    Message,
    Request,
    Submission,
    Wait,
    next_step,
    read_message,
)
from tlray.core.messaging.topology import RequestQueue
from tlray.core.model.amounts import plural
from tlray.errors import BrokerRefuses, BrokerUnavailable
from tlray.io.broker.address import BrokerAddress
from tlray.io.broker.connection import CONFIRM_S, LOST, connect, version_of
from tlray.io.broker.topology import declare_events, declare_requests

PREFETCH: Final = 16
HOLD_S: Final = 600.0
"""A message that has no room for so long goes back by the end of the session: RabbitMQ closes a channel on which one is
unacknowledged for 30 minutes."""
MIN_PAUSE_S, MAX_PAUSE_S = 0.5, 10.0
"""Between two attempts to connect."""
REASON, FROM_QUEUE = "x-tlray-reason", "x-tlray-queue"
"""Headers of a dead letter."""
_PLAIN: Final = (str, int, float, bool, type(None))
"""Values of a message's own headers that its copy keeps; what else a header may hold, the library may not be able to send."""
Tell = Callable[[str], None]


class Submit(Protocol):
    """Hands a request to a coordinator; returns when its batch is in the journal, or why it is not. Can be repeated."""

    async def __call__(self, request: Request) -> Submission:
        """Submit a request. An error of tlray ends the consumer."""
        ...


class Beside(Protocol):
    """Work on the same connection."""

    async def begin(self) -> None:
        """Make ready; no request is taken before."""
        ...

    async def run(self, connection: AbstractConnection) -> None:
        """Work until cancelled, or until the connection is lost."""
        ...


@dataclass(slots=True)
class Taken:
    """What became of the messages that were taken."""

    accepted: int = 0
    duplicates: int = 0
    dead_letters: int = 0

    @property
    def n(self) -> int:
        """All of them."""
        return self.accepted + self.duplicates + self.dead_letters

    def __str__(self) -> str:
        taken, again = plural(self.accepted, "request"), plural(self.duplicates, "duplicate")
        return f"{taken} taken, {again}, {plural(self.dead_letters, 'dead letter')}"


class Consumer:
    """One process's consumer of one queue. `run` it once."""

    def __init__(
        self,
        address: BrokerAddress,
        submit: Submit,
        *,
        queue: RequestQueue,
        prefetch: int = PREFETCH,
        until_empty: bool = False,
        beside: Beside | None = None,
        tell: Tell = lambda line: None,
    ) -> None:
        self._address, self._submit, self._queue = address, submit, queue
        self._prefetch, self._until_empty, self._beside = prefetch, until_empty, beside
        self._tell = tell
        self._stopping = asyncio.Event()
        self._waits_for = ""
        self._has_begun = False
        self._n_failures = 0
        self.taken = Taken()

    def stop(self) -> None:
        """Take nothing more. What is being submitted is submitted and acknowledged, the rest goes back."""
        self._stopping.set()

    def end_when_empty(self) -> None:
        """Stop at the empty queue."""
        self._tell("the queue is empty")
        self.stop()

    async def run(self) -> None:
        """Consume until `stop`. `BrokerUnavailable` and `BrokerRefuses` until it has begun; later the broker is waited for."""
        told = ""
        while not self._stopping.is_set():
            n_before = self.taken.n
            try:
                async with await connect(self._address, "tlray consume") as connection:
                    await self._session(connection)
                told = ""
            except (BrokerUnavailable, BrokerRefuses, *LOST) as error:
                if not self._has_begun:
                    raise
                is_ours = isinstance(error, BrokerUnavailable | BrokerRefuses)
                line = str(error) if is_ours else f"{self._address}: the connection is lost; connecting again"
                if line != told:
                    self._tell(told := line)
            self._n_failures = 0 if self.taken.n > n_before else self._n_failures + 1
            pause_s = min(MAX_PAUSE_S, MIN_PAUSE_S * 2.0 ** min(self._n_failures, 8))
            await self._pause(pause_s * random.uniform(0.5, 1.0))  # noqa: S311

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this, or leave it at `stop`."""
        tasks = [asyncio.ensure_future(work), asyncio.ensure_future(self._stopping.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                tasks[0].result()
        finally:
            for task in tasks:
                task.cancel()

    async def _session(self, connection: AbstractConnection) -> None:
        """Consume on one connection, until `stop`, or until it is lost."""
        if self._beside is not None:
            await self._unless_stopped(self._beside.begin())
        channel = await connection.channel(on_return_raises=True)
        await channel.set_qos(self._prefetch, timeout=CONFIRM_S)
        queue, kind = await declare_requests(connection, channel, self._address, self._queue)
        session = _Session(self, channel)
        tag = await queue.consume(session.begin, timeout=CONFIRM_S)
        self._has_begun = True
        self._tell(
            f"taking requests from {self._queue.name} at {self._address}: {kind.words}, RabbitMQ {version_of(connection)}"
        )
        beside = None if self._beside is None else asyncio.ensure_future(self._beside.run(connection))
        try:
            await session.wait(beside, self._is_empty if self._until_empty else None)
            await queue.cancel(tag, timeout=CONFIRM_S)
            await session.settle()
            await channel.close()  # the broker has all acknowledgements when it answers
        finally:
            session.cancel()
            if beside is not None:
                beside.cancel()
                with suppress(asyncio.CancelledError, *LOST):
                    await beside

    async def _is_empty(self, channel: AbstractChannel) -> bool:
        found = await channel.declare_queue(self._queue.name, passive=True, timeout=CONFIRM_S)
        return not found.declaration_result.message_count

    async def take(self, message: AbstractIncomingMessage, channel: AbstractChannel) -> bool:
        """Bring one message to its end; False where it was held in vain."""
        read = read_message(Message(message.body, message.message_id, message.content_encoding))
        step = read if isinstance(read, DeadLetter) else await self._submitted(read)
        if step is None:
            return False
        if isinstance(step, DeadLetter):
            await self._bury(message, channel, step)
            self.taken.dead_letters += 1
        elif step.is_duplicate:
            self.taken.duplicates += 1
        else:
            self.taken.accepted += 1
        await message.ack()
        return True

    async def _submitted(self, request: Request) -> Acknowledge | DeadLetter | None:
        """Submit a request until it is decided; None where there was no room in time, or nothing more is to be done."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + HOLD_S
        n_bugs = 0
        while not self._stopping.is_set():
            result = await self._submit(request)
            n_bugs += isinstance(result, Failed)
            step = next_step(result, n_bugs)
            if not isinstance(step, Wait):
                self._waits_for = ""
                return step
            if self._waits_for != step.reason:
                self._waits_for = step.reason
                self._tell(f"waiting: {step.reason}")
            if clock() + step.seconds > deadline:
                return None
            await self._pause(step.seconds)
        return None

    async def _bury(
        self, message: AbstractIncomingMessage, channel: AbstractChannel, letter: DeadLetter
    ) -> None:
        """Publish a copy of a message to the dead-letter exchange, and wait until the broker has confirmed it."""
        headers: dict[str, Any] = {
            k: v for k, v in message.headers.items() if isinstance(v, _PLAIN) and not k.startswith("x-")
        }
        copy = Outgoing(
            message.body,
            headers=headers | {REASON: letter.reason, FROM_QUEUE: self._queue.name},
            content_type=message.content_type,
            content_encoding=message.content_encoding,
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=message.message_id,
            correlation_id=message.correlation_id,
            timestamp=message.timestamp,
            type=message.type,
            app_id=message.app_id,
        )
        exchange = await channel.get_exchange(self._queue.dead_letters, ensure=False)
        await exchange.publish(copy, routing_key="", timeout=CONFIRM_S)
        self._tell(f"dead letter: {letter.reason}")


class _Session:
    """The messages of one channel that are being worked on."""

    def __init__(self, consumer: Consumer, channel: AbstractChannel) -> None:
        self._consumer, self._channel = consumer, channel
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def begin(self, message: AbstractIncomingMessage) -> None:
        """Begin to work on a message that was delivered."""
        task = asyncio.create_task(self._take(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        try:
            if not await self._consumer.take(message, self._channel):
                self._end(None)
        except Exception as error:  # noqa: BLE001 - `wait` raises it
            self._end(error)

    def _end(self, error: BaseException | None) -> None:
        if self._ended.done():
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(error)

    async def wait(
        self,
        beside: asyncio.Future[None] | None,
        is_empty: Callable[[AbstractChannel], Awaitable[bool]] | None,
    ) -> None:
        """Return when the consumer is to stop, or a message was held in vain; raise what ended the session."""
        channel: Any = self._channel
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(
            lambda frame: self._end(ConnectionError("the queue was deleted"))
        )
        stopping = asyncio.ensure_future(self._consumer._stopping.wait())
        closed = asyncio.ensure_future(channel.closed())
        everything = {stopping, closed, self._ended} | ({beside} if beside is not None else set())
        try:
            while True:
                done, _ = await asyncio.wait(
                    everything, timeout=0.2 if is_empty else None, return_when=asyncio.FIRST_COMPLETED
                )
                for ended in done - {stopping, closed}:
                    ended.result()
                if closed in done:
                    raise ConnectionError("the channel is closed")
                if done:
                    return
                if is_empty is not None and not self._tasks and await is_empty(self._channel):
                    self._consumer.end_when_empty()
        finally:
            stopping.cancel()
            closed.cancel()
            if self._ended.done():
                self._ended.exception()  # seen

    async def settle(self) -> None:
        """Wait for what is being submitted."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def cancel(self) -> None:
        """Leave what is not finished to the next session."""
        for task in self._tasks:
            task.cancel()


async def check(address: BrokerAddress, queue: RequestQueue, *, with_events: bool) -> None:
    """Connect once and declare what a consumer needs: `BrokerUnavailable` or `BrokerRefuses` before anything else is started."""
    try:
        async with await connect(address, "tlray check") as connection:
            channel = await connection.channel()
            await declare_requests(connection, channel, address, queue)
            if with_events:
                await declare_events(channel, address)
    except LOST as error:
        raise BrokerUnavailable(str(address), "the connection was lost") from error
