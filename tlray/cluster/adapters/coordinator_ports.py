"""The coordinator's ports on Ray: actors, tasks, threads, files, and the machine's clocks."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import ray
from pydantic import SecretStr
from ray.exceptions import NodeDiedError, RayError, RayTaskError, TaskCancelledError

from tlray.cluster.adapters.metrics import Metrics
from tlray.cluster.adapters.node_table import address_of, is_lost
from tlray.cluster.adapters.reading_threads import ReadingThreads
from tlray.cluster.ports.clock import SystemClock
from tlray.cluster.ports.coordinator import CoordinatorPorts, EndKind, TaskEnd
from tlray.cluster.ports.registration import Registration
from tlray.cluster.workers.config import ScrapeConfig
from tlray.cluster.workers.limiter import start_limiter
from tlray.cluster.workers.ray_task import scrape_lease
from tlray.cluster.workers.task_setup import set_up
from tlray.core.scheduling.crash_suspect import ANY_ITEM, CrashSuspect
from tlray.core.scheduling.lease import Stops
from tlray.core.scheduling.task_names import TaskNames
from tlray.errors import CannotFinish, TlrayError
from tlray.io.disk.home import Home
from tlray.io.journal.rows import PartRow
from tlray.io.results.open_store import check_storage, open_store
from tlray.io.results.store import publish_named, recover, replace_parts, settle
from tlray.io.worker.crash_note import has_note, take_note

T = TypeVar("T")


class JournalThread:
    """One thread that writes the journal."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    async def run(self, action: Callable[[], T]) -> T:
        """Run an action after all that were queued before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, action)

    def close(self, last: Callable[[], None]) -> None:
        """Run a last action and end the thread."""
        self._thread.submit(last).result(timeout=10)
        self._thread.shutdown()


class RayTask:
    """A scrape task on Ray."""

    def __init__(self, ref: Any) -> None:
        self._ref = ref

    async def ended(self) -> TaskEnd:
        """Wait for the task and say how it ended."""
        try:
            await self._ref
        except RayTaskError as error:
            own = error.cause if isinstance(error.cause, TlrayError) else None
            return TaskEnd(EndKind.FAILED, f"task failed: {error.cause!r}"[:200], own)
        except (TaskCancelledError, asyncio.CancelledError):
            return TaskEnd(EndKind.CANCELLED, "cancelled")
        except NodeDiedError:
            return TaskEnd(EndKind.NODE_DIED, "its node died")
        except RayError as error:
            return TaskEnd(EndKind.WORKER_DIED, f"worker died ({type(error).__name__})")
        return TaskEnd(EndKind.DONE)

    def cancel(self, *, force: bool = False) -> None:
        """Cancel the task; with ``force`` its worker is killed."""
        ray.cancel(self._ref, force=force)


class RayTasks:
    """Starts scrape tasks on Ray."""

    def __init__(self, terms: ScrapeConfig, coordinator: Any, node_id: str) -> None:
        self._terms = terms
        self._coordinator = coordinator
        self._node_id = node_id

    def start(self, lease_id: str, name: str) -> RayTask:
        """Start a task that asks for one CPU; Ray never retries it."""
        options = {"name": name, "num_cpus": 1, "max_retries": 0}
        task = ray.remote(scrape_lease).options(**options)
        return RayTask(task.remote(lease_id, self._terms, self._coordinator))

    def n_nodes(self) -> int:
        """Return how many living nodes have a CPU to give."""
        return sum(1 for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1)

    def is_full(self) -> bool:
        """True if no CPU is free anywhere."""
        return bool(ray.available_resources().get("CPU", 0) < 1)

    async def is_lost(self, node: str, *, within_s: float = 0.0) -> bool:
        """Ask Ray and the node's raylet. Our own node is there: with its raylet we would be gone, too."""
        return bool(node) and node != self._node_id and await is_lost(node, within_s=within_s)

    def address(self, node: str) -> str:
        """Look a node up in Ray's table, which names dead ones, too."""
        return address_of(node)


class RayLimiter:
    """The coordinator's calls to one limiter actor."""

    def __init__(self, number: int, home_key: str, node_id: str) -> None:
        self._actor = start_limiter(number, home_key, node_id)

    async def register(self, domains: list[Registration], stops: Stops) -> str:
        """Send domains as they are now; return the name of the limiter's life."""
        life: str = await self._actor.register.remote(domains, stops)
        return life

    async def stop_batches(self, stops: Stops) -> None:
        """Send what may begin nothing."""
        await self._actor.stop_batches.remote(stops)

    async def forget(self, holder: str) -> None:
        """Free the slots of a task that has ended."""
        await self._actor.forget.remote(holder)

    async def forget_domains(self, names: list[str]) -> None:
        """Drop domains that nobody has anything to do with."""
        await self._actor.forget_domains.remote(names)


