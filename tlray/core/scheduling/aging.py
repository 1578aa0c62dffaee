"""Whose turn is it among the priorities? The higher one's, but the lower ones are never passed over for ever.

Every `AGEING` items of higher priorities, a lower priority that has something waiting is owed one item: it is
taken first, with a foot in the door of a domain whose lease-ahead is full. What is owed to a priority that
has nothing waiting does not pile up.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlray.core.model.item import Priority

AGEING = 16
"""Items of higher priorities for one of a lower that waits."""
MAX_OWED = 4
"""Items that a priority may be owed at most."""


class Turns:
    """What the lower priorities are owed."""

    def __init__(self) -> None:
        self._passed = dict.fromkeys(Priority, 0)

    def owed(self) -> Iterator[tuple[Priority, int]]:
        """Return the priorities that are owed items now, the lowest first, and how many."""
        for priority in reversed(Priority):
            if n := self._passed[priority] // AGEING:
                yield priority, n

    def took(self, priority: Priority, n: int) -> None:
        """Count items taken in order: the lower priorities were passed over."""
        for lower in Priority:
            if lower > priority:
                self._passed[lower] = min(MAX_OWED * AGEING, self._passed[lower] + n)

    def paid(self, priority: Priority, n: int) -> None:
        """Count items taken because they were owed."""
        self._passed[priority] -= n * AGEING
