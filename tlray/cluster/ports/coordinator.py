"""Ports of the coordinator: everything outside its own process, as protocols.

`tlray.cluster.adapters.coordinator_ports` implements them with Ray, threads and the machine's clocks. The simulator
(`tests/shared/simulated`) implements them in virtual time, where every call takes a random time, fails, or is answered twice;
so it runs the coordinator's code as it is. Nothing behind a port decides anything.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar

from tlray.cluster.ports.clock import Clock
from tlray.cluster.ports.registration import Registration
from tlray.core.model.progress import ProgressUpdate
from tlray.core.scheduling.changeset import Changeset
from tlray.core.scheduling.crash_suspect import CrashSuspect
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Stops
from tlray.errors import TlrayError
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import PartRow

T = TypeVar("T")


class Writer(Protocol):
    """The journal's one writer: actions run one after the other, in the order of the calls."""

    async def run(self, action: Callable[[], T]) -> T:
        """Run an action and return its result; it is queued before this first awaits."""
        ...

    def close(self, last: Callable[[], None]) -> None:
        """Run a last action, after all that are queued."""
        ...


class Reader(Protocol):
    """Queries of the journal beside its writer; each sees what was committed before."""

    async def ask(self, query: Callable[[JournalReader], T]) -> T:
        """Run a query, all of which sees one moment of the journal."""
        ...


class EndKind(Enum):
    """The end of a scrape task."""

    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    """An exception left it: a bug of ours, or an error of ours that it raised on purpose."""
    WORKER_DIED = "worker died"
    NODE_DIED = "node died"


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """The end of a scrape task."""

    kind: EndKind
    reason: str = ""
    error: TlrayError | None = None
    """The error that it raised on purpose, if it did."""


class StartedTask(Protocol):
    """A scrape task that was started."""

    async def ended(self) -> TaskEnd:
        """Wait for its end."""
        ...

    def cancel(self, *, force: bool = False) -> None:
        """End it; with ``force`` its worker is killed."""
        ...


class TaskStarter(Protocol):
    """Starts scrape tasks, and knows how much room the cluster has for them."""

    def start(self, lease_id: str, name: str) -> StartedTask:
        """Start a task under a name for people; it may wait for a CPU for a long time."""
        ...

    def n_nodes(self) -> int:
        """Return how many living nodes have a CPU to give."""
        ...

    def is_full(self) -> bool:
        """True if no CPU is free anywhere."""
        ...

    async def is_lost(self, node: str, *, within_s: float = 0.0) -> bool:
        """Return True if a node is gone, or goes within so many seconds."""
        ...

    def address(self, node: str) -> str:
        """Return the address of a node, "" where nobody knows it."""
        ...


class LimiterClient(Protocol):
    """The coordinator's calls to one limiter actor."""

    async def register(self, domains: list[Registration], stops: Stops) -> str:
        """Send domains as they are now; return the name of the limiter's life."""
        ...

    async def stop_batches(self, stops: Stops) -> None:
        """Send what may begin nothing."""
        ...

    async def forget(self, holder: str) -> None:
        """Free the slots of a task that has ended."""
        ...

    async def forget_domains(self, names: list[str]) -> None:
        """Drop domains that nobody has anything to do with, as far as they are at rest."""
        ...


class PartStore(Protocol):
    """The files of parts and the notes of tasks. The methods that are not async run in the journal's thread."""

    def publish(self, batch_id: str, *stems: str) -> None:
        """Make committed parts visible."""
        ...

    def recover(self, batch_id: str, stems: Sequence[str]) -> None:
        """Remove what the manifest does not name, then publish what it does."""
        ...

    def replace(self, batch_id: str, old: Collection[str], new: str, *, has_ended: bool = False) -> None:
        """Put a part in the place of those that it was made of; ``has_ended``: its batch has."""
        ...

    async def merge(
        self, batch_id: str, stems: tuple[str, ...], new_stem: str
    ) -> tuple[PartRow, dict[str, int]]:
        """Stage one part made of others; return it, and where the pages of each begin in its archive."""
        ...

    async def finish(
        self, batch_id: str, named: Callable[[], Awaitable[Sequence[str]]], *, life: int
    ) -> None:
        """Publish what ``named`` returns of a batch that ends, and remove the rest, unless both is done already."""
        ...

    async def is_usable(self) -> bool:
        """Return True if results can be written and read now."""
        ...

    async def has_note(self, lease_id: str) -> bool:
        """True if a task has begun and not ended in order."""
        ...

    async def take_note(self, lease_id: str) -> CrashSuspect:
        """Return whom a dead task's note names, and remove the note."""
        ...


class Meters(Protocol):
    """Metrics for Prometheus and Ray's dashboard."""

    def count(self, changeset: Changeset, *, took_s: float, permit_wait_s: float) -> None:
        """Count what a report brought, before it is applied, and how long it took to write."""
        ...

    def delivered(self, result: str) -> None:
        """Count an attempt to deliver a notification."""
        ...

    def show(
        self,
        engine: Engine,
        *,
        n_working: int,
        n_waiting: int,
        is_halted: bool,
        incarnation: int,
        now: float,
        wall: float,
    ) -> None:
        """Show the state of an engine."""
        ...


class ProgressSink(Protocol):
    """Stores and publishes progress outside, for the service and other programs."""

    @property
    def is_ready(self) -> bool:
        """True while writing makes sense."""
        ...

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        ...

    async def write(self, updates: Sequence[ProgressUpdate], *, now: float) -> Collection[str]:
        """Store and publish, and return the batches that are stored; the others are sent again."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


async def _stay() -> None:
    """Leave nothing behind where there is nothing: the coordinator is no actor."""


@dataclass(frozen=True, slots=True)
class CoordinatorPorts:
    """Everything that one life of a coordinator depends on."""

    clock: Clock
    rng: random.Random
    writer: Writer
    reader: Reader
    tasks: TaskStarter
    limiter: Callable[[int], LimiterClient]
    """Limiter actors by number, started where they are not there yet."""
    parts: PartStore
    meters: Meters
    die: Callable[[], None]
    """End this life at once; Ray starts the next one."""
    progress: ProgressSink | None = None
    leave: Callable[[], Awaitable[None]] = _stay
    """End for good, once the journal is closed: release the home, and take the limiters along."""
