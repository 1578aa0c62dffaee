"""The pure core alone, at full throttle: no gates, no waits; submit → lease → report over many domains.

Virtual time stands for what the domains may do; a journal that is an array stands for SQLite.
"""

from __future__ import annotations

import random
import resource
import time
from collections import Counter
from dataclasses import dataclass

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.retry_policy import RetryPolicy
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import Changeset
from tlray.core.scheduling.decide import decide, decide_lost, give_back
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Report, Work

N_TASKS = 8
WINDOW = 512


@dataclass(frozen=True, slots=True)
class Run:
    """What a run came to."""

    n_items: int
    n_domains: int
    counts: dict[ItemState, int]
    n_leases_lost: int
    n_steps: int
    n_checks: int
    virtual_s: float
    real_s: float
    peak_mb: float

    @property
    def items_per_s(self) -> float:
        return self.n_items / self.real_s


class Crowd:
    """One batch over many domains, worked off by tasks that answer at once and sometimes die."""

    def __init__(
        self, n_items: int, n_domains: int, *, faults: float, seed: int = 1, rate: float = 20.0
    ) -> None:
        self.n_items, self.n_domains, self.faults = n_items, n_domains, faults
        self.rng = random.Random(seed)
        self.engine = Engine(lease_s=30.0)
        self.names = [f"d{i}.test" for i in range(n_domains)]
        self.per_domain = n_items // n_domains
        self.open_ids: Counter[int] = Counter()
        self.now = 1_000.0
        self.n_lost = self.n_steps = self.n_checks = self.n_leases = 0
        self.final = bytearray(n_items + 1)
        """Item → whether it is final; what the journal would refuse twice."""
        lanes = dict.fromkeys(self.names, self.per_domain)
        politeness = PolitenessOptions(rates=dict.fromkeys(self.names, (rate, 1.0)))
        self.book = Batch(
            1, "b1", "", Priority.NORMAL, BatchState.RUNNING, {ItemState.QUEUED: n_items}, politeness,
            RetryPolicy(max_attempts=3), open_by_domain=dict(lanes),
        )  # fmt: skip
        self.engine.open(self.book, lanes, now=self.now)

    def load(self) -> None:
        for lane in self.engine.frontier.wanting():
            first = 1 + int(lane.domain[1:-5]) * self.per_domain
            begin = max(first, lane.cursor + 1)
            end = min(first + self.per_domain, begin + self.engine.frontier.window)
            items = [
                FrontierItem(i, 1, lane.domain, f"http://{lane.domain}/{i}", str(i))
                for i in range(begin, end)
            ]
            self.engine.loaded(lane, items, last_id=end - 1, is_last=end == first + self.per_domain)

    def outcome(self, item_id: int) -> Outcome:
        dice = self.rng.random()
        if dice >= self.faults:
            return Outcome(item_id, OutcomeKind.FETCHED, n_sets=1, n_tracks=30, latency_s=0.2)
        kinds = (OutcomeKind.TIMEOUT, OutcomeKind.UNAVAILABLE, OutcomeKind.GONE, OutcomeKind.THROTTLED)
        return Outcome(item_id, kinds[int(dice / self.faults * 4)], latency_s=1.0)

    def take_in(self, changeset: Changeset) -> None:
        for change in changeset.changes:
            if change.after.is_final:
                assert not self.final[change.item.id], "final twice"
                self.final[change.item.id] = 1
        self.engine.apply(changeset, now=self.now)

    def work(self, lease_id: str, number: int, work: Work) -> Work | None:
        """Let a task report all that it was given; None when it has died."""
        if self.rng.random() < self.faults / 20:
            self.n_lost += 1
            self.take_in(decide_lost(self.engine, lease_id, "worker died"))
            self.engine.end(lease_id)
            return None
        robots = tuple(RobotsAnswer(fetch_task.of, "") for fetch_task in work.robots)
        report = Report(lease_id, number, tuple(self.outcome(i.item_id) for i in work.items), (), robots)
        self.take_in(decide(self.engine, report, now=self.now, rng=self.rng))
        self.engine.apply_robots(report, now=self.now)
        self.load()
        return self.engine.grant(lease_id, WINDOW, now=self.now, n_leases=N_TASKS)

    def run(self, *, checks_every: int = 1_000) -> Run:
        begun = time.perf_counter()
        tasks: dict[str, tuple[int, Work]] = {}
        while self.book.n_open:
            self.now += 0.5
            self.engine.tick(self.now)
            self.load()
            while len(tasks) < N_TASKS:
                self.n_leases += 1
                work = self.engine.grant(f"L{self.n_leases}", WINDOW, now=self.now, n_leases=N_TASKS)
                if not work:
                    break
                tasks[f"L{self.n_leases}"] = 1, work
            for lease_id, (number, work) in list(tasks.items()):
                more = self.work(lease_id, number, work)
                self.step(checks_every)
                if more:
                    tasks[lease_id] = number + 1, more
                    continue
                del tasks[lease_id]
                if more is not None:
                    self.take_in(give_back(self.engine, lease_id))
                    self.engine.end(lease_id)
        self.engine.check_invariants()
        assert self.final.count(1) == self.n_items
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        counts = {state: n for state, n in self.book.counts.items() if n}
        real_s = time.perf_counter() - begun
        return Run(
            self.n_items, self.n_domains, counts, self.n_lost, self.n_steps, self.n_checks,
            self.now - 1_000, real_s, peak_mb,
        )  # fmt: skip

    def step(self, checks_every: int) -> None:
        self.n_steps += 1
        assert self.book.total == self.n_items
        assert sum(len(lease.items) for lease in self.engine.leases.values()) == self.book.counts.get(
            ItemState.LEASED, 0
        )
        if self.n_steps % checks_every == 0:
            self.n_checks += 1
            self.engine.check_invariants()
