"""A home's living coordinator, found from outside: to steer a batch through it, or to end it. None is ever started here.

The note beside the home's lock says on which Ray it lives. A note that is left although nobody holds the lock means a crash: Ray
may be starting the coordinator again, so it is looked for there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, GetTimeoutError

from tlray.cluster.coordinator.handshake import PROTOCOL, Hello, rank
from tlray.cluster.coordinator.shutdown import EndMode
from tlray.cluster.driver.connect import hello_of
from tlray.cluster.driver.coordinator_actor import coordinator_name
from tlray.cluster.driver.ray_watchdog import answers
from tlray.cluster.driver.session import OTHER_PLACES, _disconnect, _holder_address, _init
from tlray.cluster.workers.limiter import NAMESPACE, kill_limiters
from tlray.errors import Conflict, CoordinatorLost, HomeInUse, OtherVersion, RayUnavailable
from tlray.io.disk.home import Home
from tlray.io.journal.opening import identity_of
from tlray.version import __version__

POLL_S = 0.3
DEAF_S = 15.0
"""A coordinator that does not answer for so long is killed by ``tlray stop --now``; it survives that, as it survives any kill."""


@dataclass(frozen=True, slots=True)
class Left:
    """The processes that ``tlray stop`` has ended."""

    address: str
    had_coordinator: bool
    """Else there were only limiters, of one that was killed."""


@contextmanager
def connected(home: Home) -> Iterator[str | None]:
    """Connect to the Ray of a home's coordinator; None where there is none. A dying one is waited for."""
    address = _holder_address(home)
    is_crashed = False
    if address is None and (note := home.holder()) is not None and answers(note.ray_address):
        address, is_crashed = note.ray_address, True
    if address is None or ray.is_initialized():
        yield address
        return
    try:
        _init(address, dashboard=False, num_cpus=None)
    except RayUnavailable:
        if not is_crashed:
            raise
        address = None  # another program listens there now
    try:
        yield address
    finally:
        _disconnect(None)


def living(home: Home) -> Any | None:
    """Return the home's coordinator on the Ray that we are connected to; None where there is none."""
    try:
        return ray.get_actor(coordinator_name(identity_of(home)), namespace=NAMESPACE)
    except ValueError:
        return None


@contextmanager
def joined(home: Home) -> Iterator[Any | None]:
    """Give the home's coordinator to talk to, or None; `OtherVersion` where it does not speak as we do."""
    with connected(home) as address:
        coordinator = None if address is None else living(home)
        if coordinator is not None:
            hello = _heard(coordinator)
            theirs, ours = rank(hello["protocol"], hello["version"]), rank(PROTOCOL, __version__)
            if theirs != ours:
                raise OtherVersion(str(home.path), hello["version"], __version__, theirs < ours)
        yield coordinator


def end(home: Home, how: EndMode, tell: Callable[[Hello], None]) -> Left | None:
    """End a home's coordinator and limiters; None where there are none. ``tell`` hears twice a second how far a drain is.

    `Conflict` where a service is there: it would start another at once. `HomeInUse` where the coordinator's Ray does not
    answer; *now* kills its process then, if it is one of this machine.
    """
    try:
        return _end_through_ray(home, how, tell)
    except HomeInUse:
        holder = home.holder()
        if how is not EndMode.NOW or holder is None or not home.kill_holder():
            raise
        return Left(holder.ray_address, had_coordinator=True)


def _end_through_ray(home: Home, how: EndMode, tell: Callable[[Hello], None]) -> Left | None:
    with connected(home) as address:
        if address is None:
            return None
        coordinator = living(home)
        if coordinator is not None:
            _end(coordinator, home, how, tell)
            return Left(address, had_coordinator=True)
        if home.is_held():
            raise HomeInUse(str(home.path), OTHER_PLACES)
        return Left(address, had_coordinator=False) if kill_limiters(identity_of(home)) else None


def _end(coordinator: Any, home: Home, how: EndMode, tell: Callable[[Hello], None]) -> None:
    try:
        hello = _heard(coordinator)
        if hello["is_served"] and _serves():
            raise Conflict(
                f"a service answers for {home.path} and would start the coordinator again: end it first (Ctrl-C where"
                " `tlray serve` runs; `serve shutdown`, or the service's own end, where it was deployed)"
            )
        if hello["protocol"]:
            _await_end(coordinator, home, how, tell)
        else:  # of a version that knows no `end`: its `stop` closes the journal in order
            with suppress(GetTimeoutError):
                ray.get(coordinator.stop.remote(), timeout=DEAF_S)
            _kill(coordinator, home)
    except CoordinatorLost:
        if how is not EndMode.NOW:
            raise
        _kill(coordinator, home)
    except ActorDiedError:
        pass  # it has ended


def _kill(coordinator: Any, home: Home) -> None:
    ray.kill(coordinator, no_restart=True)
    kill_limiters(identity_of(home))


def _await_end(coordinator: Any, home: Home, how: EndMode, tell: Callable[[Hello], None]) -> None:
    """Let a coordinator end, and wait until it has: in order, without a note in its home. Its Ray may go with it.

    One that is killed meanwhile leaves its note; Ray starts it again, and it is asked again.
    """
    heard_at = time.monotonic()
    while home.holder() is not None:
        try:
            hello = hello_of(coordinator, timeout_s=2)
            if not hello["is_ending"] or how is EndMode.NOW:
                ray.get(coordinator.end.remote(how.value), timeout=2)
            heard_at = time.monotonic()
            tell(hello)
        except (ActorUnavailableError, GetTimeoutError):  # not reached just now
            if time.monotonic() - heard_at > DEAF_S:
                if not home.is_held():
                    return
                raise CoordinatorLost(f"no answer within {DEAF_S:.0f} s") from None
        time.sleep(POLL_S)


def _heard(coordinator: Any) -> Hello:
    """Ask a coordinator who it is; `CoordinatorLost` where it does not answer."""
    try:
        return hello_of(coordinator, timeout_s=DEAF_S)
    except GetTimeoutError:
        raise CoordinatorLost(f"no answer within {DEAF_S:.0f} s") from None


def _serves() -> bool:
    """Return whether an application runs on this Ray's Serve."""
    from ray import serve  # noqa: PLC0415 - heavy, and rarely needed
    from ray.serve.context import _get_global_client  # noqa: PLC0415 - the public API starts one

    with suppress(Exception):
        if _get_global_client(raise_if_no_controller_running=False) is None:
            return False
        return any(app.status == "RUNNING" for app in serve.status().applications.values())
    return False
