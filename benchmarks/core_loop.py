"""The pure core at full throttle: submit → lease → report in one process, each part timed by itself.

No Ray, no journal, no network. Tasks that answer at once stand for the tasks, a range of numbers for the
journal; what they cost is not timed, what the core does for them is. Times are CPU seconds of this process, so
another program on the machine does not show.

``python -m benchmarks.core_loop 10000000 100000`` runs ten million items of a hundred thousand domains, some ten
minutes, and says what an item cost and how large the process became.
"""

from __future__ import annotations

import random
import resource
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import process_time

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.decide import decide, give_back
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import LeasedItem, Report, Work

N_TASKS = 4
IN_HAND = 256
"""Items that a task has in hand, and reports at once."""
STEP_S = 0.5
"""Virtual seconds between two rounds of reports."""


@dataclass(slots=True)
class Spent:
    """CPU seconds of one run, by part."""

    n_items: int
    parts: Counter[str] = field(default_factory=Counter)

    @property
    def items_per_s(self) -> float:
        """Items a second through all parts."""
        return self.n_items / sum(self.parts.values())

    def us_per_item(self, part: str) -> float:
        """Return what a part takes for an item, in microseconds."""
        return 1e6 * self.parts[part] / self.n_items


class CoreLoop:
    """One batch over many domains, worked off by tasks that answer at once."""

    def __init__(
        self, n_items: int, n_domains: int, *, rate: float | None = None, fails_once: bool = False
    ) -> None:
        """``rate`` is each domain's, in fetches a second; None is no ceiling. ``fails_once``: each item's first
        attempt fails, so that all of them wait at once."""
        self.spent = Spent(n_items)
        self._rate, self._fails_once = rate, fails_once
        self._per_domain = n_items // n_domains
        # addresses of the user's own have no ceiling of ours
        self._names = [f"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}" for i in range(n_domains)]
        self._first = {name: 1 + i * self._per_domain for i, name in enumerate(self._names)}
        self._rng = random.Random(1)  # noqa: S311 - jitter, not a secret
        self._now = 1_000.0
        self._engine = Engine()
        self._book = self._open()
        self._tasks: dict[str, tuple[int, Work]] = {}
        self._n_leases = 0

    def run(self) -> Spent:
        """Work the batch off; `InvariantBroken` where the books do not balance at its end."""
        while self._book.n_open:
            self._now += STEP_S
            self._tick()
            self._start_tasks()
            for lease_id, (number, work) in list(self._tasks.items()):
                if more := self._report(lease_id, number, work):
                    self._tasks[lease_id] = number + 1, more
                else:
                    self._end(lease_id)
        self._engine.check_invariants()
        if self._book.counts[ItemState.SUCCEEDED] != self.spent.n_items:
            raise SystemExit(f"not all of {self.spent.n_items} items: {self._book.counts}")
        return self.spent

    def _open(self) -> Batch:
        politeness = (
            PolitenessOptions()
            if self._rate is None
            else PolitenessOptions(dict.fromkeys(self._names, (self._rate, 1.0)))
        )
        begun = process_time()
        lanes = dict.fromkeys(self._names, self._per_domain)
        counts = {ItemState.QUEUED: self.spent.n_items}
        book = Batch(
            1, "b1", "", Priority.NORMAL, BatchState.RUNNING, counts, politeness, open_by_domain=dict(lanes)
        )
        self._engine.open(book, lanes, now=self._now)
        self.spent.parts["submit"] += process_time() - begun
        return book

    def _load(self) -> None:
        """Give the frontier what it wants of the journal, and make its items as the journal does."""
        begun = process_time()
        window = self._engine.frontier.window
        for lane in self._engine.frontier.wanting():
            first = self._first[lane.domain]
            end, begin = first + self._per_domain, max(first, lane.cursor + 1)
            ids = range(begin, min(end, begin + window))
            items = [FrontierItem(i, 1, lane.domain, f"http://{lane.domain}/{i}", f"f{i}") for i in ids]
            last_id = ids[-1] if ids else lane.cursor
            self._engine.loaded(lane, items, last_id=last_id, is_last=last_id == end - 1)
        self.spent.parts["submit"] += process_time() - begun

    def _tick(self) -> None:
        begun = process_time()
        self._engine.tick(self._now)
        self.spent.parts["lease"] += process_time() - begun
        self._load()

    def _start_tasks(self) -> None:
        while len(self._tasks) < N_TASKS:
            self._n_leases += 1
            if not (work := self._grant(f"L{self._n_leases}")):
                return
            self._tasks[f"L{self._n_leases}"] = 1, work

    def _grant(self, lease_id: str) -> Work:
        begun = process_time()
        work = self._engine.grant(lease_id, IN_HAND, now=self._now, n_leases=N_TASKS)
        self.spent.parts["lease"] += process_time() - begun
        return work

    def _report(self, lease_id: str, number: int, work: Work) -> Work:
        robots = tuple(RobotsAnswer(fetch_task.of, "") for fetch_task in work.robots)
        report = Report(lease_id, number, tuple(self._outcomes(work.items)), (), robots)
        begun = process_time()
        self._engine.renew(lease_id, now=self._now)
        self._engine.apply(decide(self._engine, report, now=self._now, rng=self._rng), now=self._now)
        self._engine.apply_robots(report, now=self._now)
        self.spent.parts["report"] += process_time() - begun
        self._load()
        return self._grant(lease_id)

    def _outcomes(self, items: Iterable[LeasedItem]) -> Iterable[Outcome]:
        for item in items:
            if self._fails_once and item.attempt == 1:
                yield Outcome(item.item_id, OutcomeKind.BAD_HTTP, latency_s=0.2)
            else:
                yield Outcome(item.item_id, OutcomeKind.FETCHED, n_sets=1, n_tracks=30, latency_s=0.2)

    def _end(self, lease_id: str) -> None:
        begun = process_time()
        self._engine.apply(give_back(self._engine, lease_id), now=self._now)
        self._engine.end(lease_id)
        self.spent.parts["report"] += process_time() - begun
        del self._tasks[lease_id]


def main() -> None:
    """Run one batch of so many items and domains."""
    n_items, n_domains = int(sys.argv[1]), int(sys.argv[2])
    loop = CoreLoop(n_items, n_domains)
    opened_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    spent = loop.run()
    parts = ", ".join(f"{part} {spent.us_per_item(part):.1f}" for part in spent.parts)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    print(f"{n_items:,} items of {n_domains:,} domains: {spent.items_per_s:,.0f}/s; µs an item: {parts}")
    print(f"memory: {opened_mb:,.0f} MB when it was open, {peak_mb:,.0f} MB at the peak")


if __name__ == "__main__":
    main()
