"""How is each domain treated just now? As gently as every batch that is at work asks for, unless a person has set something.

Whoever deals with a domain hears of a change: the tasks that hold items of it with their next answer, its limiter when the
coordinator tells it (`changed`). Moments are monotonic seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from tlray.core.model.lifecycle import BatchState
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.override import SetByHand, set_for
from tlray.core.politeness.policy import DomainPolicy, gentlest, host_of
from tlray.core.scheduling.batch import BatchBook
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.eviction import Forgetting
from tlray.core.scheduling.give_up import Patience

TELL_EVERY_S = 1.0
"""A limiter hears of changes of one domain no more often than this."""
_HAS_NO_SAY = (BatchState.SCHEDULED, BatchState.PAUSED)


class Treatment:
    """The domains of an engine."""

    def __init__(self, state: EngineState, patience: Patience, forgetting: Forgetting) -> None:
        self._state = state
        self._patience = patience
        self._forgetting = forgetting
        self.by_hand: dict[str, SetByHand] = {}
        """Domain → what a person has set for it."""
        self._restless: dict[str, float] = {}
        """Domain whose policy changes → when its limiter was told last."""

    def policy(self, domain: str) -> DomainPolicy | None:
        """Return a policy as gentle as each that the open batches ask for; None if none has to do with it. One of which nothing
        is fetched now has no say beside others."""
        open_here = self._state.presence.at(domain)
        at_work = [book for book in open_here if book.state not in _HAS_NO_SAY]
        return gentlest(book.manners.policy(domain) for book in at_work or open_here)

    def learn_of(self, name: str, book: BatchBook, now: float) -> DomainState:
        """Return a domain at which a batch has items, under the policies of all batches that do; make it if it is new."""
        state = self._state
        if name in book.open_by_domain:
            state.presence.come(book, name)
        domain = state.domains.get(name)
        if domain is None:
            domain = DomainState(name, book.manners.policy(name), self.by_hand_of(name))
            state.domains[name] = domain
            state.strangers[name] = None
            if name not in state.presence:
                self._forgetting.note((name,), now=now)
        else:
            self.look_at(domain, book)
        if not domain.knows_robots(now):
            state.robots_wanted[name] = None
        self._patience.look_at(name)
        return domain

    def recalled(self, names: Iterable[str]) -> None:
        """Take in that what the journal remembers of some domains has been applied."""
        for name in names:
            if name in self._state.strangers:
                del self._state.strangers[name]
                self._state.frontier.unpark(name)

    def look_at(self, state: DomainState, book: BatchBook) -> None:
        """Take in that a batch has come to a domain, or begins or ceases to be at work there."""
        self._treat(state, self.policy(state.name) or book.manners.policy(state.name))

    def look_again(self, names: Iterable[str]) -> None:
        """Take in that a batch is gone from its domains: what it asked for counts no more, and each robots.txt that nobody needs
        any more is forgotten (the journal has them)."""
        for state in (self._state.domains[name] for name in names if name in self._state.domains):
            policy = self.policy(state.name)
            if policy is not None:
                self._treat(state, policy)
            else:
                state.forget_robots()
                self._state.robots_wanted.pop(state.name, None)

    def by_hand_of(self, name: str) -> SetByHand:
        """Return what a person has set for a domain, or for its host and so for each of its ports."""
        return set_for(name, self.by_hand)

    def set_by_hand(self, name: str, setting: SetByHand) -> set[str]:
        """Take in what a person has set for a domain, for all batches of now and later; return the domains that it concerns."""
        self.by_hand[name] = setting
        concerned = self._named(name)
        for known in concerned:
            state = self._state.domains[known]
            was, state.by_hand = state.effective, self.by_hand_of(known)
            self._see_change(state, was)
            self._state.frontier.unpark(known)  # it may have been paused
            self._state.robots_wanted.wake(known)
        return concerned

    def lift(self, name: str, *, now: float) -> set[str]:
        """End the rests of a domain, of a host at each of its ports; return the domains that it concerns."""
        concerned = self._named(name)
        for known in concerned:
            self._state.domains[known].lift()
            self._state.frontier.lift(known, now)
            self._state.frontier.unpark(known)
            self._state.robots_wanted.wake(known)
        return concerned

    def _named(self, name: str) -> set[str]:
        """Return the known domains that a name means: that one, or a host at each of its ports."""
        return {known for known in self._state.domains if name in (known, host_of(known))}

    def _treat(self, state: DomainState, policy: DomainPolicy) -> None:
        was, state.policy = state.effective, policy
        self._see_change(state, was)

    def _see_change(self, state: DomainState, was: DomainPolicy) -> None:
        if state.changed_from(was):
            self.note(state.name)
            for lease in self._state.leases.values():
                lease.told.discard(state.name)
            self._state.frontier.unpark(state.name)
            self._state.robots_wanted.wake(state.name)

    def forget(self, domain: str) -> None:
        """Take in that a domain is forgotten; what a person has set for it stays."""
        self._restless.pop(domain, None)

    def note(self, domain: str) -> None:
        """Take in that a domain's rate is another one: its limiter is to be told."""
        self._restless.setdefault(domain, -math.inf)

    def changed(self, *, now: float, is_current: Callable[[str], bool]) -> set[str]:
        """Return the domains whose limiters are to be told of another policy, each at most once in `TELL_EVERY_S`;
        ``is_current`` says that a domain's limiter knows it as it is."""
        due = {name for name, told_at in self._restless.items() if now - told_at >= TELL_EVERY_S}
        for name in due:
            if is_current(name):
                del self._restless[name]
            else:
                self._restless[name] = now
        return due & self._restless.keys()

    @property
    def next_at(self) -> float | None:
        """When a limiter is to be told next, or None."""
        return min(self._restless.values()) + TELL_EVERY_S if self._restless else None
