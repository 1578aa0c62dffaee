"""The domains of an engine, and their policies (`tlray.core.politeness.policy`, steps 1 to 4).

Tasks that hold items of a domain get a changed policy with their next answer, the limiter when the coordinator sends it
(`changed`). Moments are monotonic seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from tlray.core.model.urls import host_of
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import DomainOverride, override_for
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.eviction import Eviction
from tlray.core.scheduling.give_up import GiveUp

TELL_EVERY_S = 1.0
"""Changes of one domain are sent to its limiter at most this often."""


class DomainRegistry:
    """The domains of an engine: registered, recomputed, overridden."""

    def __init__(self, state: EngineState, give_up: GiveUp, eviction: Eviction) -> None:
        self._state = state
        self._give_up = give_up
        self._eviction = eviction
        self.overrides: dict[str, DomainOverride] = {}
        """Domain → what an operator has set for it."""
        self._changed: dict[str, float] = {}
        """Domain with a changed policy → when its limiter got the last one."""

    def register(self, name: str, batch: Batch, now: float) -> DomainState:
        """Return the domain of a batch's items, under the policies of all its batches; make it if it is new."""
        state = self._state
        if name in batch.open_by_domain:
            state.domain_index.add(batch, name)
        domain = state.domains.get(name)
        if domain is None:
            domain = DomainState(name, batch.politeness.policy(name), self.override_of(name))
            state.domains[name] = domain
            state.unrecalled[name] = None
            if name not in state.domain_index:
                self._eviction.note((name,), now=now)
        else:
            self.recompute(domain, batch)
        if not domain.has_robots(now):
            state.robots_queue[name] = None
        self._give_up.check(name)
        return domain

    def recalled(self, names: Iterable[str]) -> None:
        """Record that the journal's records of some domains were applied."""
        for name in names:
            if name in self._state.unrecalled:
                del self._state.unrecalled[name]
                self._state.frontier.resume_domain(name)

    def recompute(self, state: DomainState, batch: Batch) -> None:
        """Recompute a domain's policy: a batch came to it, or started or stopped work there."""
        self._set_policy(
            state, self._state.domain_index.policy(state.name) or batch.politeness.policy(state.name)
        )

    def recompute_left(self, names: Iterable[str]) -> None:
        """Recompute the policies of a closed batch's domains; drop each robots.txt that is not needed (the journal has it)."""
        for state in (self._state.domains[name] for name in names if name in self._state.domains):
            policy = self._state.domain_index.policy(state.name)
            if policy is not None:
                self._set_policy(state, policy)
            else:
                state.forget_robots()
                self._state.robots_queue.pop(state.name, None)

    def override_of(self, name: str) -> DomainOverride:
        """Return the override of a domain; that of its host holds at each port."""
        return override_for(name, self.overrides)

    def set_override(self, name: str, setting: DomainOverride) -> set[str]:
        """Set a domain's override, for all batches of now and later; return the known domains under it."""
        self.overrides[name] = setting
        names = self._known(name)
        for known in names:
            state = self._state.domains[known]
            was, state.override = state.effective, self.override_of(known)
            self._apply_change(state, was)
            self._state.frontier.resume_domain(known)  # it may have been paused
            self._state.robots_queue.wake(known)
        return names

    def lift(self, name: str, *, now: float) -> set[str]:
        """End the rests of a domain, of a host at each port; return the known domains among them."""
        names = self._known(name)
        for known in names:
            self._state.domains[known].lift()
            self._state.frontier.lift(known, now)
            self._state.frontier.resume_domain(known)
            self._state.robots_queue.wake(known)
        return names

    def _known(self, name: str) -> set[str]:
        """Return the known domains of a name: that domain, or a host at each port."""
        return {known for known in self._state.domains if name in (known, host_of(known))}

    def _set_policy(self, state: DomainState, policy: DomainPolicy) -> None:
        was, state.policy = state.effective, policy
        self._apply_change(state, was)

    def _apply_change(self, state: DomainState, was: DomainPolicy) -> None:
        if state.changed_from(was):
            self.note_change(state.name)
            for lease in self._state.leases.values():
                lease.configured.discard(state.name)
            self._state.frontier.resume_domain(state.name)
            self._state.robots_queue.wake(state.name)

    def forget(self, domain: str) -> None:
        """Forget a domain; its override stays."""
        self._changed.pop(domain, None)

    def note_change(self, domain: str) -> None:
        """Record a changed policy: it is to be sent to the limiter."""
        self._changed.setdefault(domain, -math.inf)

    def changed(self, *, now: float, is_current: Callable[[str], bool]) -> set[str]:
        """Return the domains whose policies are to be sent to limiters, each at most once in `TELL_EVERY_S`; ``is_current``:
        its limiter has confirmed the present one."""
        due = {name for name, sent_at in self._changed.items() if now - sent_at >= TELL_EVERY_S}
        for name in due:
            if is_current(name):
                del self._changed[name]
            else:
                self._changed[name] = now
        return due & self._changed.keys()

    @property
    def next_at(self) -> float | None:
        """The moment at which the next policy is due, or None."""
        return min(self._changed.values()) + TELL_EVERY_S if self._changed else None
