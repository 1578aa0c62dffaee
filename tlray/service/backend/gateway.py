"""The way to the coordinator: typed, async, for the routers of one replica. It keeps no truth of its own.

Errors of tlray come back as themselves. A coordinator that Ray is just starting again is waited for (Ray repeats the call by
itself, and every call can be repeated); one that is gone for good is started anew.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from tlray.cluster.driver.remote import remote
from tlray.cluster.driver.session import Session, open_session
from tlray.core.model.progress import BatchStatus, ProgressMessage
from tlray.errors import CoordinatorLost, NoSuchBatch, OtherSettings, TlrayError
from tlray.io.disk.home import Home
from tlray.service.auth.principal import Principal
from tlray.settings import Settings

if TYPE_CHECKING:
    from tlray.cluster.handlers.coordinator import Coordinator

CALL_TIMEOUT_S = 60.0
MAX_OWNERS_KEPT = 10_000


class Gateway:
    """One replica's calls to the coordinator of its home."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = Home(settings.home)
        self._session: Session | None = None
        self._found: Session | None = None
        """What `find` has found, until it is first used."""
        self._connecting = asyncio.Lock()
        self._owners: OrderedDict[str, str] = OrderedDict()
        """Whose a batch is: that never changes."""
        self._name = f"service-{secrets.token_hex(4)}"

    # -- the connection ----------------------------------------------------------------------------

    def find(self) -> None:
        """Find or start the coordinator while the replica is made: Serve shows in its status what is raised here, and hides what
        the application's own start raises."""
        with ThreadPoolExecutor(
            1
        ) as elsewhere:  # not in the thread of the replica's loop, where Ray must not wait
            self._found = elsewhere.submit(open_session, self.home, self.settings).result()

    async def connect(self) -> None:
        """Find or start the coordinator."""
        await self._connected()

    async def _connected(self) -> Coordinator:
        async with self._connecting:
            if self._session is None:
                session, self._found = self._found, None
                if session is None:
                    session = await asyncio.to_thread(self._open)
                # one that was started just now, because none was there, lets its batches sleep
                with suppress(RayError):  # the call that follows raises it
                    await remote(session.coordinator).wake_batches()
                self._session = session
            return remote(self._session.coordinator)

    def _open(self) -> Session:
        try:
            return open_session(self.home, self.settings)
        except OtherSettings as error:  # those of the service, not of whoever asks it
            raise CoordinatorLost(str(error)) from error

    @property
    def coordinator(self) -> Coordinator:
        """The coordinator: each of its methods is a call to it. `CoordinatorLost` where no answer comes."""
        return self.within(CALL_TIMEOUT_S)

    def within(self, timeout_s: float) -> Coordinator:
        """Return the coordinator, with another time limit for its answers."""
        return cast("Coordinator", _Calls(self._call, timeout_s))

    async def _call(self, timeout_s: float, method: str, *args: Any, **given: Any) -> Any:
        deadline = time.monotonic() + timeout_s
        while True:
            coordinator = await self._connected()
            asked = getattr(coordinator, method)(*args, **given)
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    return await asked
            except asyncio.CancelledError:
                if method.startswith("watch"):  # nobody waits for it any more, and it would wait on
                    ray.cancel(asked)
                raise
            except RayTaskError as error:
                if isinstance(error.cause, TlrayError):
                    raise error.cause from None
                raise
            except RayActorError as error:
                if time.monotonic() + 1 > deadline:
                    raise CoordinatorLost(str(error).splitlines()[0]) from None
                self._session = None
                await asyncio.sleep(0.5)
            except (TimeoutError, RayError, ConnectionError) as error:
                reason = str(error).splitlines()[0] if str(error) else f"no answer within {timeout_s:.0f} s"
                raise CoordinatorLost(reason) from None

    async def close(self) -> None:
        """Let go of the coordinator; it stays."""
        self._session = None

    # -- batches -----------------------------------------------------------------------------------

    async def see(self, principal: Principal, batch_id: str) -> None:
        """Raise `NoSuchBatch` where there is no such batch, or it is not one that this principal sees."""
        owner = self._owners.get(batch_id)
        if owner is None:
            owner = await self.coordinator.batch_owner(batch_id)
            self._owners[batch_id] = owner
            if len(self._owners) > MAX_OWNERS_KEPT:
                self._owners.popitem(last=False)
        if principal.sees is not None and owner != principal.sees:
            raise NoSuchBatch(batch_id, "")

    async def status(self, batch_id: str) -> BatchStatus:
        """Return a batch's snapshot."""
        status = await self.coordinator.status(batch_id)
        status["trouble"] = self._without_paths(status["trouble"])
        return status

    async def watch(self, batch_id: str, since: int | None, timeout_s: float) -> ProgressMessage:
        """Return the snapshot as soon as its version is above ``since`` (None: at once), or after ``timeout_s``.

        One of these per batch and replica: use `tlray.service.backend.live_hub`.
        """
        coordinator = self.within(timeout_s + CALL_TIMEOUT_S)
        message = await coordinator.watch_items(batch_id, since, timeout_s, self._name)
        message["trouble"] = self._without_paths(message["trouble"])
        return message

    def _without_paths(self, trouble: str | None) -> str | None:
        """Return a text for users, without the paths of this machine."""
        return trouble and trouble.replace(str(self.home.path), "the home")


class _Calls:
    """The methods of a coordinator, with one time limit."""

    def __init__(self, call: Callable[..., Awaitable[Any]], timeout_s: float) -> None:
        self._call = call
        self._timeout_s = timeout_s

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        return partial(self._call, self._timeout_s, method)


def new_batch_id() -> str:
    """Return an id that no batch has: when it was made, and a random word."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
