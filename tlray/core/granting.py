"""What is leased to a task that asks? Items in their turn, robots.txt errands, and what it must know of the
domains.

This is the part of the engine that hands out; `tlray.core.engine` holds what there is. Nothing here waits or
writes: the caller writes down what is leased before a task sees it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tlray.core.answering import answered_by
from tlray.core.domains import DomainState
from tlray.core.frontier import FrontierItem, Priority
from tlray.core.lease import DomainTerms, Lease, LeasedItem, RobotsErrand, Work
from tlray.core.lifecycle import ItemState
from tlray.core.policy import unit_of
from tlray.core.sharing import Share
from tlray.core.turns import Turns
from tlray.core.urls import BadUrl, CanonicalUrl, canonicalise
from tlray.core.workforce import Demand, Flow, flow

if TYPE_CHECKING:
    from tlray.core.engine import Engine
    from tlray.core.outcome import KeptResult

ROBOTS_ERRANDS_PER_LEASE = 256
ROOM_ABOVE = 32
"""Items of higher priorities that a lease takes although it has enough of lower ones."""
DEMAND_HOLDS_S = 0.2
"""For so long the demand of a large crowd is not counted anew for each lease."""


class Granting:
    """Whose turn it is, of all that an engine holds."""

    def __init__(self, engine: Engine, limiter_of: Callable[[str], int]) -> None:
        self._engine = engine
        self._limiter_of = limiter_of
        self._turns = Turns()
        self._crowd: tuple[float, int] = (-math.inf, 0)
        """(when, how many items were ready)."""
        self._slow_per_s = 0.0
        """Pages a second that the slow domains came to, when demand was counted last."""
        self._at_work: set[str] = set()
        """Domains that had something to do then."""

    def demand(self, now: float) -> Demand:
        """Return the work that politeness allows now, what is leased already included."""
        pages_per_s, slow_per_s, n_in_flight, n_ready = 0.0, 0.0, 0.0, 0
        held: set[str] = set()
        for lease in self._engine.leases.values():
            n_ready += len(lease.items)
            held.update(item.domain for item in lease.items.values())
        takeable = self._engine.frontier.takeable_domains()
        at_work: set[str] = set()
        for name in held.union(takeable):
            state = self._engine.domains[name]
            if not state.rests(now):
                at_work.add(name)
                comes_to = _flow(state)
                pages_per_s += comes_to.pages_per_s
                slow_per_s += comes_to.pages_per_s if state.is_for_one else 0.0
                n_in_flight += comes_to.n_in_flight
                n_ready += self._engine.frontier.n_queued(name)
        self._slow_per_s = slow_per_s
        self._note_at_work(at_work, now)
        if n_kept := self._engine.answering.n_offered:
            pages_per_s, n_ready = math.inf, n_ready + n_kept
        n_robots = sum(1 for name in self._engine.robots_wanted if self._may_run_errand(name, now))
        has_more = (
            n_robots > 0
            or n_kept > 0
            or any(self._engine.domains[name].allowance("", now) > 0 for name in takeable)
        )
        return Demand(
            pages_per_s=pages_per_s or (1.0 if n_robots else 0.0),
            n_ready=n_ready + n_robots,
            n_in_flight=n_in_flight,
            has_more=has_more,
        )

    def forget(self, name: str) -> None:
        """Take in that a domain is forgotten."""
        self._at_work.discard(name)

    def _note_at_work(self, at_work: set[str], now: float) -> None:
        """Let the paces of domains that have something to do, and had nothing, begin anew."""
        domains = self._engine.domains
        still = {name for name in self._at_work - at_work if self._has_work(domains[name], now)}
        for name in at_work - self._at_work:
            domains[name].pace.begin(now=now, cool_until=domains[name].cool_until)
        self._at_work = at_work | still

    def _has_work(self, state: DomainState, now: float) -> bool:
        """Whether a domain that nothing is taken from just now is in the midst of its work: it rests, or is read from the
        journal."""
        if state.by_hand.is_paused:
            return False
        return state.is_cooling(now) or self._engine.frontier.n_queued(state.name) > 0

    def grant(self, lease_id: str, n: int, *, now: float, n_leases: int = 1) -> Work:
        """Lease up to ``n`` items, and robots.txt errands, to a new lease or one that goes on; an empty
        `Work` if there is none.

        ``n_leases`` is how many tasks share the work: none takes more than its part of what is there.
        """
        lease = self._engine.leases.get(lease_id) or Lease(lease_id, until=now, started_at=now)
        lease.until = now + self._engine.lease_s
        if lease.is_ending:
            return Work()
        alone: FrontierItem | None = None
        robots: tuple[RobotsErrand, ...] = ()
        if lease_id not in self._engine.leases:
            alone = self._engine.frontier.take_alone(self._allowance(lease_id, now, Priority.LOW))
        kept: list[tuple[FrontierItem, KeptResult]] = []
        if alone is not None:
            items, lease.is_ending = [alone], True
        else:
            kept = self._engine.answering.take(lease, now=now)
            robots = self._take_errands(lease, now, n_leases)
            fair = math.ceil(self._n_ready(now) / max(1, n_leases))
            share = self._share(lease, n_leases, now) if n_leases > 1 else None
            items = self._take(lease, max(0, min(n, fair - len(lease.items))), now, share)
        if not items and not robots and not kept:
            return Work()
        self._engine.leases[lease_id] = lease
        if alone is not None:
            self._count_leased(lease, items, now)
        answered = [answered_by(self._leased(item), result) for item, result in kept]
        fetched = [self._leased(item) for item in items]
        return Work((*answered, *fetched), self._terms(lease, items), robots)

    def _take(self, lease: Lease, n: int, now: float, share: Share | None) -> list[FrontierItem]:
        """Take items into a lease: first what is owed, then by priority; a full lease still takes what comes
        before all that it has."""
        items: list[FrontierItem] = []
        for priority, n_owed in self._turns.owed() if n else ():
            owed = self._engine.frontier.take(
                n_owed, self._foot_in_door(lease.lease_id, now, priority), first=priority, up_to=priority
            )
            self._turns.paid(priority, len(owed))
            items += self._count_leased(lease, self._engine.answering.without_twins(owed), now)
        held = [self._engine.books[item.batch].priority for item in lease.items.values()]
        lowest = max(held, default=Priority.IMMEDIATE)
        for priority in Priority:
            room = n - len(items)
            if priority < lowest:
                room = max(room, ROOM_ABOVE - sum(1 for p in held if p <= priority))
            if room > 0:
                allowance = self._allowance(lease.lease_id, now, priority, share)
                found = self._engine.frontier.take(room, allowance, first=priority, up_to=priority)
                self._turns.took(priority, len(found))
                items += self._count_leased(lease, self._engine.answering.without_twins(found), now)
        return items

    def _count_leased(self, lease: Lease, items: list[FrontierItem], now: float) -> list[FrontierItem]:
        counted: dict[tuple[int, str], int] = {}
        for item in items:
            self._engine.answering.hold(lease, item)
            counted[item.batch, item.domain] = counted.get((item.batch, item.domain), 0) + 1
        for (batch, domain), n in counted.items():
            book = self._engine.books[batch]
            self._engine.domains[domain].lease(lease.lease_id, n, priority=book.priority)
            book.move(ItemState.QUEUED, ItemState.LEASED, domain, now=now, n=n)
        return items

    def _n_ready(self, now: float) -> int:
        at, n = self._crowd
        if n < 1_000 or now - at > DEMAND_HOLDS_S:
            n = self.demand(now).n_ready
            self._crowd = now, n
        return n

    def _share(self, lease: Lease, n_leases: int, now: float) -> Share:
        """Return what one of several tasks may hold of the slow domains, by the demand that was counted last."""
        held = {item.domain for item in lease.items.values()}
        slow = (
            state
            for name in held
            if (state := self._engine.domains[name]).is_for_one and not state.rests(now)
        )
        return Share({state.name: _flow(state).pages_per_s for state in slow}, self._slow_per_s / n_leases)

    def _allowance(
        self, lease_id: str, now: float, priority: Priority, share: Share | None = None
    ) -> Callable[[str], int]:
        def allowance(domain: str) -> int:
            state = self._engine.domains[domain]
            if not state.knows_robots(now):
                self._engine.robots_wanted[domain] = None
            n = state.allowance(lease_id, now, priority)
            if n > 0 and share is not None and state.is_for_one:
                return n if share.may_take(domain, _flow(state).pages_per_s) else -1
            return n

        return allowance

    def _foot_in_door(self, lease_id: str, now: float, priority: Priority) -> Callable[[str], int]:
        return lambda domain: self._engine.domains[domain].foot_in_door(lease_id, now, priority)

    def _may_run_errand(self, name: str, now: float) -> bool:
        state = self._engine.domains[name]
        if state.robots_lease is not None or state.rests(now) or state.knows_robots(now):
            return False
        return self._engine.frontier.n_queued(name) > 0

    def _take_errands(self, lease: Lease, now: float, n_leases: int) -> tuple[RobotsErrand, ...]:
        """Take a lease's part of the errands: whose robots.txt a task reads, those domains it will mostly have."""
        errands: list[RobotsErrand] = []
        run = (one.robots for one in self._engine.leases.values())
        n_all = len(set(self._engine.robots_wanted).union(*run))
        most = min(ROBOTS_ERRANDS_PER_LEASE, math.ceil(n_all / max(1, n_leases)) - len(lease.robots))
        for name in self._robots_in_order():
            if len(errands) >= most:
                break
            item = self._engine.frontier.next_at(name) if self._may_run_errand(name, now) else None
            if item is not None:
                del self._engine.robots_wanted[name]
                self._engine.domains[name].robots_lease = lease.lease_id
                lease.robots.add(name)
                errands.append(self._errand(item, now))
        return tuple(errands)

    def _robots_in_order(self) -> list[str]:
        """Return the domains whose robots.txt is wanted, those of higher priorities first."""
        wanted = list(self._engine.robots_wanted)
        if len(wanted) > ROBOTS_ERRANDS_PER_LEASE:
            lanes_at = self._engine.frontier.lanes_at
            wanted.sort(key=lambda name: min((lane.priority for lane in lanes_at(name)), default=99))
        return wanted

    def _errand(self, item: FrontierItem, now: float) -> RobotsErrand:
        """Return where the robots.txt for an item's domain lies: at its root, or where redirects have led."""
        scheme, host = urlsplit(item.url)[:2]
        own = CanonicalUrl(f"{scheme}://{host}/robots.txt", item.domain)
        moved_to = self._engine.domains[item.domain].robots_url
        found = canonicalise(moved_to) if moved_to else own
        where = own if isinstance(found, BadUrl) else found
        unit = unit_of(where.domain)
        book = self._engine.books[item.batch]
        bucket = self._engine.domains.get(unit) or self._engine.learn_of(unit, book, now)
        self._engine.forgetting.note_errand(unit, item.domain)
        limiter = self._limiter_of(unit)
        state = self._engine.domains[item.domain]
        from_public = state.robots_from_public or not state.is_named
        return RobotsErrand(
            item.domain, unit, where.url, bucket.effective, limiter, from_public, book.networks
        )

    def _leased(self, item: FrontierItem) -> LeasedItem:
        book = self._engine.books[item.batch]
        return LeasedItem(
            item.id, book.batch_id, item.domain, item.url, item.fingerprint, item.attempt, book.keeps_pages,
            book.priority, item.from_public, networks=book.networks,
        )  # fmt: skip

    def _terms(self, lease: Lease, items: Iterable[FrontierItem]) -> tuple[DomainTerms, ...]:
        news = {item.domain for item in items} - lease.told
        lease.told |= news
        return tuple(
            DomainTerms(
                n,
                self._engine.domains[n].effective,
                self._engine.domains[n].robots_text or "",
                self._limiter_of(n),
            )
            for n in news
        )


def _flow(state: DomainState) -> Flow:
    policy = state.effective
    return flow(rate=policy.rate, slots=policy.concurrency, latency_s=state.pace.latency_s)
