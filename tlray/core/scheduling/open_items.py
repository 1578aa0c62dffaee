"""The numbers of open items by owner, kept up to date with every change, and of those that have become final."""

from __future__ import annotations

from tlray.core.model.lifecycle import ItemState


class OpenItems:
    """Numbers of open items; of one owner and in all. And how many have become final, by state, since somebody asked."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}
        self._in_all = 0
        self._finals: dict[ItemState, int] = {}

    def add(self, owner: str, n: int) -> None:
        """Count ``n`` more items of an owner; less if it is negative."""
        self._in_all += n
        self._of[owner] = self._of.get(owner, 0) + n
        if not self._of[owner]:
            del self._of[owner]

    def of(self, owner: str | None) -> int:
        """Return the number of an owner; None: of all."""
        return self._in_all if owner is None else self._of.get(owner, 0)

    def count_final(self, state: ItemState, n: int) -> None:
        """Count ``n`` items that have become final, whatever has brought that about."""
        self._finals[state] = self._finals.get(state, 0) + n

    def take_finals(self) -> dict[ItemState, int]:
        """Return how many items have become final since the last call, by state."""
        finals, self._finals = self._finals, {}
        return finals
