"""Aging among priorities: higher ones go first, and lower ones still get a share.

For every `AGEING` items of higher priorities, a lower priority with waiting items is owed one. That item is taken first, and
one is allowed even where the lease-ahead of its domain is full. A priority without waiting items collects nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlray.core.model.item import Priority

AGEING = 16
"""Items of higher priorities for one of a lower priority."""
MAX_OWED = 4
"""The most items that a priority may be owed."""


class Aging:
    """The items that lower priorities are owed."""

    def __init__(self) -> None:
        self._passed = dict.fromkeys(Priority, 0)

    def owed(self) -> Iterator[tuple[Priority, int]]:
        """Return the priorities that are owed items now, the lowest first, each with their number."""
        for priority in reversed(Priority):
            if n := self._passed[priority] // AGEING:
                yield priority, n

    def count_in_order(self, priority: Priority, n: int) -> None:
        """Count items that were taken in order of priority."""
        for lower in Priority:
            if lower > priority:
                self._passed[lower] = min(MAX_OWED * AGEING, self._passed[lower] + n)

    def count_owed(self, priority: Priority, n: int) -> None:
        """Count items that were taken because they were owed."""
        self._passed[priority] -= n * AGEING
