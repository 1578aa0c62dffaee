"""What may be forgotten of a domain, and when: its state in memory, once nobody has anything to do with it.

A domain is forgotten when no open batch has items there, no robots.txt is being fetched from it, its rest is over, and its
politeness window has passed: then a full bucket is what it would have anyway. What it has taught us by then that the journal does
not keep (that it bears less than its rate, blocks, failures in a row) is kept for `LESSONS_S` more. When it comes back, what
the journal remembers of it counts again (`tlray.cluster.coordinator.domain_recall`). Each domain is looked at when its time has
come, by a heap; moments are monotonic seconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.engine_state import EngineState

SETTLED_S = 10.0
"""Besides its politeness window: permits reach half a second ahead, and calls come late."""
LESSONS_S = 3_600.0


class Forgetting:
    """The domains of an engine that nobody has anything to do with."""

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._idle_since: dict[str, float] = {}
        self._due: list[tuple[float, str]] = []
        """When to look at which of them; one entry each."""
        self._errands: dict[str, set[str]] = {}
        """Domain → those whose robots.txt may be on its way from it."""

    def __repr__(self) -> str:
        return f"<Forgetting {len(self._idle_since)} idle domains>"

    def __contains__(self, domain: str) -> bool:
        return domain in self._idle_since

    def note(self, names: Iterable[str], *, now: float) -> None:
        """Take in that no batch has, or that none has ever had, items at some domains."""
        for name in names:
            if name not in self._idle_since:
                heapq.heappush(self._due, (now + SETTLED_S, name))
            self._idle_since[name] = now
            if self._state.domains[name].robots_lease is not None:
                self._errands.setdefault(name, set()).add(name)

    def note_errand(self, domain: str, of: str) -> None:
        """Take in that the robots.txt of one domain is to be fetched from another."""
        if domain != of:
            self._errands.setdefault(domain, set()).add(of)

    def next_at(self) -> float | None:
        """Return when to look again, or None."""
        return self._due[0][0] if self._due else None

    def step(self, now: float) -> set[str]:
        """Forget the domains whose time has come, and return them."""
        gone = set()
        while self._due and self._due[0][0] <= now:
            _, name = heapq.heappop(self._due)
            if name in self._state.presence:
                del self._idle_since[name]  # it came back; the end of its batch notes it again
                continue
            domain = self._state.domains[name]
            if self._had_errand(name):
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
        lessons_s = LESSONS_S if domain.has_lessons else 0.0
        return max(idle_since + window_s, idle_since + lessons_s, domain.cool_until)

    def _had_errand(self, name: str) -> bool:
        """Whether a robots.txt may have been fetched from a domain since it was looked at last."""
        noted = self._errands.pop(name, set())
        known = (self._state.domains[of] for of in noted if of in self._state.domains)
        if running := {other.name for other in known if other.robots_lease is not None}:
            self._errands[name] = running
        return bool(noted)

    def _forget(self, name: str) -> None:
        state = self._state
        del state.domains[name], self._idle_since[name]
        state.strangers.pop(name, None)
        state.robots_wanted.pop(name, None)
        state.frontier.forget(name)
