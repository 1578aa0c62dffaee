"""The numbers of open items by owner, kept up to date with every change."""

from __future__ import annotations


class OpenItems:
    """Numbers of open items; of one owner and in all."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}
        self._in_all = 0

    def add(self, owner: str, n: int) -> None:
        """Count ``n`` more items of an owner; less if it is negative."""
        self._in_all += n
        self._of[owner] = self._of.get(owner, 0) + n
        if not self._of[owner]:
            del self._of[owner]

    def of(self, owner: str | None) -> int:
        """Return the number of an owner; None: of all."""
        return self._in_all if owner is None else self._of.get(owner, 0)
