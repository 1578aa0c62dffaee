"""The shared state of a coordinator: the engine, the journal's thread, who waits for news, and whether all is well."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from pydantic import SecretStr

from tlray.cluster.ports.coordinator import CoordinatorPorts
from tlray.cluster.workers.config import ScrapeConfig
from tlray.core.model.lifecycle import BatchState
from tlray.core.politeness.retry import MAX_REST_S
from tlray.core.scheduling.backlog import Bounds
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Stops
from tlray.errors import (
    CannotFinish,
    HomeInUse,
    InvariantBroken,
    JournalLost,
    JournalUnusable,
    TlrayError,
)
from tlray.io.disk.home import Home
from tlray.io.journal.opening import journal_name
from tlray.io.journal.rows import VERSIONS_PER_LIFE
from tlray.io.journal.writer import Journal
from tlray.io.redis.address import RedisAddress

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
REFRESH_S = 5.0
"""A running batch that is watched is told anew at least so often."""


@dataclass(frozen=True, slots=True)
class CoordinatorSettings:
    """Settings with which a coordinator starts."""

    home: str
    ray_address: str
    terms: ScrapeConfig
    journal: SecretStr | None = None
    """The URL of the journal's database; None for the home's own file."""
    redis: RedisAddress | None = None
    """Where progress is written for other processes."""
    lease_s: float = 30.0
    min_workers: int = 1
    max_workers: int = 2
    """For batches of a journal without terms (`tlray.core.scheduling.batch_config`)."""
    default_workers: int = 10
    """For batches whose terms name no number."""
    limiter_actors: int = 2
    max_rest_s: float = MAX_REST_S
    bounds: Bounds = field(default_factory=Bounds)
    tick_s: float = 0.5
    """How often the wall clock is looked at, for what it begins: scheduled batches, schedules."""
    idle_look_s: float = 1.0
    """How often a coordinator that has no task and no watcher looks around."""
    idle_end_s: float = 0.0
    """Seconds without anything to do after which the coordinator ends; 0: never."""
    resumes_all: bool = False
    """Go on with every open batch of the home, not only those that are asked for."""

    @property
    def may_move(self) -> bool:
        """True if nothing in the home's folder must survive: then the coordinator may live on any node."""
        return self.journal is not None and Home(Path(self.home), self.terms.storage).has_objects

    def shared(self) -> dict[str, float | str]:
        """Return what all batches of the home share, by its names in `tlray.settings.Settings`."""
        return {
            "journal": journal_name(self.journal),
            "lease_s": self.lease_s,
            "min_workers": self.min_workers,
            "limiter_actors": self.limiter_actors,
            "max_open_items": self.bounds.in_all,
            "max_open_items_per_user": self.bounds.per_owner,
            "idle_end_s": self.idle_end_s,
            "max_rest_s": self.max_rest_s,
        }


