"""A driver's connection to Ray and to the coordinator of a home.

The Ray is the cluster at ``RAY_ADDRESS``, or the one whose coordinator holds the home, or one of our own. While the holder of the
home is dying, its end is awaited.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlray import errors
from tlray.cluster.driver.ray_messages import quieten
from tlray.cluster.driver.ray_processes import OwnRay, starting
from tlray.cluster.driver.ray_watchdog import OnLost, RayWatch, answers, watch_joined, watch_own
from tlray.core.scheduling.backlog import Bounds
from tlray.core.scheduling.batch_config import user_agent
from tlray.errors import CannotFinish, HomeInUse, RayUnavailable, TlrayError, UsageError
from tlray.io.disk.home import Home
from tlray.io.disk.private_files import open_to_others
from tlray.io.http.limits import FetchLimits
from tlray.io.journal.opening import holder_elsewhere, identity_of, journal_name
from tlray.io.process.event_log import LogConfig
from tlray.io.redis.address import address_of
from tlray.io.results.open_store import check_storage
from tlray.settings import Settings
from tlray.version import __version__

logger = logging.getLogger(__name__)
DYING_S = 30.0
"""How long a home is waited for whose coordinator's cluster does not answer any more."""
GONE_S = 15.0
"""How long a database may take to notice that the machine of a coordinator is gone."""
STOP_S, SHUTDOWN_S = 15.0, 20.0
"""How long the coordinator and then Ray may take to end in order."""
AT_ONCE_S = 2.0
"""How long Ray may take where its processes are killed anyway."""
OTHER_PLACES = "a coordinator that has another TLRAY_JOURNAL or TLRAY_STORAGE than this command"
"""Holds a home, and is not found by the name that these settings make."""
OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""Our messages are small; Ray's default is a third of the memory."""

SHARED = (
    "lease_s",
    "min_workers",
    "limiter_actors",
    "max_open_items",
    "max_open_items_per_user",
    "idle_end_s",
    "max_rest_s",
)
"""Settings that cannot differ between the batches of a home; `CoordinatorSettings.shared` has what a coordinator runs with."""


@dataclass(slots=True)
class Session:
    """A driver's connection to Ray and to the coordinator of one home."""

    home: Home
    coordinator: Any
    own: OwnRay | None
    """The Ray that this process has started, which ends with it; None where it has joined another's."""
    owns_connection: bool
    """True if it was we who connected this process to Ray."""
    address: str
    watch: RayWatch | None = None
    """Notices that Ray has died; None in a worker of Ray."""

    @property
    def owns_ray(self) -> bool:
        """True if this Ray is ours and ends with us."""
        return self.own is not None

    @property
    def lost(self) -> str | None:
        """The part of Ray that has died; None if none has."""
        return self.watch.lost if self.watch is not None else None

    def close(self, *, at_once: bool = False) -> None:
        """Leave. A Ray of our own ends in order, or at once; either way within a time limit, and nothing of it is left."""
        import ray  # noqa: PLC0415 - loaded where Ray is used, so that `tlray parse` stays fast

        if self.watch is not None:
            self.watch.stop()
        if self.own is not None and not at_once and self.lost is None:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.get(self.coordinator.stop.remote(), timeout=STOP_S)
        if self.owns_connection:
            _disconnect(self.own, at_once=at_once)


def _disconnect(own: OwnRay | None, *, at_once: bool = False) -> None:
    """Leave Ray within a time limit: `ray.shutdown` has none, and waits for processes that have died."""
    import ray  # noqa: PLC0415

    limit_s = AT_ONCE_S if at_once else SHUTDOWN_S
    if not within(limit_s, ray.shutdown):
        logger.warning("Ray did not end within its time limit_s=%.0f", limit_s)
    if own is not None:
        own.kill()


def within(limit_s: float, action: Callable[[], object]) -> bool:
    """Run an action of Ray's that has no time limit; False where it goes on after ``limit_s``, in a thread that is left alone."""
    running = threading.Thread(target=action, name="tlray-bounded", daemon=True)
    running.start()
    running.join(limit_s)
    return not running.is_alive()


