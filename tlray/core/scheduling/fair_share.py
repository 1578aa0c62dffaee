"""Which of the slow domains does a task take on, where several share the work?

A slow domain is leased to one task at a time (`tlray.core.politeness.domain`), so the first task to ask would hold them all,
and the others had nothing to do. Each takes domains on until what they come to, in pages a second, reaches its part of the
whole; of what it holds beyond that it is given nothing more, and within seconds others may have it. What all parts together
allow is never less than the whole, so no domain is left over.
"""

from __future__ import annotations

from collections.abc import Mapping

SLACK = 1.2
"""A task goes on with what it holds up to so many times its part: rates change, and a change of hands costs time."""


class Share:
    """One task's part, while it is given items."""

    def __init__(self, held: Mapping[str, float], part: float) -> None:
        """``held`` is what it holds: domain → pages a second; ``part`` is what it should come to."""
        self._part = part
        self._kept: set[str] = set()
        self._given_up: set[str] = set()
        self._load = 0.0
        for domain, pages_per_s in sorted(held.items()):
            if self._load < SLACK * part:
                self._keep(domain, pages_per_s)
            else:
                self._given_up.add(domain)

    def may_take(self, domain: str, pages_per_s: float) -> bool:
        """Whether it may take items of a domain; then it takes it on."""
        if domain in self._kept:
            return True
        if domain in self._given_up or self._load >= self._part:
            return False
        self._keep(domain, pages_per_s)
        return True

    def _keep(self, domain: str, pages_per_s: float) -> None:
        self._kept.add(domain)
        self._load += pages_per_s
