"""The journal's thread in virtual time, over the real SQLite journal; triggers hold its invariants."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from tlray.errors import StorageFull
from tlray.io.journal.clock import ClockReading
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.sqlite.journal import SqliteJournal

from .calls import Delays
from .lives import Life
from .loop import VirtualLoop

T = TypeVar("T")

_PROMISES = """
PRAGMA synchronous = OFF;
CREATE TEMP TRIGGER a_final_state_stays BEFORE UPDATE OF state ON items
    WHEN OLD.state IN ('succeeded', 'dead', 'skipped', 'cancelled') AND NEW.state != OLD.state
    AND NOT (OLD.state = 'dead' AND NEW.state = 'queued')
    BEGIN SELECT raise(ABORT, 'a final state changed'); END;
CREATE TEMP TRIGGER a_page_counts_once BEFORE UPDATE OF state ON items
    WHEN NEW.state = 'succeeded' AND EXISTS
    (SELECT 1 FROM items WHERE batch = NEW.batch AND fingerprint = NEW.fingerprint AND state = 'succeeded')
    BEGIN SELECT raise(ABORT, 'a page succeeded twice'); END;
CREATE TEMP TRIGGER a_batch_ends_once BEFORE UPDATE OF finished_at ON batches
    WHEN OLD.state IN ('completed', 'cancelled') AND NEW.finished_at IS NOT NULL
    BEGIN SELECT raise(ABORT, 'a batch ended twice'); END;
"""


def open_journal(path: Path, loop: VirtualLoop) -> SqliteJournal:
    """Open the journal in virtual time, and let the database refuse what must never be written."""
    if not path.exists():
        path.write_bytes(_blank())
    journal = SqliteJournal(path, clock=lambda: ClockReading(loop.wall(), loop.now, "a boot"))
    journal._db.executescript(_PROMISES)
    return journal


@cache
def _blank() -> bytes:
    """Return a journal without a batch: its tables are made once, not for each world."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        SqliteJournal(path).close()
        return path.read_bytes()


class SimulatedWriter:
    """The port `Writer`: one action after the other, each after a while."""

    def __init__(self, life: Life, delays: Delays) -> None:
        self._life, self._delays = life, delays
        self._queue: deque[tuple[Callable[[], Any], Any]] = deque()
        self.fails_next = False
        """Let the next action find the disk full."""

    async def run(self, action: Callable[[], T]) -> T:
        await self._life.reach()
        done = self._life.loop.create_future()
        self._queue.append((action, done))
        if len(self._queue) == 1:
            self._next()
        await done
        await self._life.reach()
        result: T = done.result()
        return result

    def close(self, last: Callable[[], None]) -> None:
        last()

    def _next(self) -> None:
        delay_s = self._delays.chances.write_s * self._delays.rng.random()
        self._life.loop.call_later(delay_s, self._write)

    def _write(self) -> None:
        if self._life.is_dead:
            return
        action, done = self._queue[0]
        try:
            if self.fails_next:
                self.fails_next = False
                raise StorageFull("the simulated disk")  # noqa: TRY301 - as the real one does
            result = action()
        except Exception as error:  # noqa: BLE001 - whoever asked gets it
            if not done.done():
                done.set_exception(error)
        else:
            if not done.done():
                done.set_result(result)
        self._queue.popleft()
        if self._queue:
            self._next()


class SimulatedReader:
    """The port `Reader`: a look at what is committed, after a while."""

    def __init__(self, life: Life, delays: Delays, journal: SqliteJournal) -> None:
        self._life, self._delays, self._journal = life, delays, journal

    async def ask(self, query: Callable[[JournalReader], T]) -> T:
        await self._life.reach()
        delay_s = self._delays.chances.write_s * self._delays.rng.random()
        await asyncio.sleep(delay_s)
        await self._life.reach()
        found = query(self._journal)  # every action is one step: nothing is half written
        await asyncio.sleep(self._delays.rng.random() * delay_s)
        await self._life.reach()
        return found
