"""The items that may have killed a worker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CrashSuspect:
    """The item or the robots.txt that was being read; if there was none, the items that had begun."""

    item_id: int | None = None
    robots_of: str | None = None
    begun: frozenset[int] | None = None
    """Items that were being fetched or waited to be read; None: unknown, each item of the lease may be the cause."""

    def accuses(self, item_id: int) -> bool:
        """True if a loss counts against an item."""
        if self.item_id is not None or self.robots_of is not None:
            return item_id == self.item_id
        return self.begun is None or item_id in self.begun


ANY_ITEM = CrashSuspect()
NO_ITEM = CrashSuspect(begun=frozenset())
"""The task had begun no item."""
