"""The newest change of each item of a batch, up to a number of them.

A change carries the version of the batch that first shows it. A reader that has seen a version gets all later changes, or is
told that some are missing (pushed out, or many items at once). Then the counts of the batch are still true, and the items must
be read again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

from tlray.core.model.lifecycle import ItemState
from tlray.core.model.progress import ItemUpdate

T = TypeVar("T")
MAX_KEPT = 2_000
"""The largest number of changes of one batch."""


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """An item that became final, or that will be tried again."""

    item_id: int
    url: str
    state: ItemState
    attempt: int
    """The attempt that was made."""
    reason: str | None
    at: float
    """Monotonic."""

    def as_json(self, *, now: float, wall: float) -> ItemUpdate:
        """Return it as JSON; ``now`` and ``wall`` are one moment on the two clocks."""
        return {
            "item_id": str(self.item_id),
            "url": self.url,
            "state": self.state.value,
            "attempt": self.attempt,
            "reason": self.reason,
            "at": round(wall - (now - self.at), 3),
        }


class ChangeLog(Generic[T]):
    """The newest changes; the oldest are dropped first."""

    def __init__(self, *, known_since: int, max_kept: int = MAX_KEPT) -> None:
        self._known_since = known_since
        """Every change of a later version is here."""
        self._max_kept = max_kept
        self._newest: OrderedDict[int, tuple[int, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._newest)

    def add(self, item_id: int, change: T, *, version: int) -> None:
        """Add a change that ``version`` is the first to show; versions come in order."""
        self._newest[item_id] = version, change
        self._newest.move_to_end(item_id)
        self.trim(self._max_kept)

    def reset(self, *, version: int) -> None:
        """Drop all changes: ``version`` is the first to show changes of many items at once."""
        self._newest.clear()
        self._known_since = version

    def trim(self, n_kept: int, *, until: int | None = None) -> None:
        """Drop the oldest changes beyond ``n_kept``; with ``until`` only those of versions up to it."""
        while len(self._newest) > n_kept:
            version, _ = next(iter(self._newest.values()))
            if until is not None and version > until:
                break
            self._newest.popitem(last=False)
            self._known_since = max(self._known_since, version)

    def take(self, since: int) -> tuple[list[T], bool]:
        """Return the changes of versions above ``since``, in order, and whether these are all."""
        found, _, is_complete = self.newest(since)
        return found, is_complete

    def newest(self, since: int, most: int | None = None) -> tuple[list[T], int, bool]:
        """Return the last ``most`` changes of versions above ``since``, in order; how many there are; whether these are all."""
        found: list[T] = []
        n = 0
        for version, change in reversed(self._newest.values()):
            if version <= since:
                break
            n += 1
            if most is None or n <= most:
                found.append(change)
        found.reverse()
        return found, n, since >= self._known_since
