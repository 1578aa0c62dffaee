"""Request rates of callers, counted for all replicas together; each replica counts alone while Redis is away.

The same token bucket as `tlray.core.access.rate_limit`, as one number a caller (GCRA): the moment at which the bucket will be
full again, on Redis' own clock.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from tlray.core.access.rate_limit import RateLimit

if TYPE_CHECKING:  # it loads the library, which a service without Redis does not need
    from tlray.io.redis.link import Link

TIMEOUT_S: Final = 0.5
"""A request waits no longer for its count."""
_TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local gap, burst = 1 / tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local wait = full_at + gap - now - burst * gap
if wait > 0.000001 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.6f', full_at + gap), 'PX', math.ceil((full_at + gap - now) * 1000) + 1000)
return '0'
"""


class Rate(Protocol):
    """A rate limit of callers."""

    async def take(self, who: str, *, now: float) -> float:
        """Count one request and return 0; or count nothing and return the seconds to wait."""
        ...


class LocalRate:
    """The count of this replica alone."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit

    async def take(self, who: str, *, now: float) -> float:
        """Count one request and return 0; or count nothing and return the seconds to wait."""
        return self._limit.take(who, now=now)


class SharedRate:
    """The count of all replicas of a home."""

    def __init__(self, link: Link, kind: str, limit: RateLimit) -> None:
        self._link = link
        self._kind = kind
        self._local = limit
        self._script = link.client.register_script(_TAKE)

    async def take(self, who: str, *, now: float) -> float:
        """Count one request and return 0; or count nothing and return the seconds to wait."""
        if self._link.is_up:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    key = self._link.keys.rate(self._kind, who)
                    return float(await self._script(keys=[key], args=[self._local.rate, self._local.burst]))
            except self._link.errors as error:
                self._link.failed(error)
        return self._local.take(who, now=now)


def rate_of(link: Link | None, kind: str, limit: RateLimit) -> Rate:
    """Return a rate limit: shared if there is a Redis."""
    return LocalRate(limit) if link is None else SharedRate(link, kind, limit)
