"""The coordinator's side of the limiter actors: which one has a domain's bucket, and what it has confirmed.

An actor per domain while there are few, then domains share them by rendezvous hashing. A domain keeps its actor for as
long as the coordinator lives. A bucket begins full if the domain's last fetch is known to be far back, else empty: so it does
after the end of a life that was killed, because what that fetched last is not known (`Journal.use_domains`).

What counts is what a limiter has confirmed, not what was sent to it. A call is compared with the engine again when it returns,
because the policy may have changed meanwhile; calls carry numbers, so that an older one that comes late changes nothing; and a
limiter that was restarted answers under another name, upon which all of its domains are sent again.
"""

from __future__ import annotations

import asyncio
import math

from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.ports.coordinator import LimiterClient
from tlray.cluster.ports.registration import Registration
from tlray.cluster.workers.limiter import limiter_of
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.limiter_gate import QUIET_S


class LimiterPool:
    """The coordinator's side of the limiter actors."""

    def __init__(self, state: CoordinatorState) -> None:
        self._state = state
        self._numbers: dict[str, int] = {}
        """Of the first domains, which have a limiter each; all others share them."""
        self._sent: dict[str, int] = {}
        """Domain → number of the last call that was about it."""
        self._confirmed: dict[str, tuple[DomainPolicy, float]] = {}
        """Domain → policy and end of its rest, as its limiter has them."""
        self._lives: dict[int, str] = {}
        """Limiter → the name of its life."""
        self._n_calls = 0
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

    def is_current(self, domain: str) -> bool:
        """True if a domain's limiter has it as it is now, or has never heard of it."""
        return domain not in self._sent or self._confirmed.get(domain) == self._as_it_is(domain)

    async def register(self, names: set[str]) -> None:
        """Return when the limiters have confirmed these domains as they are now."""
        while True:
            stale = sorted(n for n in names if self._confirmed.get(n) != self._as_it_is(n))
            if not stale:
                return
            await self._send(stale)

    async def update(self, names: set[str]) -> None:
        """Send what has changed of domains; those that no limiter has heard of are sent when they are leased."""
        await self.register({name for name in names if name in self._sent})

    async def remind(self, names: set[str]) -> None:
        """Send domains again to a limiter that does not know them."""
        for name in names:
            self._confirmed.pop(name, None)
        await self.update(names)

    def _as_it_is(self, name: str) -> tuple[DomainPolicy, float] | None:
        domain = self._state.engine.domains.get(name)
        return None if domain is None else (domain.effective, domain.rest_until)

    async def _send(self, names: list[str]) -> None:
        state = self._state
        new = [name for name in names if name not in self._sent]
        fetched_at = await state.write(state.journal.use_domains, new) if new else {}
        now, wall = state.now(), state.wall()
        by_limiter: dict[int, list[Registration]] = {}
        self._n_calls += 1
        call = state.first_version + self._n_calls
        sent: dict[str, tuple[DomainPolicy, float]] = {}
        for name in names:
            as_it_is = self._as_it_is(name)
            if as_it_is is None:
                continue  # forgotten meanwhile
            policy, rest_until = sent[name] = as_it_is
            # of a domain that was sent before, a limiter that does not know it has forgotten what it gave
            last_at = fetched_at.get(name, math.inf)
            is_empty = last_at is not None and wall - last_at <= policy.burst / policy.rate + QUIET_S
            registration = Registration(name, policy, is_empty, max(0.0, rest_until - now), call)
            by_limiter.setdefault(self.number(name), []).append(registration)
        self._sent |= dict.fromkeys(sent, call)
        stops = state.stops()
        lives = await asyncio.gather(
            *(self.actors[n].register(of_it, stops) for n, of_it in by_limiter.items())
        )
        for number, life in zip(by_limiter, lives, strict=True):
            if self._lives.setdefault(number, life) != life:
                self._lives[number] = life
                for name in [name for name in self._confirmed if self.number(name) == number]:
                    del self._confirmed[name]
        for name, as_sent in sent.items():
            if self._sent.get(name) == call:  # else a later call is on its way
                self._confirmed[name] = as_sent

    async def spread_stops(self) -> None:
        """Tell all limiters which batches may begin nothing."""
        stops = self._state.stops()
        await asyncio.gather(*(actor.stop_batches(stops) for actor in self.actors))

    def forget_domains(self, names: set[str]) -> None:
        """Let the limiters forget domains that the engine has forgotten."""
        by_limiter: dict[int, list[str]] = {}
        for name in self._sent.keys() & names:
            del self._sent[name]
            self._confirmed.pop(name, None)
            by_limiter.setdefault(self.number(name), []).append(name)
        for number, some in by_limiter.items():
            self._state.background(self.actors[number].forget_domains(some))

    def forget(self, lease_id: str) -> None:
        """Let the limiters take back the slots of a task that has ended."""
        for actor in self.actors:
            self._state.background(actor.forget(lease_id))
