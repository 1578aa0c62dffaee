"""How many answers that last may one user have open? A socket, an event stream, a request that waits for the next set: each takes
one of a replica's places for as long as it lasts, and nobody is to have all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tlray.service.access import too_often
from tlray.service.leaving import Leaving
from tlray.service.principal import OPEN, Principal

MAX_STREAMS: Final = 1_000
"""Of one user and replica."""


class Streams:
    """One replica's answers that last, by user."""

    def __init__(self, most: int = MAX_STREAMS, *, leaving: Leaving | None = None) -> None:
        self.leaving = leaving or Leaving()
        """Whether they are to end."""
        self._most = most
        self._n: Counter[str] = Counter()

    def see(self, principal: Principal) -> None:
        """Refuse (429) one more of a user who has as many as one may have. The one local user of a service without tokens is
        not counted."""
        if principal is not OPEN and self._n[principal.user] >= self._most:
            raise too_often(5.0, f"{self._most:,} sockets and streams are open already; close some")

    @contextmanager
    def one(self, principal: Principal) -> Iterator[None]:
        """Count one for as long as it lasts."""
        self.see(principal)
        self._n[principal.user] += 1
        try:
            yield
        finally:
            self._n[principal.user] -= 1
            if not self._n[principal.user]:
                del self._n[principal.user]