@dataclass(slots=True)
class _News:
    """An event that callers wait for."""

    version: int
    """The lowest that one of them has seen."""
    began_at: float
    event: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class CoordinatorState:
    """One coordinator's life."""

    home: Home
    settings: CoordinatorSettings
    engine: Engine
    journal: Journal
    incarnation: int
    ports: CoordinatorPorts
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the loop has something to do."""
    trouble: TlrayError | None = None
    """Why nothing goes on; who watches is told."""
    is_stopping: bool = False
    n_merges: int = 0
    """Merges of parts that this life has begun."""
    is_draining: bool = False
    """Nothing more is leased, whatever state the batches are in."""
    on_change: Callable[[Batch], None] | None = None
    """Called with a batch that has changed, for readers outside."""
    _stops: Stops | None = None
    _n_stops: int = 0
    _news: dict[str, _News] = field(default_factory=dict)
    _background: set[asyncio.Task[None]] = field(default_factory=set)
    _commands: set[asyncio.Task[Any]] = field(default_factory=set)
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def write(self, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one journal action in the journal's thread; they run one after the other, in the order asked.

        Where the journal is lost nobody knows what of it counts: this life halts, and the next one reads it.
        """
        try:
            return await self.ports.writer.run(lambda: action(*args, **kwargs))
        except JournalLost as error:
            self.halt(error)
            raise

    def now(self) -> float:
        """Return monotonic seconds."""
        return self.ports.clock.monotonic()

    def wall(self) -> float:
        """Return seconds since the epoch."""
        return self.ports.clock.wall()

    @property
    def first_version(self) -> int:
        """Progress versions of this life begin here, above all that earlier lives told."""
        return self.incarnation * VERSIONS_PER_LIFE

    def one_at_a_time(self, batch_id: str) -> asyncio.Lock:
        """Return what whoever changes a batch's state holds meanwhile: between looking at it and writing it down others would
        come between."""
        return self._locks.setdefault(batch_id, asyncio.Lock())

    def book(self, batch_id: str) -> Batch | None:
        """Return an open batch."""
        return self.engine.by_batch_id.get(batch_id)

    def stops(self) -> Stops:
        """Return what may begin nothing. It is made anew after `renew_stops` only."""
        if self._stops is None:
            books = self.engine.batches.values()
            held = (BatchState.PAUSED, BatchState.RUNNING) if self.is_draining else (BatchState.PAUSED,)
            override = self.engine.registry.overrides
            self._n_stops += 1
            self._stops = Stops(
                paused=frozenset(book.batch_id for book in books if book.state in held),
                cancelled=frozenset(book.batch_id for book in books if book.state is BatchState.CANCELLING),
                domains=frozenset(name for name, setting in override.items() if setting.is_paused),
                version=self.first_version + self._n_stops,
            )
        return self._stops

    def renew_stops(self) -> None:
        """Take in that a batch's state, or whether a domain is paused, has changed."""
        self._stops = None

    def announce(self, batch: int) -> None:
        """Tell who waits for news of a batch."""
        book = self.engine.batches.get(batch)
        if book is not None:
            book.version += 1
            if self.on_change is not None:
                self.on_change(book)
            news = self._news.pop(book.batch_id, None)
            if news is not None:
                news.event.set()

    async def news(self, batch_id: str, timeout_s: float, *, seen: int | None = None) -> None:
        """Wait for news of a batch, at most so long; ``seen`` is the version that is known."""
        news = self._news.get(batch_id)
        if news is None:
            book = self.book(batch_id)
            version = book.version if book is not None else 0
            news = self._news[batch_id] = _News(version, self.now())
        if seen is not None:
            news.version = min(news.version, seen)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await news.event.wait()

    @property
    def is_watched(self) -> bool:
        """True while somebody waits for news of a batch."""
        return bool(self._news)

    def announce_moves(self, *, now: float) -> None:
        """Tell who waits of what nobody announced: items that were leased or became due. Of a batch that is running they
        hear now and then in any case, because its rate and its domains' rests change with time alone."""
        for batch_id, news in list(self._news.items()):
            book = self.book(batch_id)
            if book is None:
                continue
            is_old = now - news.began_at >= REFRESH_S and book.state is BatchState.RUNNING and book.n_open > 0
            if book.version > news.version or is_old:
                self.announce(book.id)

    def halt(self, error: TlrayError) -> None:
        """Lease nothing more: nothing can be written, or no task can work. A new life goes on from the journal."""
        if self.trouble is None:
            self.trouble = error
            logger.warning("coordinator halted why=%s", error)
            for book in list(self.engine.batches.values()):
                self.engine.pause(book.id, is_paused=True)
                self.announce(book.id)

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside the loop, and keep hold of it until it ends. What it does not expect halts the coordinator:
        somebody would wait for ever for what it was to do."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def keep(self, command: asyncio.Task[Any]) -> None:
        """Keep hold of a command's task until it ends."""
        self._commands.add(command)
        command.add_done_callback(self._commands.discard)

    def fail(self, error: BaseException, what: str) -> None:
        """Halt for whatever was raised: the world in the way says so itself, anything else is a bug of ours."""
        if not isinstance(error, (CannotFinish, HomeInUse, JournalUnusable)):
            logger.error("coordinator failed what=%s", what, exc_info=error)
            error = InvariantBroken(f"the coordinator failed: {type(error).__name__}: {error}")
        self.halt(error)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error, "background work")

    async def settle(self, timeout_s: float) -> None:
        """Wait for what runs beside the loop."""
        if self._background:
            await asyncio.wait(self._background, timeout=timeout_s)

    def close(self) -> None:
        """Close the journal."""
        self.ports.writer.close(self.journal.close)
