"""Queries of the journal in threads of their own, with connections of their own, beside the one that writes.

A long query (all items of a large batch) holds up neither the writer nor, with two threads, a short query.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pydantic import SecretStr

from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.io.journal.reader import JournalReader

T = TypeVar("T")
N_THREADS = 2


class ReadingThreads:
    """The port `Reader` on threads."""

    def __init__(self, home: Home, journal: SecretStr | None = None) -> None:
        self._home, self._journal = home, journal
        self._threads = ThreadPoolExecutor(N_THREADS, thread_name_prefix="reader")
        self._own = threading.local()

    async def ask(self, query: Callable[[JournalReader], T]) -> T:
        """Run a query; it sees what was committed before, at one moment."""

        def run() -> T:
            reader = self._reader()
            with reader.snapshot():
                return query(reader)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def _reader(self) -> JournalReader:
        reader: JournalReader | None = getattr(self._own, "reader", None)
        if reader is None:
            reader = self._own.reader = open_reader(self._home.path, self._journal)
        return reader
