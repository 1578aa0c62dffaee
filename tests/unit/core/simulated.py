"""A world in virtual time: the real engine, judge, gates and pacing over sites and tasks that misbehave.

Everything that decides is the real code. What is simulated is what lies around it: the clock, the journal (in
memory, one writer, every write takes a while), the tasks (they die, hang, lose answers) and the sites. The
coordinator is that of ``tlray/cluster`` without Ray: coroutines are generators, which yield how long they
wait, or a write. After every event the engine's invariants are checked; a begun fetch that breaks a promise
raises.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import random
from collections import Counter, deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from tlray.core.books import BatchBook
from tlray.core.engine import Engine
from tlray.core.frontier import FrontierItem, Priority
from tlray.core.gate import Ask, Gate, Grant
from tlray.core.judge import give_back, judge, judge_lost
from tlray.core.lease import Answer, LeasedItem, Report, RobotsErrand, Stops, Work
from tlray.core.lifecycle import BatchEvent, BatchState, ItemState, advance, advance_batch
from tlray.core.outcome import Outcome, OutcomeKind
from tlray.core.pacing import Errand, Pacing
from tlray.core.policy import DomainPolicy, Manners
from tlray.core.retry import RetryPolicy
from tlray.core.robots import RobotsAnswer
from tlray.core.verdict import LaneDeath, Verdict
from tlray.core.workforce import workers_wanted

Steps = Generator[Any, Any, Any]
LONGEST_SLEEP_S = 600.0
STOP_HEARD_S = 1.5
"""A task hears of a stop with its next answer: by then at the latest."""


# -- time --------------------------------------------------------------------------------------


class Loop:
    """Events in the order of their moments, and coroutines made of generators."""

    def __init__(self, start: float = 1000.0) -> None:
        self.now = start
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def at(self, moment: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(self.now, moment), next(self._numbers), action))

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        self.at(self.now + delay_s, action)

    def spawn(self, steps: Steps, value: Any = None) -> None:
        """Run a generator: it yields seconds to wait, or a function that is given how to go on."""
        try:
            wanted = steps.send(value)
        except StopIteration:
            return
        if callable(wanted):
            wanted(lambda result: self.spawn(steps, result))
        else:
            self.after(wanted, lambda: self.spawn(steps))

    def step(self) -> bool:
        """Let the next event happen; False if there is none."""
        if not self._events:
            return False
        self.now, _, action = heapq.heappop(self._events)
        action()
        return True


# -- the journal ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Row:
    """One item, as the journal has it."""

    id: int
    batch: int
    domain: str
    url: str
    fingerprint: str
    state: ItemState = ItemState.QUEUED
    attempt: int = 1
    n_lost: int = 0
    n_hops: int = 0
    reason: str | None = None
    kinds: list[str] = field(default_factory=list)


class FakeJournal:
    """Items in memory, with the rules of the real one."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.lanes: dict[tuple[int, str], list[int]] = {}
        """Which rows may be of a lane, in order."""
        self.n_succeeded: Counter[tuple[int, str]] = Counter()

    def load_lane(self, batch: int, domain: str, after_id: int, limit: int) -> list[FrontierItem]:
        ids = self.lanes.get((batch, domain), [])
        found: list[FrontierItem] = []
        for i in range(bisect.bisect_right(ids, after_id), len(ids)):
            r = self.rows[ids[i]]
            if r.domain == domain and r.state is ItemState.QUEUED:
                found.append(
                    FrontierItem(r.id, batch, domain, r.url, r.fingerprint, r.attempt, r.n_lost, r.n_hops)
                )
                if len(found) == limit:
                    break
        return found

    def add(self, row: Row) -> None:
        self.rows[row.id] = row
        self.lanes.setdefault((row.batch, row.domain), []).append(row.id)

    def mark_leased(self, ids: list[int]) -> None:
        for i in ids:
            assert not self.rows[i].state.is_final, f"item {i} is leased, but final: {self.rows[i]}"
            self.rows[i].state = ItemState.LEASED

    def commit(self, verdict: Verdict) -> None:
        for change in verdict.changes:
            row = self.rows[change.item.id]
            assert row.state is ItemState.LEASED, f"{change.event} of {row}"
            row.state = advance(row.state, change.event)
            row.attempt, row.n_lost, row.n_hops = change.attempt, change.n_lost, change.n_hops
            if change.domain != row.domain:
                ids = self.lanes.setdefault((row.batch, change.domain), [])
                if row.id not in ids:
                    bisect.insort(ids, row.id)
            row.url, row.domain, row.reason = change.url, change.domain, change.reason
            row.kinds.append(str(change.outcome.kind) if change.outcome else "lost")
            if row.state is ItemState.SUCCEEDED:
                self.n_succeeded[row.batch, row.fingerprint] += 1
                assert self.n_succeeded[row.batch, row.fingerprint] == 1, f"succeeded twice: {row}"

    def kill_lane(self, death: LaneDeath) -> tuple[int, int]:
        counts = Counter()
        for row in self.rows.values():
            is_of_lane = (row.batch, row.domain) == (death.batch, death.domain)
            if is_of_lane and row.state in (ItemState.QUEUED, ItemState.WAITING):
                counts[row.state] += 1
                row.state, row.reason = ItemState.DEAD, death.reason
        return counts[ItemState.QUEUED], counts[ItemState.WAITING]

    def cancel_open(self, batch: int) -> None:
        for row in self.rows.values():
            if row.batch == batch and row.state in (ItemState.QUEUED, ItemState.WAITING):
                row.state = ItemState.CANCELLED

    def revive(self, batch: int) -> dict[str, int]:
        revived: Counter[str] = Counter()
        for row in self.rows.values():
            if row.batch == batch and row.state is ItemState.DEAD:
                row.state, row.attempt, row.n_lost, row.n_hops = ItemState.QUEUED, 1, 0, 0
                revived[row.domain] += 1
        return dict(revived)

    def counts(self, batch: int) -> Counter[ItemState]:
        return Counter(row.state for row in self.rows.values() if row.batch == batch)


