"""Which Ray does the work? The cluster at ``RAY_ADDRESS``, the one that already works in this home, or one of our own.

A home in use by a living coordinator is joined; by one that is just dying it is waited for.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from dataclasses import dataclass
from typing import Any

from tlray import __version__
from tlray.core.backlog import Bounds
from tlray.core.batch_terms import user_agent
from tlray.errors import HomeInUse, OtherSettings, RayUnavailable
from tlray.io.fetch_limits import FetchLimits
from tlray.io.home import Home
from tlray.settings import Settings

DYING_S = 30.0
"""How long a home is waited for whose coordinator's cluster does not answer any more."""
OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""Our messages are small; Ray's default is a third of the memory."""

SHARED = (
    "lease_s",
    "min_workers",
    "limiter_actors",
    "max_open_items",
    "max_open_items_per_user",
    "idle_end_s",
)
"""Settings that cannot differ between the batches of a home; `CoordinatorSettings.shared` has what a coordinator runs with."""


@dataclass(slots=True)
class Session:
    """A driver's connection to Ray and to the coordinator of one home."""

    home: Home
    coordinator: Any
    owns_ray: bool
    """Whether this Ray is ours and ends with us."""
    owns_connection: bool
    """Whether it was we who connected this process to Ray."""
    address: str

    def close(self) -> None:
        """Leave; a Ray of our own ends in order."""
        import ray  # noqa: PLC0415 - loaded where Ray is used, so that `tlray parse` stays fast

        if self.owns_ray:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.get(self.coordinator.stop.remote(), timeout=15)
        if self.owns_connection:
            ray.shutdown()


def open_session(
    home: Home,
    settings: Settings,
    *,
    address: str | None = None,
    dashboard: bool = False,
    num_cpus: int | None = None,
) -> Session:
    """Connect to the right Ray and find or start the home's coordinator."""
    import ray  # noqa: PLC0415

    from tlray.cluster.coordinator_actor import start_coordinator  # noqa: PLC0415
    from tlray.cluster.meeting import meet  # noqa: PLC0415
    from tlray.cluster.state import CoordinatorSettings  # noqa: PLC0415
    from tlray.cluster.terms import ScrapeTerms  # noqa: PLC0415

    home.create()
    owns_ray = False
    owns_connection = not ray.is_initialized()
    if owns_connection:
        address = address or os.environ.get("RAY_ADDRESS") or _holder_address(home)
        owns_ray = address is None
        _init(address, dashboard=dashboard, num_cpus=num_cpus)
    context = ray.get_runtime_context()
    cluster_cpus = int(ray.cluster_resources().get("CPU", 1))
    terms = ScrapeTerms(
        home=str(home.path),
        home_id=home.id,
        user_agent=user_agent(__version__, settings.contact),
        limits=FetchLimits(total_timeout_s=settings.fetch_timeout_s),
        heartbeat_s=min(5.0, settings.lease_s / 6),
    )
    default_workers = max(settings.min_workers, min(10, cluster_cpus) if owns_ray else 10)
    config = CoordinatorSettings(
        home=str(home.path),
        ray_address=context.gcs_address,
        terms=terms,
        lease_s=settings.lease_s,
        min_workers=settings.min_workers,
        max_workers=settings.max_workers or default_workers,
        default_workers=default_workers,
        idle_end_s=settings.idle_end_s,
        bounds=Bounds(settings.max_open_items, settings.max_open_items_per_user),
        limiter_actors=settings.limiter_actors or (4 if len(ray.nodes()) > 1 else 1),
    )
    key, node = home.id, context.get_node_id()
    try:
        coordinator = meet(
            lambda: start_coordinator(config, home_key=key, node_id=node),
            str(home.path),
            shared_settings(settings),
        )
    except OtherSettings:
        if owns_connection:
            ray.shutdown()
        raise
    except ray.exceptions.ActorDiedError as error:
        if owns_ray:
            ray.shutdown()
        holder = home.holder()
        if "HomeInUse" in str(error):
            who = f"process {holder.pid}, on the Ray at {holder.ray_address}" if holder else "another process"
            raise HomeInUse(str(home.path), who) from None
        raise RayUnavailable(context.gcs_address, f"the coordinator does not start: {error}") from None
    return Session(home, coordinator, owns_ray, owns_connection, context.gcs_address)


def shared_settings(settings: Settings) -> dict[str, float]:
    """Return what somebody has set of that which all batches of a home share; defaults are nobody's word."""
    return {name: getattr(settings, name) for name in SHARED if name in settings.model_fields_set}


def _holder_address(home: Home) -> str | None:
    """Return the Ray of the living coordinator that holds the home; None if nobody does. A dying one is waited for."""
    deadline = time.monotonic() + DYING_S
    while home.is_held():
        holder = home.holder()
        if holder is not None and _answers(holder.ray_address):
            return holder.ray_address
        if time.monotonic() > deadline:
            name = f"process {holder.pid}" if holder else "another process"
            raise HomeInUse(str(home.path), f"{name}, whose Ray does not answer")
        time.sleep(0.2)
    return None


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except (OSError, ValueError):
        return False
    return True


def _init(address: str | None, *, dashboard: bool, num_cpus: int | None) -> None:
    import ray  # noqa: PLC0415

    if address is not None and "://" not in address and address != "auto" and not _answers(address):
        raise RayUnavailable(address, "nothing listens there")
    job = ray.job_config.JobConfig(metadata={"program": f"tlray {__version__}"})
    quiet: dict[str, Any] = {
        "job_config": job,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "configure_logging": True,
    }
    try:
        if address is None:
            own: dict[str, Any] = {"num_cpus": num_cpus, "object_store_memory": OBJECT_STORE_BYTES}
            own["_node_ip_address"] = "127.0.0.1"  # nobody else needs to reach it
            ray.init(address="local", include_dashboard=dashboard, **own, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, OSError, ValueError, ray.exceptions.RayError) as error:
        raise RayUnavailable(address or "this machine", str(error).splitlines()[0][:300]) from error
