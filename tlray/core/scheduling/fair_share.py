"""The fair share of slow domains for a task, where several tasks share the work.

A slow domain is leased to one task at a time (`tlray.core.politeness.domain`), so the first task would take all of them. A task
takes domains until their pages a second reach its share; it gets no more items of the domains beyond. The shares together are
never less than the whole, so no domain is left over.
"""

from __future__ import annotations

from collections.abc import Mapping

SLACK = 1.2
"""A task keeps what it has up to so many times its share: rates change, and a handover costs time."""


class FairShare:
    """One task's share, during one lease."""

    def __init__(self, held: Mapping[str, float], part: float) -> None:
        """``held`` are its domains, with their pages a second; ``part`` is its share of them."""
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
        """True if it may take items of a domain; the domain then counts."""
        if domain in self._kept:
            return True
        if domain in self._given_up or self._load >= self._part:
            return False
        self._keep(domain, pages_per_s)
        return True

    def _keep(self, domain: str, pages_per_s: float) -> None:
        self._kept.add(domain)
        self._load += pages_per_s
