"""Tokens and tickets that a replica does not know, looked up together: one question to the coordinator at a time, with all that
have come meanwhile. So a flood of wrong ones costs the coordinator a few questions a second, and none that is good is kept out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

MAX_AT_ONCE: Final = 500
"""Digests in one question."""

Row = dict[str, Any]


Find = Callable[[Sequence[str]], Awaitable[Mapping[str, Row]]]
"""Asks the coordinator for the rows of some digests."""


class Lookups:
    """One kind of lookup, such as `Coordinator.token_holders`."""

    def __init__(self, find: Find, *, once: bool = False) -> None:
        self._find = find
        self._once = once
        """True where a digest is good for one request only."""
        self._waiting: dict[str, asyncio.Future[Row | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def row(self, digest: str) -> Row | None:
        """Return what the coordinator says of one digest; None where it knows none such."""
        waiting = self._waiting.get(digest)
        if waiting is None:
            waiting = self._waiting[digest] = asyncio.get_running_loop().create_future()
        elif self._once:
            return None
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(waiting)  # others may wait for the same one

    async def _ask(self) -> None:
        while self._waiting:
            taken = {digest: self._waiting.pop(digest) for digest in list(self._waiting)[:MAX_AT_ONCE]}
            try:
                rows = await self._find(tuple(taken))
            except Exception as error:  # noqa: BLE001 - it belongs to those who wait
                for waiting in taken.values():
                    waiting.set_exception(error)
                    waiting.exception()  # where nobody waits any more, nobody is to be told that it was not seen
            else:
                for digest, waiting in taken.items():
                    waiting.set_result(rows.get(digest))
