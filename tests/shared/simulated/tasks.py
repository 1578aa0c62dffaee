"""Processes of scrape tasks: they wait for a CPU, run the real scrape task, hang, are killed, and leave a note."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tlray.cluster.ports.coordinator import EndKind, TaskEnd
from tlray.cluster.ports.task import TaskPorts
from tlray.cluster.workers.scrape import ScrapeTask
from tlray.core.politeness.limiter_gate import PermitGrant, PermitRequest
from tlray.core.scheduling.autoscaling import NodeLoad
from tlray.core.scheduling.crash_suspect import ANY_ITEM, NO_ITEM, CrashSuspect
from tlray.core.scheduling.lease import Answer, Report, Stops
from tlray.errors import TlrayError

from .lives import Life
from .network import SimulatedNetwork
from .parts import SimulatedFiles

if TYPE_CHECKING:
    from .world import World


class SimulatedNote:
    """The port `Note`: what is in it stays when the process dies."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self.reading: CrashSuspect | None = None
        self.begun_items: set[int] = set()
        self.n_at_files = 0

    def suspect(self) -> CrashSuspect:
        """Return whom it names, as `tlray.io.worker.crash_note.take_note` does."""
        if self.reading is not None:
            return self.reading
        return ANY_ITEM if self.n_at_files else CrashSuspect(begun=frozenset(self.begun_items))

    @contextlib.contextmanager
    def begun(self, item_id: int) -> Iterator[None]:
        self.begun_items.add(item_id)
        yield
        if not self._life.is_dead:
            self.begun_items.discard(item_id)

    @contextlib.contextmanager
    def at_files(self) -> Iterator[None]:
        self.n_at_files += 1
        yield
        if not self._life.is_dead:
            self.n_at_files -= 1

    @contextlib.contextmanager
    def reading_item(self, item_id: int) -> Iterator[None]:
        self.reading = CrashSuspect(item_id=item_id)
        yield
        if not self._life.is_dead:
            self.reading = None

    @contextlib.contextmanager
    def reading_robots(self, domain: str) -> Iterator[None]:
        self.reading = CrashSuspect(robots_of=domain)
        yield
        if not self._life.is_dead:
            self.reading = None


class _Gauge:
    def __init__(self, node: str) -> None:
        self.node = node

    def read(self, now: float) -> NodeLoad | None:
        return None


class _Limiter:
    """The port `LimiterAsk`."""

    def __init__(self, world: World, life: Life) -> None:
        self._world, self._life = world, life

    async def ask(self, holder: str, asks: list[PermitRequest]) -> tuple[list[PermitGrant], Stops]:
        if self._world.rng.random() < self._world.chances.failed_ask:
            raise ConnectionError("the limiter does not answer")
        grants, stops = await self._world.limiter.call(
            lambda limiter: limiter.ask(holder, asks), caller=self._life
        )
        self._world.processes[holder].hear(stops)
        return grants, stops


class _Coordinator:
    """The port `CoordinatorClient`."""

    def __init__(self, world: World, life: Life) -> None:
        self._world, self._life = world, life

    async def report(self, report: Report) -> Answer:
        world = self._world
        answer = await world.coordinator.call(lambda c: c.report(report), caller=self._life)
        world.processes[report.lease_id].hear(answer.stops)
        came = ", ".join(f"{o.item_id} {o.kind}" for o in report.outcomes)
        gets = [item.item_id for item in answer.work.items]
        world.tell(
            f"{report.lease_id} reports [{came}], gets {gets}{'' if answer.accepted else ', is over'},"
            f" stops {sorted(answer.stops.paused)}"
        )
        return answer

    async def register(self, domains: list[str]) -> None:
        await self._world.coordinator.call(lambda c: c.register(domains), caller=self._life)


