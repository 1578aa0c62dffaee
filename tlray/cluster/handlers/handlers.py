"""The base of the coordinator's methods, and their kinds.

`Coordinator` inherits a class of methods for each subject. A method is one of three kinds:

- `read`: it looks into the journal alone, with connections and, in Ray, an event loop of its own (concurrency group
  `READS`), so that it neither waits for the engine nor holds it up;
- `command`: it changes something. Commands begin in the order in which one caller sends them. A command that has begun goes on
  to its end, though its caller leaves; a coordinator that is ending, or has halted, takes none;
- every other method runs in the engine's loop, at any time.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from tlray.cluster.coordinator.batches import Batches
from tlray.cluster.coordinator.leasing import Leasing
from tlray.cluster.coordinator.limiter_pool import LimiterPool
from tlray.cluster.coordinator.scheduler import Scheduler
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.coordinator.submission import Submissions
from tlray.io.journal.rows import BatchRow

P = ParamSpec("P")
T = TypeVar("T")
H = TypeVar("H", bound="Handlers")
READS = "reads"
"""The concurrency group of `read` methods."""
_READ_METHODS: set[str] = set()


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one coordinator."""

    state: CoordinatorState
    batches: Batches
    submissions: Submissions
    limiters: LimiterPool
    leasing: Leasing
    scheduler: Scheduler


class Handlers:
    """Methods of a coordinator on one subject."""

    def __init__(self, parts: Parts) -> None:
        self._state = parts.state
        self._batches = parts.batches
        self._submissions = parts.submissions
        self._limiters = parts.limiters
        self._leasing = parts.leasing
        self._scheduler = parts.scheduler
        self._reader = parts.state.ports.reader

    def _require_open(self) -> None:
        """Raise `CoordinatorEnding` while the coordinator ends; begin its next life where this one has halted."""
        raise NotImplementedError

    async def _row(self, batch_id: str) -> BatchRow:
        return await self._reader.ask(lambda journal: journal.batch(batch_id))


def read(method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Mark a method that uses nothing but the journal's reader; its state belongs to another event loop."""
    _READ_METHODS.add(method.__name__)
    return method


def read_methods() -> frozenset[str]:
    """Return the names of the `read` methods."""
    return frozenset(_READ_METHODS)


def command(
    method: Callable[Concatenate[H, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[H, P], Coroutine[Any, Any, T]]:
    """Mark a method that changes something."""

    @functools.wraps(method)
    async def run(self: H, /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._require_open()
        # Ray cancels the calls of a client that left
        change = asyncio.create_task(method(self, *args, **kwargs))
        self._state.keep(change)
        return await asyncio.shield(change)

    return run
