"""Gauges of the engine: its state in a bounded number of figures, for ``/metrics`` and Ray's metrics, which both show these.

No figure is of a batch, a URL or a user. A domain has a label of its own only while there are few of them (`DomainLabels`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Final

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import OutcomeKind
from tlray.core.scheduling.engine import Engine

FREE_LABELS: Final = 20
"""The first domains get a label whatever they fetch, the busiest ones first …"""
MIN_SHARE: Final = 0.05
"""… and later ones with so much of all fetches."""
MAX_LABELS: Final = 100
"""Labels in the life of a coordinator: a store of metrics keeps each for ever."""
OTHER: Final = "other"
_QUEUED: Final = (ItemState.QUEUED, ItemState.WAITING)
_RESTS: Final = frozenset({OutcomeKind.BLOCKED.value, OutcomeKind.THROTTLED.value})


@dataclass(frozen=True, slots=True)
class Gauges:
    """The state of an engine at one moment. Every key is there at any time, also with 0."""

    items: Mapping[str, int]
    """Items of open batches by state."""
    queue: Mapping[str, int]
    """Items that are queued or waiting, by priority, of batches that run."""
    oldest_s: Mapping[str, float]
    """How long the oldest open item of a batch that runs has waited, by priority; 0 without one."""
    domains: Mapping[str, int]
    """Domains that cool down (those among them that block us), are paused, parked, or slow by their robots.txt."""
    leases: int
    in_flight: int
    """Items that scrape tasks hold."""


def gauges(engine: Engine, *, now: float, wall: float) -> Gauges:
    """Return the gauges; ``now`` (monotonic) and ``wall`` are one moment."""
    items = dict.fromkeys((state.value for state in ItemState), 0)
    queue = dict.fromkeys((priority.name.lower() for priority in Priority), 0)
    oldest_s = dict.fromkeys(queue, 0.0)
    for batch in engine.batches.values():
        for state, n in batch.counts.items():
            items[state.value] += n
        if batch.state is BatchState.RUNNING and batch.n_open:
            priority = batch.priority.name.lower()
            queue[priority] += sum(batch.counts.get(state, 0) for state in _QUEUED)
            oldest_s[priority] = max(oldest_s[priority], wall - batch.waits_since)
    domains = engine.domains.values()
    return Gauges(
        items,
        queue,
        oldest_s,
        {
            "cooling": sum(domain.is_cooling(now) for domain in domains),
            "blocked": sum(
                now < d.rest_until and rest_label(d.rest_reason) == OutcomeKind.BLOCKED for d in domains
            ),
            "paused": sum(setting.is_paused for setting in engine.registry.overrides.values()),
            "parked": sum(domain.parked is not None for domain in domains),
            "slowed": sum(domain.slow_because is not None for domain in domains),
        },
        leases=len(engine.leases),
        in_flight=sum(len(lease.items) for lease in engine.leases.values()),
    )


@dataclass(slots=True)
class DomainLabels:
    """The labels of domains: the name of a busy one, while there are few; else ``other``. A label is never taken back."""

    _fetches: dict[str, int] = field(default_factory=dict)
    """Fetches since the last look."""
    _named: set[str] = field(default_factory=set)

    def count(self, domain: str) -> None:
        """Count a fetch of a domain."""
        self._fetches[domain] = self._fetches.get(domain, 0) + 1

    def take(self) -> dict[str, int]:
        """Return the fetches since the last look by label, and name the busiest domains."""
        fetches, self._fetches = self._fetches, {}
        least = MIN_SHARE * sum(fetches.values())
        for name in nlargest(FREE_LABELS, fetches, key=fetches.__getitem__):
            if len(self._named) < (MAX_LABELS if fetches[name] >= least else FREE_LABELS):
                self._named.add(name)
        counts: dict[str, int] = {}
        for name, n in fetches.items():
            label = name if name in self._named else OTHER
            counts[label] = counts.get(label, 0) + n
        return counts

    def ceilings(self, engine: Engine) -> dict[str, float]:
        """Return fetches a second at most, of each domain with a label: 0 for one without a ceiling, or that has gone."""
        found: dict[str, float] = {}
        for name in self._named:
            state = engine.domains.get(name)
            rate = state.ceiling.rate if state is not None else math.inf
            found[name] = 0.0 if math.isinf(rate) else rate
        return found


def rest_label(reason: str) -> str:
    """Return the kind of a rest: the first word of its reason if that is one of a few; else ``other``."""
    kind = reason.partition(":")[0]
    return kind if kind in _RESTS else OTHER