def open_session(
    home: Home,
    settings: Settings,
    *,
    address: str | None = None,
    dashboard: bool = False,
    num_cpus: int | None = None,
    on_lost: OnLost | None = None,
) -> Session:
    """Connect to the right Ray and find or start the home's coordinator.

    ``on_lost`` is called, in a thread, when Ray dies later; without it the rest of a Ray of our own is killed.
    """
    import ray  # noqa: PLC0415

    if home.storage is None:
        home = Home.of(home.path, settings.storage)
    home.create()
    owns_connection = not ray.is_initialized()
    if owns_connection:  # a command, whose user reads it; a replica has its own log
        _warn_of_redis(settings)
    own, watch = (
        _connect(home, address, on_lost, dashboard=dashboard, num_cpus=num_cpus)
        if owns_connection
        else (None, None)
    )
    context = ray.get_runtime_context()
    try:
        coordinator = _coordinator(home, settings, owns_ray=own is not None)
    except BaseException:
        if watch is not None:
            watch.stop()
        if owns_connection:
            _disconnect(own)
        raise
    return Session(home, coordinator, own, owns_connection, context.gcs_address, watch)


def _warn_of_redis(settings: Settings) -> None:
    """Log why Redis cannot be used now; that ends nothing."""
    address = address_of(settings.redis)
    if address is None:
        return
    from tlray.io.redis.link import check  # noqa: PLC0415 - loads the library

    with ThreadPoolExecutor(1) as thread:  # this one may run a loop
        reason = thread.submit(asyncio.run, check(address)).result()
    if reason is not None:
        logger.warning(
            "Redis at %s cannot be used now: %s; tlray works without it and tries again", address, reason
        )


def _connect(
    home: Home,
    address: str | None,
    on_lost: OnLost | None,
    *,
    dashboard: bool,
    num_cpus: int | None,
) -> tuple[OwnRay | None, RayWatch]:
    """Connect this process to Ray, and watch it from then on."""
    address = find_ray(home, address)
    if address is None:  # the coordinator will check it, too, but that takes the start of a Ray
        check_storage(home)
        _require_free_journal(home)
    _init(address, dashboard=dashboard, num_cpus=num_cpus)
    if address is None:
        own = OwnRay.of_this_process()
        return own, watch_own(own, on_lost)
    import ray  # noqa: PLC0415

    return None, watch_joined(ray.get_runtime_context().gcs_address, on_lost)


def _require_free_journal(home: Home) -> None:
    """Raise `HomeInUse` where a coordinator that is not on a Ray of ours writes the journal; one that dies is waited for."""
    deadline = time.monotonic() + GONE_S
    while (holder := holder_elsewhere(home)) is not None:
        if time.monotonic() > deadline:
            raise HomeInUse(str(home.path), holder)
        time.sleep(0.5)


def find_ray(home: Home, address: str | None = None) -> str | None:
    """Return the address of the Ray to join; None for one of our own."""
    address = address or os.environ.get("RAY_ADDRESS") or _holder_address(home)
    return None if address == "local" else address


def _coordinator(home: Home, settings: Settings, *, owns_ray: bool) -> Any:
    """Return the home's coordinator, which is there and answers."""
    import ray  # noqa: PLC0415

    from tlray.cluster.coordinator.state import CoordinatorSettings  # noqa: PLC0415
    from tlray.cluster.driver.connect import ANSWER_S, meet  # noqa: PLC0415
    from tlray.cluster.driver.coordinator_actor import start_coordinator  # noqa: PLC0415
    from tlray.cluster.workers.config import ScrapeConfig  # noqa: PLC0415

    context = ray.get_runtime_context()
    cluster_cpus = int(ray.cluster_resources().get("CPU", 1))
    terms = ScrapeConfig(
        home=str(home.path),
        home_id=home.id,
        user_agent=user_agent(__version__, settings.contact),
        limits=FetchLimits(total_timeout_s=settings.fetch_timeout_s),
        storage=home.storage,
        heartbeat_s=min(5.0, settings.lease_s / 6),
        log=LogConfig(settings.log_format, settings.log_level),
        identity=identity_of(home, settings.journal),
    )
    default_workers = max(settings.min_workers, min(10, cluster_cpus) if owns_ray else 10)
    config = CoordinatorSettings(
        home=str(home.path),
        ray_address=context.gcs_address,
        terms=terms,
        journal=settings.journal,
        redis=address_of(settings.redis),
        lease_s=settings.lease_s,
        min_workers=settings.min_workers,
        max_workers=settings.max_workers or default_workers,
        default_workers=default_workers,
        idle_end_s=settings.idle_end_s,
        max_rest_s=settings.max_rest_s,
        bounds=Bounds(settings.max_open_items, settings.max_open_items_per_user),
        limiter_actors=settings.limiter_actors or (4 if len(ray.nodes()) > 1 else 1),
    )
    node = context.get_node_id()
    try:
        coordinator = meet(
            lambda: start_coordinator(config, home_key=terms.identity, node_id=node),
            str(home.path),
            shared_settings(settings),
        )
    except ray.exceptions.ActorDiedError as error:
        raise _why_it_does_not_start(str(error), home, context.gcs_address) from None
    except ray.exceptions.ActorUnschedulableError:  # it is to run on this node
        raise RayUnavailable(context.gcs_address, "this node is gone from the cluster") from None
    except ray.exceptions.GetTimeoutError:
        why = f"the coordinator did not start within {ANSWER_S:.0f} s"
        raise RayUnavailable(context.gcs_address, why) from None
    return coordinator