class HomeParts:
    """The files of parts in a home; merges run as Ray tasks."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._store = open_store(home)
        self._names = TaskNames()

    def publish(self, batch_id: str, *stems: str) -> None:
        """Make committed parts visible."""
        publish_named(self._store, batch_id, *stems)

    def recover(self, batch_id: str, stems: Sequence[str]) -> None:
        """Remove what the manifest does not name, then publish what it does; a batch without files has nothing to recover."""
        recover(self._store, batch_id, stems)

    def replace(self, batch_id: str, old: Collection[str], new: str, *, has_ended: bool = False) -> None:
        """Put a part in the place of those that it was made of; ``has_ended``: its batch has."""
        replace_parts(self._store, batch_id, old, new, has_ended=has_ended)

    async def merge(
        self, batch_id: str, stems: tuple[str, ...], new_stem: str
    ) -> tuple[PartRow, dict[str, int]]:
        """Merge in a Ray task. It waits for no CPU: those may be taken by the tasks of other batches for hours, and this batch's
        end waits for it."""
        options = {"name": self._names.bounded("merge", batch_id), "num_cpus": 0, "max_retries": 1}
        try:
            merged = await ray.remote(_merge).options(**options).remote(self._home, batch_id, stems, new_stem)
        except RayTaskError as error:
            if isinstance(error.cause, TlrayError):
                raise error.cause from None
            raise CannotFinish(f"parts of batch {batch_id} cannot be merged: {error.cause!r}"[:300]) from None
        except RayError as error:
            raise InterruptedError(str(error)) from None
        note = merged.part
        row = PartRow(
            new_stem, batch_id, note.n_sets, note.n_tracks, note.n_bytes,
            has_rows=note.n_sets > 0, has_pages=bool(merged.warc_offsets),
        )  # fmt: skip
        return row, {stem: merged.warc_offsets.get(stem, 0) for stem in stems}

    async def finish(
        self, batch_id: str, named: Callable[[], Awaitable[Sequence[str]]], *, life: int
    ) -> None:
        """Publish the parts of a batch that ends, in a store that does so late; a slow one holds up this batch only."""
        if self._store.publishes_late:
            files = await asyncio.to_thread(self._store.list, batch_id)
            stems = await named()
            await asyncio.to_thread(settle, self._store, batch_id, files, stems, life=life, now=time.time())

    async def is_usable(self) -> bool:
        """Try the storage of the home."""
        try:
            await asyncio.to_thread(check_storage, self._home)
        except TlrayError:
            return False
        return True

    async def has_note(self, lease_id: str) -> bool:
        """Look for a task's note."""
        return await asyncio.to_thread(has_note, self._home, lease_id)

    async def take_note(self, lease_id: str) -> CrashSuspect:
        """Read and remove a dead task's note. With a storage, a task may have run where its note cannot be read."""
        if self._home.has_objects and not await self.has_note(lease_id):
            return ANY_ITEM
        return await asyncio.to_thread(take_note, self._home, lease_id)


def _merge(home: Home, batch_id: str, stems: tuple[str, ...], new_stem: str) -> Any:
    """Stage one part made of others; this is the Ray task."""
    from tlray.io.results.compaction import merge  # noqa: PLC0415 - pyarrow is loaded in the task only, not in the coordinator

    with set_up():
        return merge(open_store(home), batch_id, stems, new_stem)


def ray_ports(
    home: Home, terms: ScrapeConfig, coordinator: Any, node_id: str, *, journal: SecretStr | None = None
) -> CoordinatorPorts:
    """Return the ports of a coordinator actor; ``coordinator`` is its own handle."""
    return CoordinatorPorts(
        clock=SystemClock(),
        rng=random.Random(),  # noqa: S311 - jitter, no secret
        writer=JournalThread(),
        reader=ReadingThreads(home, journal),
        tasks=RayTasks(terms, coordinator, node_id),
        limiter=lambda number: RayLimiter(number, terms.identity, node_id),
        parts=HomeParts(home),
        meters=Metrics(terms.identity),
        die=lambda: os._exit(1),
    )


__all__ = ["HomeParts", "JournalThread", "RayLimiter", "RayTask", "RayTasks", "ray_ports"]
