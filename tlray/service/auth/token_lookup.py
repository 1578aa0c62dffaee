"""Lookup of unknown tokens and tickets in batches: one call to the coordinator at a time, with all that arrived meanwhile.

A flood of invalid tokens costs the coordinator a few calls a second, and delays no valid one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from tlray.core.model.receipts import TokenHolder

MAX_AT_ONCE: Final = 500
"""Digests in one call."""

Find = Callable[[Sequence[str]], Awaitable[Mapping[str, TokenHolder]]]
"""Returns the rows of some digests from the coordinator."""


class TokenLookup:
    """The lookup of one kind, such as `Coordinator.token_holders`."""

    def __init__(self, find: Find, *, once: bool = False) -> None:
        self._find = find
        self._once = once
        """True if a digest is valid for one request only."""
        self._waiting: dict[str, asyncio.Future[TokenHolder | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def row(self, digest: str) -> TokenHolder | None:
        """Return the row of one digest; None if it is unknown."""
        waiting = self._waiting.get(digest)
        if waiting is None:
            waiting = self._waiting[digest] = asyncio.get_running_loop().create_future()
        elif self._once:
            return None
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(waiting)  # other requests may wait for the same digest

    async def _ask(self) -> None:
        while self._waiting:
            taken = {digest: self._waiting.pop(digest) for digest in list(self._waiting)[:MAX_AT_ONCE]}
            try:
                rows = await self._find(tuple(taken))
            except Exception as error:  # noqa: BLE001 - it belongs to those who wait
                for waiting in taken.values():
                    waiting.set_exception(error)
                    waiting.exception()  # the request may be gone; asyncio would log the error
            else:
                for digest, waiting in taken.items():
                    waiting.set_result(rows.get(digest))
