"""The grant of a lease: items in their order, requests for robots.txt, and the configs of their domains.

It changes the engine's state (`engine_state`) and does no I/O: the caller journals what is leased before a task gets it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import ItemState
from tlray.core.model.outcome import ReusableResult
from tlray.core.model.urls import BadUrl, CanonicalUrl, redirected
from tlray.core.politeness.site_profile import aliases, politeness_key, profiles
from tlray.core.scheduling.aging import Aging
from tlray.core.scheduling.autoscaling import Demand
from tlray.core.scheduling.demand import DomainSample, expected_load_of
from tlray.core.scheduling.domain_registry import DomainRegistry
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.eviction import Eviction
from tlray.core.scheduling.fair_share import FairShare
from tlray.core.scheduling.lease import DomainConfig, Lease, LeasedItem, RobotsRequest, Work
from tlray.core.scheduling.result_reuse import ResultReuse, with_result

ROBOTS_PER_LEASE = 256
ROOM_ABOVE = 32
"""Items of higher priorities that a lease takes although it has enough of lower ones."""
ENOUGH_ROBOTS = 512
LOOK_AGAIN_S = 30.0
"""A robots.txt that cannot be fetched yet is checked again after this time, or when an event allows its fetch."""
DEMAND_HOLDS_S, SAMPLE_HOLDS_S = 0.2, 0.5
"""The demand of many items, and that of many domains, is counted at most this often."""


class Granting:
    """The order of an engine's items."""

    def __init__(
        self,
        state: EngineState,
        registry: DomainRegistry,
        reuse: ResultReuse,
        eviction: Eviction,
        limiter_of: Callable[[str], int],
    ) -> None:
        self._state = state
        self._registry = registry
        self._reuse = reuse
        self._eviction = eviction
        self._limiter_of = limiter_of
        self._aging = Aging()
        self._crowd: tuple[float, int] = (-math.inf, 0)
        """(moment, number of ready items)."""
        self._census = DomainSample(state)
        self._counted: tuple[float, Demand] | None = None
        """The last demand of many domains, and its moment."""
        self._slow_per_s = 0.0
        """Pages a second of the slow domains, in the last count."""

    def demand(self, now: float) -> Demand:
        """Return the demand that politeness allows now, leased items included. Of many domains a sample is counted, now and
        then."""
        if self._counted is not None and now - self._counted[0] <= SAMPLE_HOLDS_S:
            return self._counted[1]
        state = self._state
        held = {item.domain for lease in state.leases.values() for item in lease.items.values()}
        takeable = state.frontier.takeable_domains()
        found = self._census.count(held.union(takeable), now=now)
        self._slow_per_s = found.slow_per_s
        n_ready = found.n_queued + sum(len(lease.items) for lease in state.leases.values())
        pages_per_s = found.pages_per_s
        if n_offered := self._reuse.n_offered:
            pages_per_s, n_ready = math.inf, n_ready + n_offered
        # before the robots.txt requests are counted: an outdated robots.txt is queued by this call
        allowance = self._allowance("", now, Priority.LOW)
        may_take = any(allowance(name) > 0 for name in self._census.part(takeable))
        n_robots = self._n_robots_requests(now)
        demand = Demand(
            pages_per_s=pages_per_s or (1.0 if n_robots else 0.0),
            n_ready=n_ready + n_robots,
            n_in_flight=found.n_in_flight,
            has_more=n_robots > 0 or n_offered > 0 or may_take,
        )
        self._counted = (now, demand) if self._census.is_sample else None
        return demand

    def forget(self, name: str) -> None:
        """Forget a domain."""
        self._census.forget(name)

    def grant(self, lease_id: str, n: int, *, now: float, n_leases: int = 1) -> Work:
        """Lease up to ``n`` items, and requests for robots.txt, to a new or a live lease; an empty `Work` if there is none.

        ``n_leases`` tasks share the work: none gets more than its share.
        """
        lease = self._state.leases.get(lease_id) or Lease(lease_id, until=now, started_at=now)
        lease.until = now + self._state.lease_s
        if lease.is_ending:
            return Work()
        alone: FrontierItem | None = None
        robots: tuple[RobotsRequest, ...] = ()
        if lease_id not in self._state.leases:
            alone = self._state.frontier.take_alone(self._allowance(lease_id, now, Priority.LOW))
        reused: list[tuple[FrontierItem, ReusableResult]] = []
        if alone is not None:
            items, lease.is_ending = [alone], True
        else:
            reused = self._reuse.take(lease, now=now)
            robots = self._take_robots_requests(lease, now, n_leases)
            fair = math.ceil(self._n_ready(now) / max(1, n_leases))
            share = self._share(lease, n_leases, now) if n_leases > 1 else None
            items = self._take(lease, max(0, min(n, fair - len(lease.items))), now, share)
        if not items and not robots and not reused:
            return Work()
        self._state.leases[lease_id] = lease
        if alone is not None:
            self._count_leased(lease, items, now)
        answered = [with_result(self._leased(item), result) for item, result in reused]
        fetched = [self._leased(item) for item in items]
        return Work((*answered, *fetched), self._terms(lease, items), robots)

    def _take(self, lease: Lease, n: int, now: float, share: FairShare | None) -> list[FrontierItem]:
        """Take items into a lease: first those that are owed, then by priority. A full lease still takes items of a higher
        priority than all that it has."""
        items: list[FrontierItem] = []
        for priority, n_owed in self._aging.owed() if n else ():
            owed = self._state.frontier.take(
                n_owed, self._foot_in_door(lease.lease_id, now, priority), first=priority, up_to=priority
            )
            self._aging.count_owed(priority, len(owed))
            items += self._count_leased(lease, self._reuse.without_twins(owed), now)
        held = [self._state.batches[item.batch].priority for item in lease.items.values()]
        lowest = max(held, default=Priority.IMMEDIATE)
        for priority in Priority:
            room = n - len(items)
            if priority < lowest:
                room = max(room, ROOM_ABOVE - sum(1 for p in held if p <= priority))
            if room > 0:
                allowance = self._allowance(lease.lease_id, now, priority, share)
                found = self._state.frontier.take(room, allowance, first=priority, up_to=priority)
                self._aging.count_in_order(priority, len(found))
                items += self._count_leased(lease, self._reuse.without_twins(found), now)
        return items

    def _count_leased(self, lease: Lease, items: list[FrontierItem], now: float) -> list[FrontierItem]:
        counted: dict[tuple[int, str], int] = {}
        for item in items:
            self._reuse.lease_item(lease, item)
            counted[item.batch, item.domain] = counted.get((item.batch, item.domain), 0) + 1
        for (batch_no, domain), n in counted.items():
            batch = self._state.batches[batch_no]
            self._state.domains[domain].lease(lease.lease_id, n, priority=batch.priority)
            batch.move(ItemState.QUEUED, ItemState.LEASED, domain, now=now, n=n)
        return items

    def _n_ready(self, now: float) -> int:
        at, n = self._crowd
        if n < 1_000 or now - at > DEMAND_HOLDS_S:
            n = self.demand(now).n_ready
            self._crowd = now, n
        return n

    def _share(self, lease: Lease, n_leases: int, now: float) -> FairShare:
        """Return a task's share of the slow domains, by the last demand."""
        held = {item.domain for item in lease.items.values()}
        slow = (
            state
            for name in held
            if (state := self._state.domains[name]).is_single_task and not state.rests(now)
        )
        return FairShare(
            {state.name: expected_load_of(state).pages_per_s for state in slow}, self._slow_per_s / n_leases
        )

    def _allowance(
        self, lease_id: str, now: float, priority: Priority, share: FairShare | None = None
    ) -> Callable[[str], int]:
        def allowance(domain: str) -> int:
            state = self._state.domains[domain]
            if not state.has_robots(now):
                self._state.robots_queue[domain] = None
            n = state.allowance(lease_id, now, priority)
            if n > 0 and share is not None and state.is_single_task:
                return n if share.may_take(domain, expected_load_of(state).pages_per_s) else -1
            return n

        return allowance

    def _foot_in_door(self, lease_id: str, now: float, priority: Priority) -> Callable[[str], int]:
        return lambda domain: self._state.domains[domain].owed_allowance(lease_id, now, priority)

    def _may_fetch_robots(self, name: str, now: float) -> bool:
        """True if a queued robots.txt may be fetched now; else put it off, or remove it."""
        state, wanted = self._state.domains[name], self._state.robots_queue
        if state.robots_lease is not None or state.has_robots(now):
            wanted.pop(name)  # it is queued again when it becomes unknown
            return False
        if state.rests(now) or not self._state.frontier.has_queued(name):
            wanted.put_off(name, max(state.cool_until, now + LOOK_AGAIN_S))
            return False
        return True

    def _n_robots_requests(self, now: float) -> int:
        """Return how many robots.txt may be fetched now; beyond `ENOUGH_ROBOTS` all that are not put off count."""
        n = 0
        for name in self._state.robots_queue.in_order(now):
            n += self._may_fetch_robots(name, now)
            if n >= ENOUGH_ROBOTS:
                break
        return max(n, self._state.robots_queue.n_awake)

    def _take_robots_requests(self, lease: Lease, now: float, n_leases: int) -> tuple[RobotsRequest, ...]:
        """Take a lease's share of the requests: the task that reads a domain's robots.txt will get most of its items."""
        state = self._state
        requests: list[RobotsRequest] = []
        n_all = self._n_robots_requests(now) + sum(len(one.robots) for one in state.leases.values())
        most = min(ROBOTS_PER_LEASE, math.ceil(n_all / max(1, n_leases)) - len(lease.robots))
        for name in state.robots_queue.in_order(now):
            if len(requests) >= most:
                break
            item = state.frontier.next_at(name) if self._may_fetch_robots(name, now) else None
            if item is not None:
                del state.robots_queue[name]
                state.domains[name].robots_lease = lease.lease_id
                lease.robots.add(name)
                requests.append(self._robots_request(item, now))
        return tuple(requests)

    def _robots_request(self, item: FrontierItem, now: float) -> RobotsRequest:
        """Return the request for the robots.txt of an item's domain: at its root, or where redirects have led."""
        scheme, host = urlsplit(item.url)[:2]
        site = aliases().get(host, host)
        if site != host.removeprefix("www."):  # the robots.txt of a short link's site holds for the link
            scheme, host = "https", f"www.{site}" if profiles()[site].is_one_with_www else site
        own = CanonicalUrl(f"{scheme}://{host}/robots.txt", item.domain)
        moved_to = self._state.domains[item.domain].robots_url
        found = redirected(own.url, moved_to) if moved_to else own
        where = own if isinstance(found, BadUrl) else found
        unit = politeness_key(where.domain)
        batch = self._state.batches[item.batch]
        bucket = self._state.domains.get(unit) or self._registry.register(unit, batch, now)
        self._eviction.note_robots_request(unit, item.domain)
        limiter = self._limiter_of(unit)
        state = self._state.domains[item.domain]
        from_public = state.robots_from_public or not state.is_named
        return RobotsRequest(
            item.domain, unit, where.url, bucket.effective, limiter, from_public, batch.networks, batch.terms
        )

    def _leased(self, item: FrontierItem) -> LeasedItem:
        batch = self._state.batches[item.batch]
        return LeasedItem(
            item.id, batch.batch_id, item.domain, item.url, item.fingerprint, item.attempt, batch.keeps_pages,
            batch.priority, item.from_public, networks=batch.networks, terms=batch.terms,
        )  # fmt: skip

    def _terms(self, lease: Lease, items: Iterable[FrontierItem]) -> tuple[DomainConfig, ...]:
        news = {item.domain for item in items} - lease.configured
        lease.configured |= news
        return tuple(
            DomainConfig(
                n,
                self._state.domains[n].effective,
                self._state.domains[n].robots_text or "",
                self._limiter_of(n),
            )
            for n in sorted(news)
        )
