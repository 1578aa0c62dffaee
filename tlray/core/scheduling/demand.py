"""The work that the domains which have something to do come to: all of a few, of a large crowd a sample, another each time.

So a batch of fifty thousand hosts costs the calls of every other batch no more than one of a thousand. Moments are monotonic
seconds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.autoscaling import Flow, flow
from tlray.core.scheduling.engine_state import EngineState

LOOKED_AT = 512
"""Domains that are looked at each time."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """What they come to."""

    pages_per_s: float
    slow_per_s: float
    """Of domains that are left to one task each."""
    n_in_flight: float
    n_queued: int


class Census:
    """The domains of an engine that have something to do."""

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._at_work: set[str] = set()
        """Domains that had something to do when they were looked at last."""
        self._n = 0
        self._stride = 1

    @property
    def is_sample(self) -> bool:
        """Whether not all were looked at the last time."""
        return self._stride > 1

    def part(self, names: Collection[T]) -> list[T]:
        """Return those of some domains that are looked at this time."""
        stride = math.ceil(len(names) / LOOKED_AT)
        return list(names)[self._n % stride :: stride] if stride > 1 else list(names)

    def count(self, names: set[str], *, now: float) -> Found:
        """Count domains that items are held or may be taken of."""
        self._n += 1
        self._stride = math.ceil(len(names) / LOOKED_AT)
        looked = self.part(names)
        domains = self._state.domains
        at_work = [name for name in looked if not domains[name].rests(now)]
        self._note_at_work(names, looked, at_work, now)
        found = [(flow_of(state), state.is_for_one) for state in map(domains.__getitem__, at_work)]
        n_queued = sum(self._state.frontier.n_queued(name) for name in at_work)
        share = len(looked) / len(names) if names else 1.0
        return Found(
            pages_per_s=sum(comes_to.pages_per_s for comes_to, _ in found) / share,
            slow_per_s=sum(comes_to.pages_per_s for comes_to, is_slow in found if is_slow) / share,
            n_in_flight=sum(comes_to.n_in_flight for comes_to, _ in found) / share,
            n_queued=math.ceil(n_queued / share),
        )

    def _note_at_work(
        self, names: set[str], looked: Iterable[str], at_work: Iterable[str], now: float
    ) -> None:
        """Let the paces of domains that have something to do, and had nothing, begin anew."""
        domains, was = self._state.domains, self._at_work
        resting = was.intersection(looked).difference(at_work)
        gone = self.part(was - names)
        for name in set(at_work) - was:
            domains[name].pace.begin(now=now, cool_until=domains[name].cool_until)
        was.difference_update(name for name in (*resting, *gone) if not self._has_work(domains[name], now))
        was.update(at_work)

    def _has_work(self, state: DomainState, now: float) -> bool:
        """Whether a domain that nothing is taken from just now is in the midst of its work: it rests, or is read from the
        journal."""
        if state.by_hand.is_paused:
            return False
        return state.is_cooling(now) or self._state.frontier.n_queued(state.name) > 0

    def forget(self, name: str) -> None:
        """Take in that a domain is forgotten."""
        self._at_work.discard(name)


def flow_of(state: DomainState) -> Flow:
    """Return what a domain comes to under its manners."""
    policy = state.effective
    return flow(rate=policy.rate, slots=policy.concurrency, latency_s=state.pace.latency_s)
