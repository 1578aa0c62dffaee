"""Name lookups by the system's resolver, in threads of their own.

asyncio's own threads (6 on 2 cores) also write to the disk: a few names whose servers do not answer would delay every other page
and the results.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from aiohttp.resolver import ThreadedResolver


class _Lookups:
    """The two lookups of an event loop, in threads of their own."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    async def getaddrinfo(self, host: str, port: int, **options: Any) -> Any:
        look_up = partial(socket.getaddrinfo, host, port, **options)
        return await asyncio.get_running_loop().run_in_executor(self._threads, look_up)

    async def getnameinfo(self, address: Any, flags: int = 0) -> Any:
        look_up = partial(socket.getnameinfo, address, flags)
        return await asyncio.get_running_loop().run_in_executor(self._threads, look_up)


class NameLookup(ThreadedResolver):
    """A resolver with ``max_at_once`` lookups in parallel; threads are started on demand."""

    def __init__(self, max_at_once: int) -> None:
        self._threads = ThreadPoolExecutor(max_at_once, thread_name_prefix="names")
        super().__init__(loop=_Lookups(self._threads))  # type: ignore[arg-type]

    async def aclose(self) -> None:
        """Close the resolver; `contextlib.aclosing` calls it so."""
        await self.close()

    async def close(self) -> None:
        """Stop waiting for lookups; a thread cannot be stopped, and ends with its lookup."""
        self._threads.shutdown(wait=False, cancel_futures=True)
