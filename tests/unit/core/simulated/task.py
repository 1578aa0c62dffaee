"""What does a scrape task do? Real pacing over a simulated network; it dies, hangs and loses answers when told to."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tlray.core.gate import Ask
from tlray.core.lease import LeasedItem, Report, RobotsErrand, Stops, Work
from tlray.core.outcome import Outcome, OutcomeKind
from tlray.core.pacing import Errand, Pacing
from tlray.core.robots import RobotsAnswer

from .clock import Steps
from .site import Site

if TYPE_CHECKING:
    from .world import World


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
        self.pacing.sent(errand.domain, now=now)
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
