"""The consumer of batch requests beside a coordinator, and ``tlray consume`` around it.

It is a service without HTTP: the same rules, the same coordinator, and the events of the home on the way back.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from tlray.cluster.driver.ray_watchdog import OnLost
from tlray.cluster.driver.session import open_session
from tlray.core.messaging.events import Event
from tlray.core.messaging.topology import RequestQueue
from tlray.errors import TlrayError
from tlray.io.broker.address import BrokerAddress
from tlray.io.broker.consumer import PREFETCH, Consumer, Taken, Tell, check
from tlray.io.broker.events import EventPublisher
from tlray.io.disk.home import Home
from tlray.io.journal.opening import require_readable
from tlray.service.backend.gateway import Gateway
from tlray.service.submission.from_broker import USER, BrokerSubmit
from tlray.settings import Settings

STAY_EVERY_S = 2.0
SLACK_S = 30.0


@dataclass(frozen=True, slots=True)
class Source:
    """What is consumed, and how."""

    address: BrokerAddress
    queue: RequestQueue = RequestQueue()  # noqa: RUF009 - frozen
    user: str = USER
    prefetch: int = PREFETCH
    has_events: bool = True
    until_empty: bool = False


class GatewayOutbox:
    """The outbox of a coordinator; a `tlray.io.broker.events.Outbox`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._name = secrets.token_hex(8)

    async def want(self) -> None:
        """Have events written from now on."""
        await self._gateway.coordinator.want_events()

    async def take(self, limit: int, wait_s: float) -> list[Event]:
        """Return the oldest events, as soon as there is one; none after ``wait_s``."""
        return await self._gateway.within(wait_s + SLACK_S).take_events(self._name, limit, wait_s)

    async def settle(self, seq: int) -> None:
        """Drop the events up to this one."""
        await self._gateway.coordinator.settle_events(seq)


def consumer_of(gateway: Gateway, source: Source, tell: Tell) -> Consumer:
    """Return the consumer of a source for the coordinator of a gateway."""
    events = EventPublisher(GatewayOutbox(gateway), source.address) if source.has_events else None
    return Consumer(
        source.address,
        BrokerSubmit(gateway, source.user),
        queue=source.queue,
        prefetch=source.prefetch,
        until_empty=source.until_empty,
        beside=events,
        tell=tell,
    )


async def run_beside(gateway: Gateway, consumer: Consumer) -> None:
    """Run a consumer, and keep the coordinator from ending while it is idle."""
    await gateway.connect()

    async def stay() -> None:
        while True:
            with suppress(TlrayError):
                await gateway.coordinator.stay("consumer")
            await asyncio.sleep(STAY_EVERY_S)

    staying = asyncio.create_task(stay())
    try:
        await consumer.run()
    finally:
        staying.cancel()


class QueueService:
    """One ``tlray consume``."""

    def __init__(self, settings: Settings, source: Source, tell: Tell) -> None:
        self._settings, self._source, self._tell = settings, source, tell
        self._stop: Callable[[], None] | None = None
        self.is_stopping = False

    def run(self, *, on_lost: OnLost | None = None) -> Taken:
        """Consume until SIGINT or SIGTERM. What is wrong with the broker is raised before Ray is started."""
        home = Home.of(self._settings.home, self._settings.storage)
        require_readable(home)
        asyncio.run(check(self._source.address, self._source.queue, with_events=self._source.has_events))
        self._heed_signals()
        session = open_session(home, self._settings, on_lost=on_lost)
        try:
            self._heed_signals()  # Ray has put its own handlers before ours
            taken = asyncio.run(self._consume())
        except KeyboardInterrupt:
            session.close(at_once=True)
            raise
        except BaseException:
            session.close()
            raise
        session.close()
        return taken

    async def _consume(self) -> Taken:
        gateway = Gateway(self._settings)
        consumer = consumer_of(gateway, self._source, self._tell)
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(consumer.stop)

        self._stop = stop
        if self.is_stopping:
            return consumer.taken
        await run_beside(gateway, consumer)
        return consumer.taken

    def _heed_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.is_stopping:
            raise KeyboardInterrupt  # the second one is meant
        self.is_stopping = True
        if self._stop is not None:
            self._stop()
        self._tell("draining: what is taken is submitted and acknowledged (Ctrl-C again to leave at once)")
