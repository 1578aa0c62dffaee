"""The eviction of domains that are not needed from memory.

A domain is evicted when no open batch has items there, no robots.txt is fetched from it, its rest is over, and its politeness
window has passed: a new bucket would be full as well. History that is not journalled (a lowered rate, blocks, failures in a
row) keeps a domain for `HISTORY_S` more. When a domain comes back, the journal's record of it is applied first
(`tlray.cluster.coordinator.domain_recall`). Moments are monotonic seconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.engine_state import EngineState

SETTLED_S = 10.0
"""Added to the politeness window: permits reach half a second ahead, and calls may be late."""
HISTORY_S = 3_600.0


class Eviction:
    """The idle domains of an engine."""

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._idle_since: dict[str, float] = {}
        self._due: list[tuple[float, str]] = []
        """A heap of the next checks, one entry a domain."""
        self._robots_requests: dict[str, set[str]] = {}
        """Domain → the domains whose robots.txt may be fetched from it."""

    def __repr__(self) -> str:
        return f"<Forgetting {len(self._idle_since)} idle domains>"

    def __contains__(self, domain: str) -> bool:
        return domain in self._idle_since

    def note(self, names: Iterable[str], *, now: float) -> None:
        """Add domains at which no batch has items."""
        for name in names:
            if name not in self._idle_since:
                heapq.heappush(self._due, (now + SETTLED_S, name))
            self._idle_since[name] = now
            if self._state.domains[name].robots_lease is not None:
                self._robots_requests.setdefault(name, set()).add(name)

    def note_robots_request(self, domain: str, of: str) -> None:
        """Record that the robots.txt of one domain is fetched from another."""
        if domain != of:
            self._robots_requests.setdefault(domain, set()).add(of)

    def next_at(self) -> float | None:
        """Return the moment of the next check, or None."""
        return self._due[0][0] if self._due else None

    def step(self, now: float) -> set[str]:
        """Evict the domains that are due, and return them."""
        gone = set()
        while self._due and self._due[0][0] <= now:
            _, name = heapq.heappop(self._due)
            if name in self._state.domain_index:
                del self._idle_since[name]  # it is in use again; the end of its batch adds it again
                continue
            domain = self._state.domains[name]
            if self._had_robots_request(name):
                self._idle_since[name] = now
            at = self._may_go_at(domain, self._idle_since[name])
            if at > now:
                heapq.heappush(self._due, (at, name))
            else:
                self._forget(name)
                gone.add(name)
        return gone

    def _may_go_at(self, domain: DomainState, idle_since: float) -> float:
        window_s = domain.effective.burst / domain.effective.rate + SETTLED_S
        lessons_s = HISTORY_S if domain.has_history else 0.0
        return max(idle_since + window_s, idle_since + lessons_s, domain.cool_until)

    def _had_robots_request(self, name: str) -> bool:
        """True if a robots.txt may have been fetched from a domain since the last check."""
        noted = self._robots_requests.pop(name, set())
        known = (self._state.domains[of] for of in noted if of in self._state.domains)
        if running := {other.name for other in known if other.robots_lease is not None}:
            self._robots_requests[name] = running
        return bool(noted)

    def _forget(self, name: str) -> None:
        state = self._state
        del state.domains[name], self._idle_since[name]
        state.unrecalled.pop(name, None)
        state.robots_queue.pop(name, None)
        state.frontier.forget(name)
