"""The consumer of batch requests on Ray Serve: an application without HTTP beside the service. Serve restarts one that fails."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from tlray.errors import UsageError
from tlray.io.broker.address import EXAMPLE, BrokerAddress, broker_address
from tlray.io.disk.home import Home
from tlray.io.process.event_log import LogConfig, write_log
from tlray.service.backend.gateway import Gateway
from tlray.service.consuming import Source, consumer_of, run_beside
from tlray.settings import Settings

logger = logging.getLogger(__name__)
NAME: Final = "tlray-consumer"
DRAIN_S: Final = 10.0


class QueueReplica:
    """The consumer as a deployment: Serve starts one that failed again."""

    def __init__(self, settings: Settings, home: Home) -> None:
        write_log(LogConfig(settings.log_format, settings.log_level))
        self._gateway = Gateway(settings, home)
        self._gateway.find()
        source = Source(broker_of(settings))
        self._consumer = consumer_of(
            self._gateway, source, lambda line: logger.warning("consumer says line=%s", line)
        )
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

    broker_of(settings)
    return (
        serve.deployment(QueueReplica)
        .options(
            name=NAME,
            num_replicas=1,
            graceful_shutdown_timeout_s=DRAIN_S + 5.0,
            graceful_shutdown_wait_loop_s=0.2,
            ray_actor_options={"num_cpus": 0, "resources": {"node:__internal_head__": 0.001}},
            health_check_period_s=1.0,
        )
        .bind(settings, Home.of(settings.home, settings.storage))
    )


def broker_of(settings: Settings) -> BrokerAddress:
    """Return the broker that the environment names."""
    if settings.amqp is None:
        raise UsageError(f"no broker is named: set TLRAY_AMQP to {EXAMPLE}")
    return broker_address(settings.amqp.get_secret_value(), of="TLRAY_AMQP")