class Process:
    """One scrape task's process, from its start to its end; it is the port `StartedTask` for whoever started it."""

    def __init__(self, world: World, owner: Life, lease_id: str, *, waits_s: float) -> None:
        self.world, self.owner, self.lease_id = world, owner, lease_id
        self.life = Life(world.loop, lease_id)
        self.note = SimulatedNote(self.life)
        self.node = f"node of {lease_id}"
        """Each process has a node of its own."""
        self.has_begun = False
        self.heard_stops: dict[str, float] = {}
        """Batch → when the task heard last that it is stopped."""
        self.task: ScrapeTask | None = None
        self._end: asyncio.Future[TaskEnd] = world.loop.create_future()
        self._network: SimulatedNetwork | None = None
        self.life.spawn(self._run(waits_s))

    def hear(self, stops: Stops) -> None:
        """Take in that the task knows of stops from now on."""
        for batch_id in (*stops.paused, *stops.cancelled):
            self.heard_stops[batch_id] = self.world.loop.now

    @property
    def is_over(self) -> bool:
        return self._end.done() or self.life.is_dead

    async def _run(self, waits_s: float) -> None:
        await asyncio.sleep(waits_s)
        self.has_begun = True
        world = self.world
        limiter = _Limiter(world, self.life)
        ports = TaskPorts(
            world.loop, _Coordinator(world, self.life), {0: limiter}, self._open,
            SimulatedFiles(self.life, world.delays, world.disk), self.note, _Gauge(self.node),
            lambda: world.loop.now * world.cpu_share,
        )  # fmt: skip
        self.task = ScrapeTask(self.lease_id, world.terms, ports)
        try:
            await self.task.run()
        except TlrayError as error:
            end = TaskEnd(EndKind.FAILED, f"task failed: {error!r}"[:200], error)
        except Exception as error:  # noqa: BLE001 - as Ray does
            end = TaskEnd(EndKind.FAILED, f"task failed: {error!r}"[:200])
            world.failures.append(error)
        else:
            end = TaskEnd(EndKind.DONE)
        self._over(end, 0.0)

    def _open(self, on_sent: Any) -> SimulatedNetwork:
        self._network = SimulatedNetwork(self.world, self.lease_id, self.life, on_sent)
        return self._network

    def _over(self, end: TaskEnd, heard_s: float) -> None:
        self.world.loop.call_later(heard_s, self._tell, end)

    def _tell(self, end: TaskEnd) -> None:
        if not self._end.done():
            self._end.set_result(end)

    def die(self, kind: EndKind = EndKind.WORKER_DIED, *, heard_s: float | None = 0.3) -> None:
        """Kill the process; its owner hears of it after a while, or (None) never."""
        if not self.life.is_dead:
            self.life.kill()
            if self._network is not None:
                self._network.break_off()
            if heard_s is not None:
                self._over(TaskEnd(kind, "worker died"), heard_s)

    # -- the port ----------------------------------------------------------------------------------

    async def ended(self) -> TaskEnd:
        end = await asyncio.shield(self._end)
        await self.owner.reach()
        return end

    def cancel(self, *, force: bool = False) -> None:
        self.die(EndKind.CANCELLED, heard_s=0.05)
        if self.life.is_dead:
            self._over(TaskEnd(EndKind.CANCELLED, "cancelled"), 0.05)


class SimulatedTasks:
    """The port `TaskStarter` of one life of the coordinator."""

    def __init__(self, world: World, owner: Life) -> None:
        self._world, self._owner = world, owner

    def start(self, lease_id: str, name: str) -> Process:
        return self._world.start_task(self._owner, lease_id)

    def n_nodes(self) -> int:
        return 1

    def is_full(self) -> bool:
        return True

    async def is_lost(self, node: str, *, within_s: float = 0.0) -> bool:
        await asyncio.sleep(within_s)
        await self._owner.reach()
        return node in self._world.lost_nodes

    def address(self, node: str) -> str:
        return f"address of {node}"


def note_of(world: World, lease_id: str) -> CrashSuspect:
    """Return whom a dead task's note names, and take it away."""
    process = world.processes.pop(lease_id, None)
    return process.note.suspect() if process is not None and process.has_begun else NO_ITEM
