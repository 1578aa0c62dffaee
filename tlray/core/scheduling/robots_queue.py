"""Domains whose robots.txt is to be fetched, those of the highest priority first.

There may be many thousands of which none can be fetched now: they are put off, so that no report has to check them. Moments are
monotonic seconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from tlray.core.model.item import Priority

_NOBODY = len(Priority)
"""The place of a domain without a lane."""


class RobotsQueue:
    """An ordered set of domains, some of them put off."""

    def __init__(self, priority_of: Callable[[str], int | None]) -> None:
        self._priority_of = priority_of
        self._place: dict[str, int] = {}
        self._awake: tuple[dict[str, None], ...] = tuple({} for _ in range(_NOBODY + 1))
        self._off: dict[str, float] = {}
        """Domain → the moment until which it is put off."""
        self._later: list[tuple[float, str]] = []

    def __repr__(self) -> str:
        return f"<RobotsWanted {self.n_awake} now, {len(self._off)} later>"

    def __len__(self) -> int:
        return len(self._place) + len(self._off)

    def __iter__(self) -> Iterator[str]:
        return iter((*self._place, *self._off))

    def __contains__(self, name: str) -> bool:
        return name in self._place or name in self._off

    @property
    def n_awake(self) -> int:
        """The number of requests that are not put off."""
        return len(self._place)

    def __setitem__(self, name: str, _: None) -> None:
        """Add a domain, to be fetched now."""
        self.pop(name)
        priority = self._priority_of(name)
        place = self._place[name] = _NOBODY if priority is None else priority
        self._awake[place][name] = None

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def pop(self, name: str, _: None = None) -> None:
        """Remove a domain."""
        self._off.pop(name, None)
        place = self._place.pop(name, None)
        if place is not None:
            del self._awake[place][name]

    def put_off(self, name: str, until: float) -> None:
        """Put a domain off."""
        self.pop(name)
        self._off[name] = until
        heapq.heappush(self._later, (until, name))

    def wake(self, name: str) -> None:
        """End the put-off of a domain: it may be fetched by now."""
        if name in self._off:
            self[name] = None

    def in_order(self, now: float) -> Iterator[str]:
        """Yield the domains that are not put off; the caller may remove them, or put them off."""
        while self._later and self._later[0][0] <= now:
            until, name = heapq.heappop(self._later)
            if self._off.get(name) == until:
                self[name] = None
        for awake in self._awake:
            yield from list(awake)
