"""What does the coordinator do? That of ``tlray/cluster`` without Ray: it asks the engine and does what it says."""

from __future__ import annotations

import random

from tlray.core.books import BatchBook
from tlray.core.engine import Engine
from tlray.core.judge import give_back, judge, judge_lost
from tlray.core.lease import Answer, Report, Stops, Work
from tlray.core.lifecycle import BatchEvent, BatchState, advance_batch
from tlray.core.verdict import LaneDeath, Verdict
from tlray.core.workforce import Workforce

from .clock import Loop, Steps
from .journal import FakeJournal
from .limiter import FakeLimiter
from .task import Task
from .writer import Writer

LONGEST_SLEEP_S = 600.0


class Coordinator:
    """The engine, what it is told and what it has started."""

    def __init__(self, loop: Loop, rng: random.Random, *, write_s: float, max_workers: int) -> None:
        self.loop, self.rng, self.max_workers = loop, rng, max_workers
        self.engine = Engine(lease_s=30.0)
        self.journal = FakeJournal()
        self.writer = Writer(loop, rng, write_s)
        self.limiter = FakeLimiter()
        self.workforce = Workforce(min_workers=1, max_workers=max_workers)
        self.workforce.cpu_s_per_page = 0.05
        self.most_tasks = 0
        self.tasks: dict[str, Task] = {}
        self.books: dict[int, BatchBook] = {}
        self.stopped_at: dict[str, float] = {}
        """Batch → since when nothing of it may begin."""
        self.finished: dict[int, int] = {}
        """Batch → how often it has been finished."""
        self._known: set[str] = set()
        self._forgot = False
        self._n_leases = 0

    # -- control

    def control(self, book: BatchBook, event: BatchEvent) -> None:
        """Pause, resume or cancel, if the batch's state knows that."""
        if book.id in self.engine.books and not self.finished_now(book):
            self.loop.spawn(self._control(book, event))

    def finished_now(self, book: BatchBook) -> bool:
        return book.state.is_final

    def _control(self, book: BatchBook, event: BatchEvent) -> Steps:
        yield self.writer.write(lambda: None)
        allowed = {
            BatchEvent.PAUSE: (BatchState.RUNNING,),
            BatchEvent.RESUME: (BatchState.PAUSED,),
            BatchEvent.CANCEL: (BatchState.RUNNING, BatchState.PAUSED),
        }
        if book.state not in allowed[event]:
            return
        book.state = advance_batch(book.state, event)
        self.engine.pause(book.id, is_paused=book.state is not BatchState.RUNNING)
        self.limiter.stops = self.stops()
        if event is BatchEvent.RESUME:
            self.stopped_at.pop(book.batch_id, None)
        else:
            self.stopped_at.setdefault(book.batch_id, self.loop.now)
        if event is BatchEvent.CANCEL:
            yield self.writer.write(lambda: self.journal.cancel_open(book.id))
            if self.engine.cancel_open(book.id, now=self.loop.now):
                self._finish(book)

    def retry(self, book: BatchBook) -> None:
        """A person retries all dead letters of a running batch."""
        if book.state is BatchState.RUNNING:
            self.loop.spawn(self._retry(book))

    def _retry(self, book: BatchBook) -> Steps:
        revived = yield self.writer.write(lambda: self.journal.revive(book.id))
        if revived:
            if book.id not in self.engine.books:
                book.state = advance_batch(book.state, BatchEvent.RETRY)
                self.engine.open(book, {}, now=self.loop.now)
            self.engine.revive(book.id, revived, now=self.loop.now)

    def stops(self) -> Stops:
        return Stops(
            frozenset(b.batch_id for b in self.books.values() if b.state is BatchState.PAUSED),
            frozenset(b.batch_id for b in self.books.values() if b.state is BatchState.CANCELLING),
        )

    def _finish(self, book: BatchBook) -> None:
        if book.id in self.engine.books and not book.n_open:
            book.state = advance_batch(book.state, BatchEvent.EMPTY)
            self.finished[book.id] = self.finished.get(book.id, 0) + 1
            self.engine.close(book.id)

    # -- the loop

    def coordinating(self) -> Steps:
        while True:
            now = self.loop.now
            self.engine.tick(now)
            for lane in self.engine.frontier.wanting():
                args = (lane.batch, lane.domain, lane.cursor, 16)
                items = yield self.writer.write(lambda args=args: self.journal.load_lane(*args))
                last_id = items[-1].id if items else lane.cursor
                self.engine.loaded(lane, items, last_id=last_id, is_last=len(items) < 16)
            for death in self.engine.patience.deaths(self.loop.now):
                yield from self._kill_lane(death)
            for lease_id in self.engine.expired(self.loop.now):
                if lease_id in self.tasks:
                    self.tasks[lease_id].die()
                yield from self._end(lease_id, "not heard of")
            yield from self._start_tasks()
            next_at = self.engine.next_event()
            in_s = 1.0 if next_at is None else max(0.01, next_at - self.loop.now)
            is_busy = self.tasks or self.engine.demand(self.loop.now).n_ready
            yield min(in_s, 0.25 if is_busy else LONGEST_SLEEP_S)

    def _start_tasks(self) -> Steps:
        while True:
            going_on = [
                i for i in self.tasks if i not in self.engine.leases or not self.engine.leases[i].is_ending
            ]
            demand = self.engine.demand(self.loop.now)
            change = self.workforce.change(demand, n_tasks=len(going_on), now=self.loop.now)
            if change < 0:
                lease = self.engine.leases.get(self.workforce.to_end(going_on))
                if lease is not None:
                    lease.is_ending = True
            if change <= 0 or len(self.tasks) >= self.max_workers:
                return
            self.most_tasks = max(self.most_tasks, len(self.tasks) + 1)
            wanted = len(going_on) + change
            self._n_leases += 1
            lease_id = f"L{self._n_leases}"
            work = self.engine.grant(lease_id, 32, now=self.loop.now, n_leases=wanted)
            if not work:
                return
            yield from self._hand_out(work)
            self.tasks[lease_id] = Task(self, lease_id, work)

    def _n_sharing(self) -> int:
        may_start = len(self.tasks) < self.max_workers
        return max(1, len(self.tasks), self.workforce.n_wanted if may_start else 0)

    def _hand_out(self, work: Work) -> Steps:
        if work.items:
            yield self.writer.write(lambda: self.journal.mark_leased([item.item_id for item in work.items]))
        self.make_known({t.domain for t in work.domains} | {e.domain for e in work.robots})

    def make_known(self, names: set[str]) -> None:
        now = self.loop.now
        for name in sorted(names - self._known):
            state = self.engine.domains[name]
            cool_s = max(0.0, state.cool_until - now)
            self.limiter.make_known(name, state.effective, starts_empty=self._forgot, cool_s=cool_s, now=now)
        self._known |= names

    def remind(self, name: str) -> None:
        self._forgot = True
        self._known.discard(name)
        self.make_known({name})

    def restart_limiter(self) -> None:
        """Kill the limiter: it knows nothing any more but what it is told again."""
        stops, self.limiter = self.limiter.stops, FakeLimiter()
        self.limiter.stops = stops

    def report(self, report: Report) -> Steps:
        lease = self.engine.renew(report.lease_id, now=self.loop.now)
        if lease is None or lease.is_committing:
            return Answer(accepted=False)
        if report.number <= lease.last_number:
            return lease.last_answer or Answer(accepted=False)
        lease.is_committing = True
        verdict = judge(self.engine, report, now=self.loop.now, rng=self.rng)
        yield from self._commit(verdict)
        deaths = self.engine.learn_robots(report, now=self.loop.now)
        for death in deaths:
            yield from self._kill_lane(death)
        news = {cool.domain for cool in verdict.cool_downs} | {answer.domain for answer in report.robots}
        self._known -= news
        self.make_known(news)
        work = self.engine.grant(
            report.lease_id, report.n_wanted, now=self.loop.now, n_leases=self._n_sharing()
        )
        if work:
            yield from self._hand_out(work)
        lease.last_number, lease.is_committing = report.number, False
        lease.last_answer = Answer(accepted=True, work=work, stops=self.stops())
        return lease.last_answer

    def _kill_lane(self, death: LaneDeath) -> Steps:
        n_queued, n_waiting = yield self.writer.write(lambda: self.journal.kill_lane(death))
        book = self.books[death.batch]
        if self.engine.kill_lane(death, now=self.loop.now, n_queued=n_queued, n_waiting=n_waiting):
            self._finish(book)

    def _commit(self, verdict: Verdict) -> Steps:
        yield self.writer.write(lambda: self.journal.commit(verdict))
        for batch in self.engine.apply(verdict, now=self.loop.now):
            self._finish(self.books[batch])
        for death in self.engine.patience.parked(verdict, now=self.loop.now):
            yield from self._kill_lane(death)
        changed = self.engine.treatment.changed(now=self.loop.now) & self._known
        self._known -= changed
        self.make_known(changed)

    def task_ended(self, task: Task) -> None:
        self.loop.spawn(self._end(task.lease_id, None))

    def kill(self, task: Task, *, heard_s: float = 0.3) -> None:
        """Kill a task's worker; the coordinator hears of it a little later."""
        if not task.is_gone:
            task.die()
            self.loop.after(heard_s, lambda: self.loop.spawn(self._end(task.lease_id, "worker died")))

    def hang(self, task: Task) -> None:
        """Let a task hang: only the end of its lease tells."""
        task.die()

    def _end(self, lease_id: str, why: str | None) -> Steps:
        while (lease := self.engine.leases.get(lease_id)) is not None and lease.is_committing:
            yield 0.01
        if lease is not None:
            lease.is_committing = True
            verdict = (
                give_back(self.engine, lease_id) if why is None else judge_lost(self.engine, lease_id, why)
            )
            yield from self._commit(verdict)
            self.engine.end(lease_id)
        self.tasks.pop(lease_id, None)
        for gate in self.limiter.gates.values():
            gate.forget(lease_id)
