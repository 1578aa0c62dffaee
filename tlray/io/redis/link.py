"""One process's connection to Redis: whether it works now, and one line in the log when that changes.

While it does not work nobody waits for it: `Link.is_up` is False, and `Link.run` tries again. The probe writes a key, because a
full server, a replica and a user without rights answer everything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import TimeoutError as RedisTimeout

from tlray.io.redis.address import RedisAddress
from tlray.io.redis.keys import Keys

logger = logging.getLogger(__name__)
TIMEOUT_S: Final = 2.0
RETRY_S, MAX_RETRY_S = 0.3, 5.0
LOOK_S: Final = 5.0
"""A connection that nobody uses is tried so often."""
PROBE_TTL_S: Final = 60
MAX_CONNECTIONS: Final = 16
OLDEST: Final = (6, 2)
"""The first version with all that is used: ACLs, streams, exclusive ranges."""
_PROBE: Final = """
redis.call('XADD', KEYS[1], 'MAXLEN', 1, '*', 'at', '1')
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('PUBLISH', KEYS[1], '1')
"""
TRANSLATED: Final = (RedisError, OSError, asyncio.TimeoutError)
"""What a call to Redis raises while it is away."""


class TooOldError(RedisError):
    """The server is older than `OLDEST`."""


class Link:
    """The connection of one process, for one home."""

    errors: Final = TRANSLATED

    def __init__(self, address: RedisAddress, home_id: str) -> None:
        self.address = address
        self.keys = Keys(home_id)
        self.client = client_of(address)
        self.problem: str | None = "not tried yet"
        """Why it does not work; None while it does. Without secrets, addresses and users."""
        self._down_at: float | None = None
        self._changed = asyncio.Event()

    @property
    def is_up(self) -> bool:
        """True while Redis answers and takes writes."""
        return self.problem is None

    async def run(self) -> None:
        """Try Redis now and then until cancelled: at once after `failed`, and more seldom the longer it is away."""
        wait_s = RETRY_S
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        while not task.cancelling():  # a call to Redis may swallow it: `asyncio.wait_for` before Python 3.12
            await self.probe()
            wait_s = LOOK_S if self.is_up else min(2 * wait_s, MAX_RETRY_S)
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
                wait_s = RETRY_S
                await asyncio.sleep(wait_s)

    async def probe(self) -> None:
        """Try it once."""
        try:
            await _try(self.client, self.keys.probe)
        except Exception as error:  # noqa: BLE001 - whatever answers there, `run` goes on
            self.failed(error)
        else:
            self._recovered()

    def failed(self, error: BaseException) -> None:
        """Record that a call has failed. The first one is logged, the others until it works again are not."""
        was_up, tried = self.is_up, self._down_at is not None
        self.problem = reason_of(error)
        if was_up or not tried:
            self._down_at = time.monotonic()
            self._changed.set()
            logger.warning(
                "redis is away address=%s reason=%s", self.address, self.problem
            )  # fmt: skip

    def _recovered(self) -> None:
        if not self.is_up and self._down_at is not None:
            logger.warning(
                "redis is back address=%s away_s=%.1f", self.address, time.monotonic() - self._down_at
            )
        self.problem = self._down_at = None

    async def close(self) -> None:
        """Close the connections."""
        with contextlib.suppress(*TRANSLATED):
            await self.client.aclose()
            await self.client.connection_pool.disconnect()


def client_of(address: RedisAddress, *, max_connections: int = MAX_CONNECTIONS) -> Redis:
    """Return a client with time limits, which repeats a call once, on a new connection."""
    pool = BlockingConnectionPool.from_url(
        address.url,
        max_connections=max_connections,
        timeout=TIMEOUT_S,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 1),
        decode_responses=True,
    )
    return Redis(connection_pool=pool)


async def check(address: RedisAddress) -> str | None:
    """Return why a server cannot be used now; None if it can. For a command, before anything starts."""
    client = client_of(address)
    try:
        await _try(client, "tlray:probe")
    except TRANSLATED as error:
        return reason_of(error)
    finally:
        await client.aclose()
        await client.connection_pool.disconnect()
    return None


async def _try(client: Redis, key: str) -> None:
    """Do what tlray does: a server that can be used for a part of it only would come and go."""
    await _require_version(client)
    await client.eval(_PROBE, 1, key, PROBE_TTL_S)


async def _require_version(client: Redis) -> None:
    """Raise `TooOldError`. HELLO needs no right of its own, and is unknown before Redis 6."""
    answer: Any = await client.execute_command("HELLO")  # type: ignore[no-untyped-call]
    facts = answer if isinstance(answer, Mapping) else dict(zip(answer[::2], answer[1::2], strict=True))
    version = str(facts.get("version", "0"))
    if version_of(version) < OLDEST:
        raise TooOldError(version)


def version_of(text: str) -> tuple[int, ...]:
    """Return the first two numbers of a version; (0,) if it is none."""
    parts = text.split(".")[:2]
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else (0,)


def reason_of(error: BaseException) -> str:
    """Return in plain words why Redis did not do what was asked. Texts of the server are not repeated: that of an unknown command
    quotes its arguments, and the password is one of HELLO's."""
    if isinstance(error, TooOldError):
        return f"it is Redis {error}; {_NEEDED}"
    text = str(error)
    for kind, mark, reason in _REASONS:
        if isinstance(error, kind) and mark in text.lower():
            return reason
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, OSError) and below.strerror:
            return f"no connection: {below.strerror}"
        below = below.__cause__ or below.__context__
    return f"no connection ({type(error).__name__})"


_NEEDED: Final = f"tlray needs {'.'.join(map(str, OLDEST))} or later"
_NO_ANSWER: Final = f"no answer within {TIMEOUT_S:g} s"
_REASONS: Final[tuple[tuple[type[BaseException], str, str], ...]] = (
    (NoPermissionError, "", "its user lacks a right; docs/redis.md lists those that tlray needs"),
    (OutOfMemoryError, "", "it is full (maxmemory with noeviction)"),
    (ReadOnlyError, "", "it is a replica, and takes no writes"),
    (BusyLoadingError, "", "it is loading its data"),
    (ResponseError, "unknown command", f"it is too old (no HELLO); {_NEEDED}"),
    (RedisError, "wrongpass", "wrong user or password"),
    (RedisError, "invalid password", "wrong user or password"),
    (RedisError, "invalid username-password", "wrong user or password"),
    (AuthenticationError, "", "wrong user or password, or none where one is needed"),
    (RedisError, "noauth", "wrong user or password, or none where one is needed"),
    (RedisError, "called without any password configured", "a password is given, and the server has none"),
    (
        ResponseError,
        "the user executing the script",
        "its user lacks a right; docs/redis.md lists those that tlray needs",
    ),
    (ResponseError, "oom", "it is full (maxmemory with noeviction)"),
    (ResponseError, "db index is out of range", "it has no such database (the number at the end of the URL)"),
    (ResponseError, "", "it refuses to write"),
    (RedisTimeout, "", _NO_ANSWER),
    (TimeoutError, "", _NO_ANSWER),
    (
        RedisError,
        "ssl",
        "TLS fails: does it speak TLS, and is its certificate trusted (ssl_ca_certs=FILE in the URL)?",
    ),
    (RedisError, "certificate", "TLS fails: is its certificate trusted (ssl_ca_certs=FILE in the URL)?"),
)
"""Kind of error, words of its text, reason; the first that fits counts."""
