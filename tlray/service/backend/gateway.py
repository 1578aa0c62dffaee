"""The way to the coordinator: typed, async, for the routers of one replica. It keeps no truth of its own.

Errors of tlray come back as themselves. A coordinator that Ray is just starting again is waited for (Ray repeats the call by
itself, and every call can be repeated); one that is gone for good is started anew.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from tlray.cluster.driver.remote import remote
from tlray.cluster.driver.session import Session, open_session
from tlray.core.model.progress import BatchStatus, ProgressMessage
from tlray.core.model.receipts import TokenHolder
from tlray.errors import (
    CoordinatorLost,
    HomeInUse,
    JournalLost,
    NoSuchBatch,
    OtherSettings,
    RayUnavailable,
    TlrayError,
)
from tlray.io.disk.home import Home
from tlray.io.journal.opening import adopt_journal, identity_of, journal_name, open_reader
from tlray.io.journal.reader import JournalReader
from tlray.io.redis.address import address_of
from tlray.io.redis.submissions import SubmissionKeys
from tlray.service.auth.principal import Principal
from tlray.settings import Settings

if TYPE_CHECKING:
    from tlray.cluster.handlers.coordinator import Coordinator
    from tlray.io.redis.link import Link
    from tlray.io.redis.live import LiveProgress
    from tlray.io.redis.progress import ProgressReader

T = TypeVar("T")
CALL_TIMEOUT_S = 60.0
AWAY_S = 2.0
"""A coordinator that takes longer for an answer is taken for away, where there is another answer."""
LOST_S, SHORT_S = 5.0, 0.2
"""For this time after that it is given a short time only: one request asks it for several things."""
LIVE_S = 5.0
"""The coordinator is asked after this time without news from Redis: it may write to none."""
MAX_OWNERS_KEPT = 10_000


class Gateway:
    """One replica's calls to the coordinator of its home."""

    def __init__(self, settings: Settings, home: Home | None = None) -> None:
        self.settings = settings
        adopt_journal(settings.journal)
        self.home = home or Home.of(settings.home, settings.storage)
        self._session: Session | None = None
        self._found: Session | None = None
        """What `find` has found, until it is first used."""
        self._lost_at = -math.inf
        """When the coordinator last did not answer; monotonic."""
        self._opening: asyncio.Task[Session] | None = None
        self._owners: OrderedDict[str, str] = OrderedDict()
        """Whose a batch is: that never changes."""
        self.redis: Link | None = None
        """What the replicas share; None without ``TLRAY_REDIS``."""
        self._progress: ProgressReader | None = None
        self._live: LiveProgress | None = None
        if (address := address_of(settings.redis)) is not None:
            from tlray.io.redis import link, live, progress  # noqa: PLC0415 - they load the library

            self.redis = link.Link(address, identity_of(self.home.create(), settings.journal))
            self._progress, self._live = progress.ProgressReader(self.redis), live.LiveProgress(self.redis)
        self.submission_keys = SubmissionKeys(self.redis)
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
        session = self._session
        if session is None:
            if self._opening is None or self._opening.done():
                # in a context of its own: it is for all requests, and goes on when the one that needed it first is over
                self._opening = asyncio.create_task(self._new_session(), context=Context())
                self._opening.add_done_callback(lambda opening: opening.cancelled() or opening.exception())
            session = await asyncio.shield(self._opening)
        return remote(session.coordinator)

    async def _new_session(self) -> Session:
        session, self._found = self._found, None
        if session is None:
            session = await asyncio.to_thread(self._open)
        # one that was started just now, because none was there, lets its batches sleep
        with suppress(RayError):  # the call that follows raises it
            await remote(session.coordinator).wake_batches()
        self._session = session
        return session

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
            try:
                # without Redis there is nothing else to answer with
                async with asyncio.timeout(None if self._progress is None else deadline - time.monotonic()):
                    coordinator = await self._connected()
            except TimeoutError:
                raise CoordinatorLost(f"no connection within {timeout_s:.0f} s") from None
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
        if self._live is not None and self.redis is not None:
            await self._live.close()
            await self.redis.close()

    # -- batches -----------------------------------------------------------------------------------

    async def see(self, principal: Principal, batch_id: str) -> None:
        """Raise `NoSuchBatch` where there is no such batch, or it is not one that this principal sees."""
        owner = self._owners.get(batch_id)
        if owner is None:
            owner = await self._or_known(
                lambda coordinator: coordinator.batch_owner(batch_id),
                lambda progress: progress.owner(batch_id),
            )
            self._owners[batch_id] = owner
            if len(self._owners) > MAX_OWNERS_KEPT:
                self._owners.popitem(last=False)
        if principal.sees is not None and owner != principal.sees:
            raise NoSuchBatch(batch_id, "")

    async def status(self, batch_id: str) -> BatchStatus:
        """Return a batch's snapshot; the last known one, marked as such, while the coordinator does not answer."""
        status = await self._or_known(
            lambda coordinator: coordinator.status(batch_id),
            lambda progress: self._last_known(progress, batch_id),
        )
        status["trouble"] = self._without_paths(status["trouble"])
        return status

    async def watch(self, batch_id: str, since: int | None, timeout_s: float) -> ProgressMessage:
        """Return the snapshot as soon as its version is above ``since`` (None: at once), or after ``timeout_s``.

        The last known one, marked as such, while the coordinator does not answer; its version may not be above ``since``. One of
        these per batch and replica: use `tlray.service.backend.live_hub`.
        """
        owner = self._owners.get(batch_id)
        if self._live is not None and since is not None and owner is not None:
            begun = time.monotonic()
            told = await self._live.news(owner, batch_id, since, min(timeout_s, LIVE_S))
            if told is not None:
                return told
            timeout_s = max(0.0, timeout_s - (time.monotonic() - begun))
        message = await self._or_known(
            lambda coordinator: coordinator.watch_items(batch_id, since, timeout_s, self._name),
            lambda progress: self._last_known(progress, batch_id),
            waits_s=timeout_s,
        )
        message["trouble"] = self._without_paths(message["trouble"])
        return message

    # -- while the coordinator is away --------------------------------------------------------------

    async def token_holders(self, digests: Sequence[str]) -> Mapping[str, TokenHolder]:
        """Return what `Coordinator.token_holders` does; from the journal while the coordinator does not answer."""
        return await self._or_known(
            lambda coordinator: coordinator.token_holders(digests),
            lambda _: self._in_journal(
                lambda journal: {
                    digest: {"user": row.user, "scopes": tuple(sorted(row.held))}
                    for digest, row in journal.find_tokens(digests).items()
                }
            ),
        )

    async def requires_token(self) -> bool:
        """Return what `Coordinator.requires_token` does; from the journal while the coordinator does not answer."""
        return await self._or_known(
            lambda coordinator: coordinator.requires_token(),
            lambda _: self._in_journal(lambda journal: journal.requires_tokens()),
        )

    async def _in_journal(self, query: Callable[[JournalReader], T]) -> T | None:
        def ask() -> T:
            with open_reader(self.home.path, self.settings.journal) as journal:
                return query(journal)

        try:
            return await asyncio.to_thread(ask)
        except TlrayError:
            return None

    async def _or_known(
        self,
        ask: Callable[[Coordinator], Awaitable[T]],
        known: Callable[[ProgressReader], Awaitable[T | None]],
        *,
        waits_s: float = 0.0,
    ) -> T:
        """Ask the coordinator; where it does not answer soon, return what is known without it. If that is nothing, or there is no
        Redis, wait for the coordinator as in any other call."""
        if self._progress is not None:
            is_away = time.monotonic() - self._lost_at < LOST_S
            try:
                answer = await ask(self.within(SHORT_S if is_away and not waits_s else waits_s + AWAY_S))
            except (CoordinatorLost, JournalLost, RayUnavailable, HomeInUse):
                self._lost_at = time.monotonic()
                if (found := await known(self._progress)) is not None:
                    return found
            else:
                self._lost_at = -math.inf
                return answer
        return await ask(self.within(waits_s + CALL_TIMEOUT_S))

    async def _last_known(self, progress: ProgressReader, batch_id: str) -> ProgressMessage | None:
        owner = self._owners.get(batch_id)
        if owner is None:
            owner = await progress.owner(batch_id)
        stored = None if owner is None else await progress.stored(owner, batch_id)
        if stored is None:
            return None
        age_s = round(max(0.0, time.time() - stored.at), 1)
        return {**stored.message, "last_known": {"at": stored.at, "age_s": age_s}}

    def _without_paths(self, trouble: str | None) -> str | None:
        """Return a text for users, without the paths of this machine and the address of the journal."""
        if trouble and (name := journal_name(self.settings.journal)):
            trouble = trouble.replace(name, "of the service")
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
