"""Reads of the journal: threads and connections of their own, beside the one that writes.

A long read (all items of a large batch) holds up neither the writer nor, with two threads, a short read.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from tlray.errors import HomeUnusable
from tlray.io.disk.home import Home
from tlray.io.journal.reader import JournalReader

P = ParamSpec("P")
T = TypeVar("T")
N_THREADS = 2


class Reading:
    """Questions to the journal, each with the connection as its first argument."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._threads = ThreadPoolExecutor(N_THREADS, thread_name_prefix="reads")
        self._own = threading.local()

    async def ask(
        self, question: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **given: P.kwargs
    ) -> T:
        """Put a question; it sees what was committed before."""

        def run() -> T:
            try:
                return self._reader().ask(lambda db: question(db, *args, **given))
            except sqlite3.DatabaseError as error:
                raise HomeUnusable(str(self._home.path), f"its journal: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def _reader(self) -> JournalReader:
        reader: JournalReader | None = getattr(self._own, "reader", None)
        if reader is None:
            reader = self._own.reader = JournalReader(self._home.path)
        return reader
