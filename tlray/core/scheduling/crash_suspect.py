"""What may have killed a worker? What its task had in hand when it died."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suspect:
    """An item whose page was being read, or a domain whose robots.txt was; where nothing was, the items that had begun."""

    item_id: int | None = None
    robots_of: str | None = None
    begun: frozenset[int] | None = None
    """Items whose page was being fetched or waited to be read; None: nobody can say, each item of the lease may have done it."""

    def accuses(self, item_id: int) -> bool:
        """Whether a loss counts against an item."""
        if self.item_id is not None or self.robots_of is not None:
            return item_id == self.item_id
        return self.begun is None or item_id in self.begun


EACH = Suspect()
NOBODY = Suspect(begun=frozenset())
"""The task had begun nothing."""
