"""The demand of the domains with work: all of a few are counted, of many a sample, another one each time.

So a batch of fifty thousand hosts costs the calls of other batches no more than one of a thousand. Moments are monotonic
seconds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.autoscaling import ExpectedLoad, expected_load
from tlray.core.scheduling.engine_state import EngineState

LOOKED_AT = 512
"""Domains in a sample."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SampledDemand:
    """The demand of all domains, from a sample."""

    pages_per_s: float
    slow_per_s: float
    """Pages a second of the domains that one task has to itself."""
    n_in_flight: float
    n_queued: int


class DomainSample:
    """The domains with work, and samples of them."""

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._at_work: set[str] = set()
        """Domains that had work in the last count."""
        self._n = 0
        self._stride = 1

    @property
    def is_sample(self) -> bool:
        """True if the last count was a sample."""
        return self._stride > 1

    def part(self, names: Collection[T]) -> list[T]:
        """Return the domains of this sample."""
        stride = math.ceil(len(names) / LOOKED_AT)
        return list(names)[self._n % stride :: stride] if stride > 1 else list(names)

    def count(self, names: set[str], *, now: float) -> SampledDemand:
        """Return the demand of domains with leased or available items."""
        self._n += 1
        self._stride = math.ceil(len(names) / LOOKED_AT)
        looked = self.part(names)
        domains = self._state.domains
        at_work = [name for name in looked if not domains[name].rests(now)]
        self._note_at_work(names, looked, at_work, now)
        found = [
            (expected_load_of(state), state.is_single_task) for state in map(domains.__getitem__, at_work)
        ]
        n_queued = sum(self._state.frontier.n_queued(name) for name in at_work)
        share = len(looked) / len(names) if names else 1.0
        return SampledDemand(
            pages_per_s=sum(comes_to.pages_per_s for comes_to, _ in found) / share,
            slow_per_s=sum(comes_to.pages_per_s for comes_to, is_slow in found if is_slow) / share,
            n_in_flight=sum(comes_to.n_in_flight for comes_to, _ in found) / share,
            n_queued=math.ceil(n_queued / share),
        )

    def _note_at_work(
        self, names: set[str], looked: Iterable[str], at_work: Iterable[str], now: float
    ) -> None:
        """Restart the throughput of domains that have work again."""
        domains, was = self._state.domains, self._at_work
        resting = was.intersection(looked).difference(at_work)
        gone = self.part(was - names)
        for name in set(at_work) - was:
            domains[name].throughput.begin(now=now, cool_until=domains[name].cool_until)
        was.difference_update(name for name in (*resting, *gone) if not self._has_work(domains[name], now))
        was.update(at_work)

    def _has_work(self, state: DomainState, now: float) -> bool:
        """True if a domain without available items still has work: it rests, or its items are in the journal."""
        if state.override.is_paused:
            return False
        return state.is_cooling(now) or self._state.frontier.has_queued(state.name)

    def forget(self, name: str) -> None:
        """Forget a domain."""
        self._at_work.discard(name)


def expected_load_of(state: DomainState) -> ExpectedLoad:
    """Return the throughput of a domain under its policy."""
    policy = state.effective
    return expected_load(rate=policy.rate, slots=policy.concurrency, latency_s=state.throughput.latency_s)
