"""A limit on the requests in progress of one holder: a user, or an address.

Requests that still send their body get half of it, so that a holder with stalled uploads, or another one at that address, is
still answered.
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
        """True if one request more would exceed the limit."""
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
        """Record that a request has sent all of its body."""
        self._counts[holder].n_sending -= 1

    def leave(self, holder: str, *, is_sending: bool) -> None:
        """Count one request less."""
        count = self._counts[holder]
        count.n -= 1
        count.n_sending -= is_sending
        self.n_all -= 1
        if not count.n:
            del self._counts[holder]
