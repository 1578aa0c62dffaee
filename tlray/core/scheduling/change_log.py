"""What has changed of a batch since the version that somebody saw? The newest change of each item, as many as are kept.

A change carries the version of the batch that first shows it. Who says up to which version it knows everything is told
all changes since, or that some of them are no longer here (they were pushed out, or made many at once): then the batch's
counts are still true, and the items themselves are to be read again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

from tlray.core.model.lifecycle import ItemState
from tlray.core.model.progress import ItemUpdate

T = TypeVar("T")
MAX_KEPT = 2_000
"""Changes of one batch."""


@dataclass(frozen=True, slots=True)
class ItemChanged:
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


class Changes(Generic[T]):
    """The newest change of each item, the oldest of them forgotten first."""

    def __init__(self, *, known_since: int, max_kept: int = MAX_KEPT) -> None:
        self._known_since = known_since
        """Every change that a later version shows is here."""
        self._max_kept = max_kept
        self._newest: OrderedDict[int, tuple[int, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._newest)

    def note(self, item_id: int, change: T, *, version: int) -> None:
        """Take in a change that ``version`` is the first to show; versions come in order."""
        self._newest[item_id] = version, change
        self._newest.move_to_end(item_id)
        if len(self._newest) > self._max_kept:
            _, (pushed_out, _) = self._newest.popitem(last=False)
            self._known_since = max(self._known_since, pushed_out)

    def lose(self, *, version: int) -> None:
        """Take in that ``version`` is the first to show changes of many items that are not told one by one."""
        self._newest.clear()
        self._known_since = version

    def take(self, since: int) -> tuple[list[T], bool]:
        """Return the changes that versions above ``since`` show, in the order made, and whether these are all."""
        found = []
        for version, change in reversed(self._newest.values()):
            if version <= since:
                break
            found.append(change)
        found.reverse()
        return found, since >= self._known_since
