"""The coordinator as a Ray actor: one a home, named, detached, restarted by Ray whenever it dies."""

from __future__ import annotations

import asyncio
import logging
import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray

from tlray.cluster.adapters.coordinator_ports import ray_ports
from tlray.cluster.coordinator.state import CoordinatorSettings
from tlray.cluster.handlers.coordinator import Coordinator
from tlray.cluster.handlers.handlers import READS, read_methods
from tlray.cluster.workers.limiter import NAMESPACE, kill_limiters
from tlray.io.disk.home import Holder, Home, release
from tlray.io.disk.private_files import keep_private
from tlray.io.journal.opening import open_journal
from tlray.io.process.event_log import write_log
from tlray.io.results.open_store import check_storage
from tlray.io.worker.crash_note import sweep_notes
from tlray.version import __version__

logger = logging.getLogger(__name__)
MAX_READS = 1_000
"""Reads under way at a time."""
JOURNAL_WAIT_S = 60.0
"""Seconds for which a coordinator that starts waits for the server of its journal."""


class CoordinatorActor(Coordinator):
    """A coordinator that holds its home and runs by itself from its first moment on."""

    def __init__(self, settings: CoordinatorSettings) -> None:
        keep_private()
        write_log(settings.terms.log)
        context = ray.get_runtime_context()
        home, node = Home(Path(settings.home), settings.terms.storage), context.get_node_id()
        with warnings.catch_warnings(
            action="ignore"
        ):  # Ray's own code asks a deprecated property of Ray, on our stderr
            is_restart = bool(context.was_current_actor_reconstructed)
        if not is_restart:  # Ray would not start it again, and the storage may be back soon
            check_storage(home)
        if settings.may_move:
            home.create()
        self._hold = home.hold(Holder(os.getpid(), node, settings.ray_address, NAMESPACE))
        home.record_storage()
        journal = open_journal(home, settings.journal, wait_s=JOURNAL_WAIT_S)
        sweep_notes(home)
        me = context.current_actor
        ports = ray_ports(home, settings.terms, me, node, journal=settings.journal)
        ports = replace(ports, leave=self._leave)
        if settings.redis is not None:
            from tlray.io.redis.link import Link  # noqa: PLC0415 - loads the library
            from tlray.io.redis.progress import RedisProgress  # noqa: PLC0415

            ports = replace(ports, progress=RedisProgress(Link(settings.redis, settings.terms.identity)))
        super().__init__(settings, home, journal, ports, is_restart=is_restart)
        logger.info(
            "coordinator started home=%s incarnation=%d version=%s restarted=%s",
            home.path, self._state.incarnation, __version__, is_restart,
        )  # fmt: skip
        self._running = me.run.options(max_task_retries=0).remote()

    async def stop(self) -> None:
        """End in order, and release the home."""
        await super().stop()
        release(self._hold)

    async def _leave(self) -> None:
        """Release the home, take the limiters along, and end so that Ray does not start another life."""
        release(self._hold)
        await asyncio.to_thread(kill_limiters, self._state.settings.terms.identity)
        ray.kill(ray.get_runtime_context().current_actor, no_restart=True)


def coordinator_name(home_key: str) -> str:
    """Return the actor name of a home's coordinator."""
    return f"tlray-coordinator-{home_key}"


def start_coordinator(settings: CoordinatorSettings, *, home_key: str, node_id: str) -> Any:
    """Return the handle of a home's coordinator, started on the node that holds the home where it is not there yet.

    It may start again on another node where the journal and the results are on none (`CoordinatorSettings.may_move`).
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - only here

    for name in read_methods():
        ray.method(concurrency_group=READS)(getattr(CoordinatorActor, name))
    return (
        ray.remote(concurrency_groups={READS: MAX_READS})(CoordinatorActor)
        .options(
            name=coordinator_name(home_key),
            namespace=NAMESPACE,
            lifetime="detached",
            get_if_exists=True,
            num_cpus=0,
            max_restarts=-1,
            max_task_retries=-1,
            max_concurrency=10_000,  # a long poll for each batch that is watched is one
            enable_task_events=False,  # its calls are many; the dashboard shows the scrape tasks
            scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=settings.may_move),
        )
        .remote(settings)
    )
