"""Keys of submissions (``Idempotency-Key``), claimed for all services at one Redis.

Within a home the journal knows its keys, and its answer counts. Here stands which home has taken a key, so that a client that
sends its list to another service makes no second batch there. While Redis is away only the journal is asked.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from tlray.errors import Conflict, CoordinatorLost
from tlray.io.redis.keys import submission

if TYPE_CHECKING:  # it loads the library, which a service without Redis does not need
    from tlray.io.redis.link import Link

TTL_S: Final = 86_400
UNDERWAY_S: Final = 180
"""A claim whose service dies before the journal has the batch ends after this time."""
_RELEASE: Final = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
)


class SubmissionKeys:
    """The keys of one service; without a link all of them are free."""

    def __init__(self, link: Link | None) -> None:
        self._link = link

    @asynccontextmanager
    async def claimed(self, owner: str, key: str | None, batch_id: str) -> AsyncIterator[None]:
        """Hold a key while its list is submitted to this home, and for a day if that succeeds; `Conflict` if another home has
        it."""
        link = self._link
        if link is None or key is None or not link.is_up:
            yield
            return
        name, claim = submission(owner, key), json.dumps([link.keys.home_id, batch_id])
        is_ours = await self._claim(link, name, claim)
        try:
            yield
        except Exception as error:
            if is_ours and not isinstance(error, CoordinatorLost):  # then it may be in the journal
                await self._settle(link, name, claim, is_done=False)
            raise
        await self._settle(link, name, claim, is_done=True)

    async def _claim(self, link: Link, name: str, claim: str) -> bool:
        """Return True if the key was free; `Conflict` if another home has it."""
        try:
            if await link.client.set(name, claim, nx=True, ex=UNDERWAY_S):
                return True
            held = await link.client.get(name)
        except link.errors as error:
            link.failed(error)
            return False
        try:
            home_id, batch_id = json.loads(held or claim)
        except (ValueError, TypeError):  # another program has written there
            return False
        if home_id != link.keys.home_id:
            raise Conflict(
                f"this Idempotency-Key was used at another service (home {home_id[:32]!r}), for batch {batch_id[:80]!r};"
                " ask there, or send the list with another key"
            )
        return False

    async def _settle(self, link: Link, name: str, claim: str, *, is_done: bool) -> None:
        try:
            if is_done:
                await link.client.expire(name, TTL_S)
            else:
                await link.client.eval(_RELEASE, 1, name, claim)
        except link.errors as error:
            link.failed(error)
