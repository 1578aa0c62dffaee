"""How many requests of each holder, a user or an address, may be in progress at once.

Of those that still send their body only half as many: who stalls their uploads can still be answered, and whoever shares an
address with them can still ask.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class _Count:
    n: int = 0
    n_sending: int = 0


class ConcurrencyLimit:
    """Requests in progress, by holder."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.most_sending = max(1, most // 2)
        self.n_all = 0
        self._counts: dict[str, _Count] = {}

    def is_full(self, holder: str, *, is_sending: bool) -> bool:
        """True if one request more of a holder is one too many."""
        count = self._counts.get(holder)
        if count is None:
            return False
        return count.n >= self.most or (is_sending and count.n_sending >= self.most_sending)

    def enter(self, holder: str, *, is_sending: bool) -> None:
        """Count one request more."""
        count = self._counts.setdefault(holder, _Count())
        count.n += 1
        count.n_sending += is_sending
        self.n_all += 1

    def body_arrived(self, holder: str) -> None:
        """Note that a request has sent all of its body."""
        self._counts[holder].n_sending -= 1

    def leave(self, holder: str, *, is_sending: bool) -> None:
        """Count one request less."""
        count = self._counts[holder]
        count.n -= 1
        count.n_sending -= is_sending
        self.n_all -= 1
        if not count.n:
            del self._counts[holder]