# -- sites ---------------------------------------------------------------------------------------


@dataclass
class Site:
    """A domain and its temper: shares of answers, and what its robots.txt is."""

    name: str
    latency_s: float = 0.2
    error: float = 0.0
    """Share of fetches that time out, after 10 s, or fail otherwise."""
    throttle: float = 0.0
    retry_after_s: float | None = None
    block: float = 0.0
    gone: float = 0.0
    hop_to: str | None = None
    hop: float = 0.0
    outage: tuple[float, float] = (0.0, 0.0)
    """From, until: nothing connects, neither pages nor robots.txt."""
    crawl_delay_s: float | None = None
    robots_fails: int = 0
    """So often it answers 503 before it works."""
    robots_at: str | None = None
    """Where a redirect says that it lies."""
    deadly: frozenset[str] = frozenset()
    """Fingerprints of pages that kill the worker which parses them."""
    begins: list[tuple[float, float, float]] = field(default_factory=list)
    """(moment, rate in force, burst in force) of every fetch."""
    n_in_flight: int = 0

    def answer(self, item: LeasedItem, now: float, rng: random.Random) -> tuple[float, Outcome]:
        """Return how long a fetch takes and what comes of it."""
        latency_s = self.latency_s * (0.5 + rng.random())
        if self.outage[0] <= now < self.outage[1]:
            return 0.01, Outcome(item.item_id, OutcomeKind.CONNECT, reason="refused")
        shares = [
            (self.error / 2, OutcomeKind.TIMEOUT, 10.0),
            (self.error / 2, OutcomeKind.UNAVAILABLE, latency_s),
            (self.throttle, OutcomeKind.THROTTLED, latency_s),
            (self.block, OutcomeKind.BLOCKED, latency_s),
            (self.gone, OutcomeKind.GONE, latency_s),
            (self.hop if self.hop_to else 0.0, OutcomeKind.REDIRECTED, latency_s),
        ]
        dice = rng.random()
        for share, kind, took_s in shares:
            if dice < share:
                after_s = self.retry_after_s if kind is OutcomeKind.THROTTLED else None
                to = f"http://{self.hop_to}/{item.item_id}/{rng.randrange(9)}"
                return took_s, Outcome(
                    item.item_id, kind, retry_after_s=after_s, location=to, latency_s=took_s
                )
            dice -= share
        return latency_s, Outcome(
            item.item_id, OutcomeKind.FETCHED, n_sets=1, n_tracks=3, latency_s=latency_s
        )

    def robots(self, errand: RobotsErrand, now: float) -> RobotsAnswer:
        """Return what comes of fetching the robots.txt that lies here."""
        if self.outage[0] <= now < self.outage[1]:
            return RobotsAnswer(errand.of, None, why="connection refused")
        if self.robots_fails:
            self.robots_fails -= 1
            return RobotsAnswer(errand.of, None, why="503")
        if self.robots_at is not None:
            return RobotsAnswer(errand.of, None, location=self.robots_at)
        return RobotsAnswer(errand.of, "", crawl_delay_s=self.crawl_delay_s)


