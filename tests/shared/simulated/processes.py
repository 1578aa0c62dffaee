"""Processes of a world: they are started, killed, and brought back as Ray brings them back."""

from __future__ import annotations

from typing import Any

from tlray.cluster.handlers.coordinator import Coordinator
from tlray.cluster.ports.coordinator import CoordinatorPorts, EndKind
from tlray.cluster.workers.limiter import Limiter

from .journal import SimulatedReader, SimulatedWriter, open_journal
from .lives import Life
from .parts import SimulatedParts
from .stage import Stage
from .tasks import Process, SimulatedTasks, note_of

RESTART_S = (0.8, 2.0)
"""How long Ray takes to bring an actor back."""
COMMAND_S = (3.0, 20.0)
"""How long somebody takes to start a new coordinator where everything was killed."""
TASK_STARTS_S = 0.15


class Processes(Stage):
    """One coordinator at a time, its limiter, and its scrape tasks."""

    def _start_limiter(self) -> None:
        life = Life(self.loop, "limiter")
        self.tell("the limiter is up")
        self.limiter.is_up(life, Limiter(self.loop))
        self.limiter_up_at = self.loop.now

    def _start_coordinator(self, *, is_restart: bool) -> None:
        life = Life(self.loop, "coordinator")
        self.tell("the coordinator is up")
        if self._journal is not None:
            self._journal.close()
        journal = self._journal = open_journal(self.home.journal, self.loop)
        self.writer = SimulatedWriter(life, self.delays)
        ports = CoordinatorPorts(
            clock=self.loop,
            rng=self.rng,
            writer=self.writer,
            reader=SimulatedReader(life, self.delays, journal),
            tasks=SimulatedTasks(self, life),
            limiter=lambda _: _LimiterClient(self, life),
            parts=SimulatedParts(
                life, self.delays, self.disk, lambda lease_id: note_of(self, lease_id), self.has_note
            ),
            meters=_Meters(self),
            die=self.kill_coordinator,
        )
        instance = Coordinator(self.settings, self.home, journal, ports, is_restart=is_restart)
        if self.cpu_s_per_page is not None:
            instance._leasing._autoscaler.cpu_s_per_page = self.cpu_s_per_page
        self.coordinator.is_up(life, instance)
        life.spawn(instance.run())

    def start_task(self, owner: Life, lease_id: str) -> Process:
        """Start a scrape task's process."""
        waits_s = self.n_tasks_waiting_s * self.rng.random() + TASK_STARTS_S * self.rng.random()
        process = self.processes[lease_id] = Process(self, owner, lease_id, waits_s=waits_s)
        self.most_tasks = max(self.most_tasks, len(self.tasks))
        return process

    @property
    def tasks(self) -> dict[str, Process]:
        """Scrape tasks whose process lives."""
        return {lease_id: p for lease_id, p in self.processes.items() if not p.is_over}

    def has_note(self, lease_id: str) -> bool:
        """True if a task's process has begun and not ended in order."""
        return lease_id in self.processes and self.processes[lease_id].has_begun

    def kill_task(self, lease_id: str, *, heard_s: float | None = 0.3) -> None:
        """Kill a scrape task's worker."""
        if lease_id in self.processes:
            self.processes[lease_id].die(heard_s=heard_s)

    def hang(self, process: Process) -> None:
        """Let a task hang: only the end of its lease tells."""
        process.die(heard_s=None)

    def lose_node(
        self, process: Process, kind: EndKind = EndKind.NODE_DIED, *, heard_s: float | None = 0.3
    ) -> None:
        """Lose the node of a task; ``kind`` is what Ray says became of the task, if it says anything."""
        self.lost_nodes.add(process.node)
        process.die(kind, heard_s=heard_s)

    def kill_limiter(self) -> None:
        """Kill the limiter; Ray brings it back."""
        if self.limiter.life is not None:
            self.limiter.kill()
            back_s = self.rng.uniform(*RESTART_S)
            self.limiter_up_at = self.loop.now + back_s
            self.loop.call_later(back_s, self._start_limiter)

    restart_limiter = kill_limiter

    def kill_coordinator(self) -> None:
        """Kill the coordinator, and with it, soon, its tasks; Ray brings it back."""
        if self.coordinator.life is not None:
            owner = self.coordinator.life
            self.coordinator.kill()
            self.may_halt = self.has_bug = False
            for process in self.tasks.values():
                if process.owner is owner:
                    self.loop.call_later(0.5 * self.rng.random(), self.kill_task, process.lease_id)
            back_s = self.rng.uniform(*RESTART_S)
            self.loop.call_later(back_s, lambda: self._start_coordinator(is_restart=True))

    def kill_everything(self) -> None:
        """Kill every process at once, as a power cut does; somebody starts a coordinator anew, which Ray knows nothing of."""
        if self.coordinator.life is not None and self.limiter.life is not None:
            self.coordinator.kill()
            self.limiter.kill()
            self.may_halt = self.has_bug = False
            for lease_id in list(self.tasks):
                self.kill_task(lease_id, heard_s=None)
            back_s = self.rng.uniform(*COMMAND_S)
            self.limiter_up_at = self.loop.now + back_s
            self.loop.call_later(back_s, self._start_limiter)
            self.loop.call_later(back_s, lambda: self._start_coordinator(is_restart=False))

    def fill_disk(self) -> None:
        """Let the journal's next action find the disk full."""
        if self.coordinator.life is not None:
            self.writer.fails_next, self.may_halt = True, True

    def break_code(self) -> None:
        """Let code of the coordinator's own fail from now on, until its next life."""
        self.has_bug = self.may_halt = True


class _Meters:
    """The port `Meters`."""

    def __init__(self, world: Processes) -> None:
        self._world = world

    def count(self, changeset: Any, *, took_s: float, permit_wait_s: float) -> None:
        if self._world.has_bug:
            raise KeyError("a bug in the coordinator's own code")

    def delivered(self, result: str) -> None: ...

    def show(self, engine: Any, **state: Any) -> None: ...


class _LimiterClient:
    """The port `LimiterClient` of one life of the coordinator."""

    def __init__(self, world: Processes, life: Life) -> None:
        self._world, self._life = world, life

    async def register(self, domains: Any, stops: Any) -> str:
        domains = sorted(domains, key=lambda terms: terms[0])  # they come from a set; a story has one order
        for name, policy, is_empty, rest_s, *_ in domains:
            self._world.tell(
                f"to the limiter: {name} {policy.rate:g}/s, {policy.concurrency} at once, empty={is_empty}, rests {rest_s:g} s"
            )
        return await self._world.limiter.call(
            lambda limiter: limiter.register(domains, stops), caller=self._life
        )

    async def stop_batches(self, stops: Any) -> None:
        await self._world.limiter.call(lambda limiter: limiter.stop_batches(stops), caller=self._life)

    async def forget(self, holder: str) -> None:
        await self._world.limiter.call(lambda limiter: limiter.forget(holder), caller=self._life)

    async def forget_domains(self, names: Any) -> None:
        self._world.tell(f"the limiter is to forget {names}")
        await self._world.limiter.call(lambda limiter: limiter.forget_domains(names), caller=self._life)
