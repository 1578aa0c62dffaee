"""The consumer of batch requests beside a coordinator: for ``tlray consume``, and for a deployment on Ray Serve.

It is a service without HTTP: the same rules, the same coordinator, and the events of the home on the way back.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from tlray.cluster.driver.ray_watchdog import OnLost
from tlray.cluster.driver.session import open_session
from tlray.core.messaging.events import Event
from tlray.core.messaging.topology import RequestQueue
from tlray.errors import TlrayError, UsageError
from tlray.io.broker.address import EXAMPLE, BrokerAddress, broker_address
from tlray.io.broker.consumer import PREFETCH, Consumer, Taken, Tell, check
from tlray.io.broker.events import EventPublisher
from tlray.io.disk.home import Home
from tlray.io.journal.home_check import see_that_it_can_be_read
from tlray.service.backend.gateway import Gateway
from tlray.service.submission.from_broker import USER, BrokerSubmit
from tlray.settings import Settings

logger = logging.getLogger(__name__)
STAY_EVERY_S = 2.0
DRAIN_S = 10.0
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

    async def take(self, limit: int, wait_s: float) -> list[Event]:
        """Return the oldest events, as soon as there is one; none after ``wait_s``."""
        given: dict[str, Any] = {"publisher": self._name, "limit": limit, "wait_s": wait_s}
        events: list[Event] = await self._gateway.ask("take_events", timeout_s=wait_s + SLACK_S, **given)
        return events

    async def settle(self, seq: int) -> None:
        """Drop the events up to this one."""
        await self._gateway.ask("settle_events", seq=seq)


def consumer_of(gateway: Gateway, source: Source, tell: Tell) -> Consumer:
    """Return the consumer of a source for the coordinator of a gateway."""
    events = EventPublisher(GatewayOutbox(gateway), source.address) if source.has_events else None
    return Consumer(
        source.address,
        BrokerSubmit(gateway, source.user),
        queue=source.queue,
        prefetch=source.prefetch,
        until_empty=source.until_empty,
        beside=None if events is None else events.run,
        tell=tell,
    )


async def run_beside(gateway: Gateway, consumer: Consumer) -> None:
    """Run a consumer, and keep the coordinator from ending while it is idle."""
    await gateway.connect()

    async def stay() -> None:
        while True:
            with suppress(TlrayError):
                await gateway.call("stay", "consumer")
            await asyncio.sleep(STAY_EVERY_S)

    staying = asyncio.create_task(stay())
    try:
        await consumer.run()
    finally:
        staying.cancel()


class QueueReplica:
    """The consumer as a deployment: Serve starts one that failed again."""

    def __init__(self, settings: Settings) -> None:
        self._gateway = Gateway(settings)
        self._gateway.find()
        source = Source(broker_address(_url(settings), of="TLRAY_AMQP"))
        self._consumer = consumer_of(self._gateway, source, lambda line: logger.warning("%s", line))
        self._running: asyncio.Task[None] | None = None

    async def check_health(self) -> None:
        """Start the consumer, or raise what ended it: Serve asks once a second, at first before the replica counts."""
        if self._running is None:
            self._running = asyncio.create_task(run_beside(self._gateway, self._consumer))
        elif self._running.done():
            self._running.result()

    async def __del__(self) -> None:
        """Drain: what is being submitted is acknowledged."""
        self._consumer.stop()
        if self._running is not None:
            await asyncio.wait([self._running], timeout=DRAIN_S)


def queue_application(settings: Settings) -> Any:
    """Return the Serve application that consumes from TLRAY_AMQP: for ``serve.run``, and for ``serve run serve_app:consumer``."""
    from ray import serve  # noqa: PLC0415

    broker_address(_url(settings), of="TLRAY_AMQP")
    return (
        serve.deployment(QueueReplica)
        .options(
            name="tlray-consumer",
            num_replicas=1,
            graceful_shutdown_timeout_s=DRAIN_S + 5.0,
            graceful_shutdown_wait_loop_s=0.2,
            ray_actor_options={"num_cpus": 0, "resources": {"node:__internal_head__": 0.001}},
            health_check_period_s=1.0,
        )
        .bind(settings)
    )


def _url(settings: Settings) -> str:
    if settings.amqp is None:
        raise UsageError(f"no broker is named: set TLRAY_AMQP to {EXAMPLE}")
    return settings.amqp.get_secret_value()


class QueueService:
    """One ``tlray consume``."""

    def __init__(self, settings: Settings, source: Source, tell: Tell) -> None:
        self._settings, self._source, self._tell = settings, source, tell
        self._stop: Callable[[], None] | None = None
        self.is_stopping = False

    def run(self, *, on_lost: OnLost | None = None) -> Taken:
        """Consume until SIGINT or SIGTERM. What is wrong with the broker is raised before Ray is started."""
        home = Home(self._settings.home)
        see_that_it_can_be_read(home)
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