# -- limiter and task ------------------------------------------------------------------------------


class FakeLimiter:
    """`tlray.cluster.limiter.Limiter`, in virtual time; it may be restarted."""

    def __init__(self) -> None:
        self.gates: dict[str, Gate] = {}
        self.stops = Stops()

    def make_known(
        self, name: str, policy: DomainPolicy, *, starts_empty: bool, cool_s: float, now: float
    ) -> None:
        gate = self.gates.get(name)
        if gate is None:
            gate = self.gates[name] = Gate(policy, now=now, starts_empty=starts_empty)
        else:
            gate.set_policy(policy, now=now)
        if cool_s > 0:
            gate.stop(now + cool_s)

    def ask(self, holder: str, ask: Ask, now: float) -> Grant:
        gate = self.gates.get(ask.domain)
        return gate.ask(holder, ask, now=now) if gate else Grant(ask.domain, is_unknown=True)


class Task:
    """A scrape task: real pacing, simulated network. It may die at any moment."""

    def __init__(self, world: World, lease_id: str, work: Work) -> None:
        self.world, self.loop, self.lease_id = world, world.loop, lease_id
        self.pacing = Pacing()
        self.running: dict[int, tuple[Errand, Site]] = {}
        self.outcomes: list[Outcome] = []
        self.robots: list[RobotsAnswer] = []
        self.is_dead = self.is_hung = self.is_over = False
        self.stops = Stops()
        self._numbers = itertools.count(1)
        self._keys = itertools.count()
        self.wakes_at = float("inf")
        self.take_in(work)
        self.loop.spawn(self.reporting())
        self.loop.spawn(self.fetching())

    @property
    def is_gone(self) -> bool:
        return self.is_dead or self.is_over or self.is_hung

    def take_in(self, work: Work) -> None:
        for terms in (*work.domains, *work.robots):
            self.pacing.learn(terms, now=self.loop.now)
        self.pacing.add((*work.robots, *work.items))

    def fetching(self) -> Steps:
        while not self.is_gone:
            self.step()
            yield 0.5

    def step(self) -> None:
        """Begin what may begin, ask for what is needed, and come back when that may change."""
        if self.is_gone:
            return
        now = self.loop.now
        while (errand := self.pacing.begin(now)) is not None:
            self.begin(errand, now)
        for asks in self.pacing.asks(now).values():
            self.loop.spawn(self.asking(asks))
        wake_at = self.pacing.wake_at(now)
        if wake_at is not None and now < wake_at < self.wakes_at:
            self.wakes_at = wake_at
            self.loop.at(wake_at, lambda: self.wake(wake_at))

    def wake(self, at: float) -> None:
        if self.wakes_at == at:  # else something earlier has woken it since
            self.wakes_at = float("inf")
            self.step()

    def begin(self, errand: Errand, now: float) -> None:
        site = self.world.begun(errand)
        key = next(self._keys)
        self.running[key] = errand, site
        if isinstance(errand, RobotsErrand):
            answer = site.robots(errand, now)
            self.loop.after(site.latency_s, lambda: self.ended(key, answer))
        else:
            took_s, outcome = site.answer(errand, now, self.world.rng)
            self.loop.after(took_s, lambda: self.ended(key, outcome))
            if errand.fingerprint in site.deadly:
                self.loop.after(took_s / 2, lambda: self.world.kill(self))

    def ended(self, key: int, what: Outcome | RobotsAnswer) -> None:
        if self.is_gone or key not in self.running:
            return
        errand, site = self.running.pop(key)
        site.n_in_flight -= 1
        self.pacing.ended(errand.domain, now=self.loop.now)
        if isinstance(what, RobotsAnswer):
            self.robots.append(what)
        else:
            self.outcomes.append(what)
        self.step()

    def asking(self, asks: list[Ask]) -> Steps:
        yield self.world.rng.random() * 0.01
        if self.is_gone:
            return
        if self.world.rng.random() < self.world.chances.lost_ask:
            self.pacing.unanswered([ask.domain for ask in asks], now=self.loop.now)
            return
        grants = [self.world.limiter.ask(self.lease_id, ask, self.loop.now) for ask in asks]
        self.stop(self.world.limiter.stops)
        for grant in self.pacing.answered(grants, now=self.loop.now):
            if grant.is_unknown:
                self.world.remind(grant.domain)
            else:
                self.give_up(grant.domain, grant.retry_after_s)
        self.step()

    def give_up(self, domain: str, after_s: float) -> None:
        for errand in self.pacing.take_back(lambda e: e.domain == domain):
            if isinstance(errand, LeasedItem):
                self.outcomes.append(Outcome(errand.item_id, OutcomeKind.NOT_BEGUN, retry_after_s=after_s))
            else:
                self.robots.append(RobotsAnswer(errand.of, None, why="not its turn", retry_after_s=after_s))

    def stop(self, stops: Stops) -> None:
        self.stops = stops
        back = self.pacing.take_back(lambda e: isinstance(e, LeasedItem) and e.batch_id in stops)
        self.outcomes += [
            Outcome(e.item_id, OutcomeKind.NOT_BEGUN) for e in back if isinstance(e, LeasedItem)
        ]
        for key, (errand, site) in list(self.running.items()):
            if isinstance(errand, LeasedItem) and errand.batch_id in stops.cancelled:
                del self.running[key]
                site.n_in_flight -= 1
                self.pacing.ended(errand.domain, now=self.loop.now)
                self.outcomes.append(Outcome(errand.item_id, OutcomeKind.NOT_BEGUN))

    def reporting(self) -> Steps:
        last_at = self.loop.now
        while not self.is_gone:
            yield 0.1
            is_idle = not self.running and not self.pacing.n_pending
            since_s = self.loop.now - last_at
            flush_s = 0.25 if self.pacing.n_pending < 16 else 1.0
            if not (is_idle or self.robots or since_s >= 5.0 or (since_s >= flush_s and self.outcomes)):
                continue
            if self.is_gone:
                return
            outcomes, self.outcomes = tuple(self.outcomes), []
            robots, self.robots = tuple(self.robots), []
            n_wanted = max(0, 64 - self.pacing.n_pending)
            report = Report(self.lease_id, next(self._numbers), outcomes, (), robots, n_wanted=n_wanted)
            answer = yield from self.world.report(report)
            if self.world.rng.random() < self.world.chances.lost_answer:
                answer = yield from self.world.report(report)  # Ray asks again after a restart of the actor
            if self.is_gone:
                return
            last_at = self.loop.now
            self.take_in(answer.work)
            self.stop(answer.stops)
            self.step()
            still_idle = not self.running and not self.pacing.n_pending and not self.outcomes
            if not answer.accepted or (is_idle and still_idle and not self.robots):
                self.is_over = True
                self.world.task_ended(self)

    def die(self) -> None:
        """Stop at once: nothing is reported any more, the site's connections break."""
        self.is_dead = True
        for _, site in self.running.values():
            site.n_in_flight -= 1
        self.running.clear()


