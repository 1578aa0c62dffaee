"""Which limiter actor has a domain's bucket, and what has it been told?

An actor per domain while there are few, then domains share them by rendezvous hashing. A domain keeps its actor for as
long as the coordinator lives; the next life begins every bucket empty.
"""

from __future__ import annotations

import asyncio

from tlray.cluster.limiter import limiter_of
from tlray.cluster.ports import LimiterClient
from tlray.cluster.state import CoordinatorState
from tlray.core.gate import QUIET_S
from tlray.core.policy import DomainPolicy


class Limiters:
    """The coordinator's side of the limiter actors."""

    def __init__(self, state: CoordinatorState) -> None:
        self._state = state
        self._numbers: dict[str, int] = {}
        """Of the first domains, which have a limiter each; all others share them."""
        self.known: set[str] = set()
        """Domains whose limiter has been told of them as they are now."""
        self.actors: list[LimiterClient] = []

    def number(self, domain: str) -> int:
        """Return a domain's limiter, started where it is not there yet."""
        number = self._numbers.get(domain)
        if number is None:
            most = self._state.settings.limiter_actors
            if len(self._numbers) < most:
                number = self._numbers[domain] = len(self._numbers)
            else:
                number = limiter_of(domain, most)
            while len(self.actors) <= number:
                self.actors.append(self._state.ports.limiter(len(self.actors)))
        return number

    async def make_known(self, names: set[str], *, starts_empty: bool = False) -> None:
        """Tell the limiters of domains that they do not know, or not as they are now."""
        news = names - self.known
        if not news:
            return
        now, wall = self._state.now(), self._state.wall()
        by_limiter: dict[int, list[tuple[str, DomainPolicy, bool, float]]] = {}
        rows = await self._state.write(lambda: [(name, self._state.journal.domain(name)) for name in news])
        for name, row in rows:
            domain = self._state.engine.domains.get(name)
            if domain is None:
                continue  # it has been forgotten meanwhile
            last_at = max(row.last_fetch_at or 0.0, row.robots_at or 0.0) if row else 0.0
            since_s = wall - last_at if last_at else float("inf")
            is_quiet = since_s > domain.effective.burst / domain.effective.rate + QUIET_S
            is_empty = starts_empty or self._state.is_restart or not is_quiet
            rest_s = max(0.0, domain.rest_until - now)
            by_limiter.setdefault(self.number(name), []).append((name, domain.effective, is_empty, rest_s))
        stops = self._state.stops()
        await asyncio.gather(*(self.actors[n].register(domains, stops) for n, domains in by_limiter.items()))
        self.known |= self._in_memory(news)

    async def make_known_again(self, names: set[str]) -> None:
        """Tell the limiters what has changed of domains."""
        self.known -= names
        await self.make_known(self._in_memory(names))

    async def remind(self, names: set[str]) -> None:
        """Tell a limiter that was restarted what it has forgotten; its buckets start empty."""
        self.known -= names
        await self.make_known(self._in_memory(names), starts_empty=True)

    def _in_memory(self, names: set[str]) -> set[str]:
        domains = self._state.engine.domains
        return {name for name in names if name in domains}

    async def spread_stops(self) -> None:
        """Tell all limiters which batches may begin nothing."""
        stops = self._state.stops()
        await asyncio.gather(*(actor.stop_batches(stops) for actor in self.actors))

    def forget_domains(self, names: set[str]) -> None:
        """Let the limiters forget domains that the engine has forgotten."""
        self.known -= names
        by_limiter: dict[int, list[str]] = {}
        for name in names:
            by_limiter.setdefault(self.number(name), []).append(name)
        for number, some in by_limiter.items():
            self._state.background(self.actors[number].forget_domains(some))

    def forget(self, lease_id: str) -> None:
        """Let the limiters take back the slots of a task that has ended."""
        for actor in self.actors:
            self._state.background(actor.forget(lease_id))