def _why_it_does_not_start(story: str, home: Home, address: str) -> TlrayError:
    """Return the error that ended a coordinator's ``__init__``. Ray tells of it as text: a stack whose last line has it."""
    lines = [line for line in story.splitlines() if line.strip()]
    name, _, words = (lines[-1] if lines else "").partition(": ")
    kind = (
        getattr(errors, name.removeprefix("tlray.errors."), None)
        if name.startswith("tlray.errors.")
        else None
    )
    if kind is HomeInUse:
        holder, who = home.holder(), words.partition(" is in use by ")[2].partition("; ")[0]
        if who.startswith("process ") and holder is not None:
            is_here = holder.ray_address == address
            who = OTHER_PLACES if is_here else f"process {holder.pid}, on the Ray at {holder.ray_address}"
        return HomeInUse(str(home.path), who or "another process")
    if isinstance(kind, type) and issubclass(kind, (UsageError, CannotFinish)):
        return UsageError(words) if issubclass(kind, UsageError) else CannotFinish(words)
    return RayUnavailable(address, f"the coordinator does not start: {lines[-1] if lines else story}")


def shared_settings(settings: Settings) -> dict[str, float | str]:
    """Return what somebody has set of that which all batches of a home share; defaults are nobody's word."""
    numbers = {name: getattr(settings, name) for name in SHARED if name in settings.model_fields_set}
    return {"journal": journal_name(settings.journal), **numbers}


def _holder_address(home: Home) -> str | None:
    """Return the Ray of the living coordinator that holds the home; None if nobody does. A dying one is waited for."""
    deadline = time.monotonic() + DYING_S
    while home.is_held():
        holder = home.holder()
        if holder is not None and answers(holder.ray_address):
            return holder.ray_address
        if time.monotonic() > deadline:
            name = f"process {holder.pid}" if holder else "another process"
            raise HomeInUse(str(home.path), f"{name}, whose Ray does not answer")
        time.sleep(0.2)
    return None


def _is_on_loopback(address: str) -> bool:
    """True if a Ray listens on loopback alone, as ours does; who joins it must be there, too."""
    from ray.util import get_node_ip_address  # noqa: PLC0415

    host, _, port = address.rpartition(":")
    return host in ("127.0.0.1", "localhost", "[::1]") and not answers(f"{get_node_ip_address()}:{port}")


def _token_file() -> Path:
    """Return the file of Ray's token, which need not be there."""
    try:
        return Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or "~/.ray/auth_token").expanduser()
    except RuntimeError:
        reason = "Ray has no place for its token: HOME is not set, and this user has no home folder"
        raise UsageError(f"{reason}; set HOME to a folder of this user") from None


def _is_there(file: Path) -> bool:
    """Return True if a file is there and this user may look at it."""
    with contextlib.suppress(PermissionError):
        return file.exists()
    return False


def _init(address: str | None, *, dashboard: bool, num_cpus: int | None) -> None:
    import ray  # noqa: PLC0415

    if address is not None and "://" in address:
        raise UsageError(
            f"tlray does not work through Ray Client ({address}); name the cluster's GCS, HOST:6379"
        )
    if address is not None and address != "auto" and not answers(address):
        raise RayUnavailable(address, "nothing listens there")
    job = ray.job_config.JobConfig(metadata={"program": f"tlray {__version__}"})
    quieten()
    token = _token_file()
    is_new = not _is_there(token)
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
            with starting(on_loopback=True):
                ray.init(address="local", include_dashboard=dashboard, **own, **quiet)
        else:
            with starting(on_loopback=_is_on_loopback(address)):
                ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, OSError, ValueError, ray.exceptions.RayError) as error:
        raise RayUnavailable(address or "this machine", str(error).splitlines()[0][:300]) from error
    if is_new and _is_there(token):  # Ray has just made it, for whoever may read it
        token.chmod(0o600)
    if (is_open := open_to_others(token)) is not None:
        logger.warning("Ray's token file %s", is_open)