# -- the coordinator, and all of it ------------------------------------------------------------------


@dataclass
class Chances:
    """How often what goes wrong."""

    lost_ask: float = 0.0
    lost_answer: float = 0.0
    write_s: float = 0.005


class World:
    """The simulated whole."""

    def __init__(
        self,
        seed: int,
        sites: list[Site],
        *,
        chances: Chances | None = None,
        max_workers: int = 3,
        rates: dict[str, tuple[float, float]] | None = None,
    ) -> None:
        self.rates = rates or {}
        """What each batch asks for where it is not given a rate."""
        self.rng = random.Random(seed)
        self.loop = Loop()
        self.sites = {site.name: site for site in sites}
        self.chances = chances or Chances()
        self.max_workers = max_workers
        self.engine = Engine(lease_s=30.0)
        self.journal = FakeJournal()
        self.limiter = FakeLimiter()
        self.tasks: dict[str, Task] = {}
        self.books: dict[int, BatchBook] = {}
        self.sizes: dict[int, int] = {}
        self.stopped_at: dict[str, float] = {}
        """Batch → since when nothing of it may begin."""
        self.finished: dict[int, int] = {}
        """Batch → how often it has been finished."""
        self.begun_at: dict[int, float] = {}
        """Item → when it was fetched first."""
        self._known: set[str] = set()
        self._forgot = False
        self._n_leases = 0
        self._ids = itertools.count(1)
        self._writes: deque[tuple[Callable[[], Any], Callable[[Any], None]]] = deque()
        self._is_writing = False
        self._is_stepping = False
        self.loop.spawn(self._coordinating())

    # -- the journal's thread

    def write(self, action: Callable[[], Any]) -> Callable[[Callable[[Any], None]], None]:
        """Return what a coroutine yields to have something written: in the order asked, after a while."""

        def begin(go_on: Callable[[Any], None]) -> None:
            self._writes.append((action, go_on))
            if not self._is_writing:
                self._write_next()

        return begin

    def _write_next(self) -> None:
        self._is_writing = bool(self._writes)
        if self._writes:
            self.loop.after(self.rng.random() * self.chances.write_s, self._written)

    def _written(self) -> None:
        action, go_on = self._writes.popleft()
        result = action()
        go_on(result)
        self._write_next()

    # -- submission and control

    def submit(
        self,
        urls: dict[str, int],
        *,
        priority: Priority = Priority.NORMAL,
        rate: float | None = None,
        **retry: Any,
    ) -> BatchBook:
        """Add a batch: ``urls`` is domain → how many."""
        n = len(self.books) + 1
        for domain, count in urls.items():
            for _ in range(count):
                i = next(self._ids)
                self.journal.add(Row(i, n, domain, f"http://{domain}/{i}", f"f{i}"))
        manners = Manners(rates=dict.fromkeys(self.sites, (rate, 1.0)) if rate else self.rates)
        counts = {ItemState.QUEUED: sum(urls.values())}
        book = BatchBook(
            n, f"b{n}", "", priority, BatchState.RUNNING, counts, manners, RetryPolicy(**retry),
            open_by_domain=dict(urls),
        )  # fmt: skip
        self.books[n], self.sizes[n] = book, book.total
        self.engine.open(book, urls, now=self.loop.now)
        self._known -= set(urls)
        return book

    def control(self, book: BatchBook, event: BatchEvent) -> None:
        """Pause, resume or cancel, if the batch's state knows that."""
        if book.id in self.engine.books and not self.finished_now(book):
            self.loop.spawn(self._control(book, event))

    def finished_now(self, book: BatchBook) -> bool:
        return book.state.is_final

    def _control(self, book: BatchBook, event: BatchEvent) -> Steps:
        yield self.write(lambda: None)
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
            yield self.write(lambda: self.journal.cancel_open(book.id))
            if self.engine.cancel_open(book.id, now=self.loop.now):
                self._finish(book)

    def retry(self, book: BatchBook) -> None:
        """A person retries all dead letters of a running batch."""
        if book.state is BatchState.RUNNING:
            self.loop.spawn(self._retry(book))

    def _retry(self, book: BatchBook) -> Steps:
        revived = yield self.write(lambda: self.journal.revive(book.id))
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

    def _coordinating(self) -> Steps:
        while True:
            now = self.loop.now
            self.engine.tick(now)
            for lane in self.engine.frontier.wanting():
                args = (lane.batch, lane.domain, lane.cursor, 16)
                items = yield self.write(lambda args=args: self.journal.load_lane(*args))
                last_id = items[-1].id if items else lane.cursor
                self.engine.loaded(lane, items, last_id=last_id, is_last=len(items) < 16)
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
            demand = self.engine.demand(self.loop.now)
            wanted = workers_wanted(demand, cpu_s_per_page=0.05, min_workers=1, max_workers=self.max_workers)
            if len(self.tasks) >= wanted:
                return
            self._n_leases += 1
            lease_id = f"L{self._n_leases}"
            work = self.engine.grant(lease_id, 32, now=self.loop.now, n_leases=wanted)
            if not work:
                return
            yield from self._hand_out(work)
            self.tasks[lease_id] = Task(self, lease_id, work)

    def _hand_out(self, work: Work) -> Steps:
        if work.items:
            yield self.write(lambda: self.journal.mark_leased([item.item_id for item in work.items]))
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
            report.lease_id, report.n_wanted, now=self.loop.now, n_leases=max(1, len(self.tasks))
        )
        if work:
            yield from self._hand_out(work)
        lease.last_number, lease.is_committing = report.number, False
        lease.last_answer = Answer(accepted=True, work=work, stops=self.stops())
        return lease.last_answer

    def _kill_lane(self, death: LaneDeath) -> Steps:
        n_queued, n_waiting = yield self.write(lambda: self.journal.kill_lane(death))
        book = self.books[death.batch]
        if self.engine.kill_lane(death, now=self.loop.now, n_queued=n_queued, n_waiting=n_waiting):
            self._finish(book)

    def _commit(self, verdict: Verdict) -> Steps:
        yield self.write(lambda: self.journal.commit(verdict))
        for batch in self.engine.apply(verdict, now=self.loop.now):
            self._finish(self.books[batch])
        for death in self.engine.lanes_to_park(verdict, now=self.loop.now):
            yield from self._kill_lane(death)
        changed = self.engine.rates_changed(now=self.loop.now) & self._known
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

    # -- what is promised

    def begun(self, errand: Errand) -> Site:
        """Note that a fetch begins, and see that it may."""
        now, site = self.loop.now, self.sites[errand.domain]
        state = self.engine.domains[errand.domain]
        gate = self.limiter.gates.get(errand.domain)
        policy = gate.policy if gate else state.effective
        # what is promised is the ceiling; below it the rate may fall between a permit and its begin
        top = state.ceiling
        site.begins.append((now, max(policy.rate, top.rate), policy.burst))
        if isinstance(errand, LeasedItem):
            self.begun_at.setdefault(errand.item_id, now)
        site.n_in_flight += 1
        assert site.n_in_flight <= max(policy.concurrency, top.concurrency), (
            f"{site.n_in_flight} in flight at {site.name}"
        )
        if isinstance(errand, LeasedItem):
            since = self.stopped_at.get(errand.batch_id)
            assert since is None or now <= since + STOP_HEARD_S, (
                f"{errand} begins {now - since} s after its stop"
            )
            row = self.journal.rows[errand.item_id]
            assert not row.state.is_final, f"fetched once more: {row}"
        return site

    def check(self) -> None:
        """Check what must hold at any moment."""
        self.engine.check_invariants()
        for book in self.books.values():
            assert book.total == self.sizes[book.id]

    def run(self, *, until_s: float = 40 * 86_400.0, at_least_until: float = 0.0) -> None:
        """Let time go on until all batches are finished; stuck ones raise."""
        end = self.loop.now + until_s
        for n_steps in itertools.count():
            if self.loop.now >= at_least_until and all(book.state.is_final for book in self.books.values()):
                break
            assert self.loop.step(), "nothing happens any more"
            self.check()
            is_stuck = self.loop.now > end or n_steps > 60_000
            assert not is_stuck, f"stuck: {self.engine!r} {[b for b in self.books.values() if b.n_open]}"
        for book in self.books.values():
            final = {state: n for state, n in book.counts.items() if n}
            assert final == dict(self.journal.counts(book.id)), (final, self.journal.counts(book.id))
            assert all(state.is_final for state in final)
        for site in self.sites.values():
            check_rate(site)


JITTER_S = 0.02
"""An answer of a limiter takes up to half of it; its moments count from when it is there."""


def check_rate(site: Site) -> None:
    """In any window of t seconds at most burst + rate·t fetches began."""
    begins = site.begins
    for i in range(len(begins)):
        rate = burst = 0.0
        for j in range(i, min(len(begins), i + 60)):
            rate, burst = max(rate, begins[j][1]), max(burst, begins[j][2])
            t = begins[j][0] - begins[i][0] + JITTER_S
            assert j - i + 1 <= burst + rate * t + 1e-6, (
                f"{j - i + 1} fetches of {site.name} in {t} s at {rate}/s"
            )
