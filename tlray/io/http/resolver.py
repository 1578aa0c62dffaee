"""Lookups of names by the system's own resolver, in threads of a fetcher's own.

asyncio looks names up in the few threads that also write to the disk (6 on 2 cores). A handful of names whose servers do not
answer would hold up every other page there, on that page's time, and the results too.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from aiohttp.resolver import ThreadedResolver


class _Lookups:
    """The two calls of an event loop that look something up, in other threads than the loop's."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    async def getaddrinfo(self, host: str, port: int, **options: Any) -> Any:
        look_up = partial(socket.getaddrinfo, host, port, **options)
        return await asyncio.get_running_loop().run_in_executor(self._threads, look_up)

    async def getnameinfo(self, address: Any, flags: int = 0) -> Any:
        look_up = partial(socket.getnameinfo, address, flags)
        return await asyncio.get_running_loop().run_in_executor(self._threads, look_up)


class NameLookup(ThreadedResolver):
    """A resolver of which ``max_at_once`` lookups run at once; a thread is made when it is needed."""

    def __init__(self, max_at_once: int) -> None:
        self._threads = ThreadPoolExecutor(max_at_once, thread_name_prefix="names")
        super().__init__(loop=_Lookups(self._threads))  # type: ignore[arg-type]

    async def aclose(self) -> None:
        """Close it; the name that `contextlib.aclosing` knows."""
        await self.close()

    async def close(self) -> None:
        """Wait for no lookup any more; a thread cannot be stopped, and ends with its lookup."""
        self._threads.shutdown(wait=False, cancel_futures=True)
