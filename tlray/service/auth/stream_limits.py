"""The bound on answers that last: a socket, an event stream, a request that waits for the next set. Each takes one of a replica's
places for as long as it lasts; one user has so many of them, and all users together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tlray.service.auth.principal import Principal
from tlray.service.http.problems import too_often
from tlray.service.http.request_limits import Place
from tlray.service.http.shutdown import Leaving

MAX_STREAMS: Final = 1_000
"""Of one user and replica; the one local user of a service without tokens is one, too."""
MAX_ALL_STREAMS: Final = 2_000
"""Of a replica."""


class Streams:
    """One replica's answers that last, by user."""

    def __init__(
        self, most: int = MAX_STREAMS, most_of_all: int = MAX_ALL_STREAMS, *, leaving: Leaving | None = None
    ) -> None:
        self.leaving = leaving or Leaving()
        """Whether they are to end."""
        self._most, self._most_of_all = most, most_of_all
        self._n: Counter[str] = Counter()

    def see(self, principal: Principal) -> None:
        """Refuse (429) one more of a user who has as many as one may have, or of anybody where the replica has."""
        if self._n[principal.user] >= self._most:
            raise too_often(5.0, f"{self._most:,} sockets and streams are open already; close some")
        if self._n.total() >= self._most_of_all:
            raise too_often(5.0, f"{self._most_of_all:,} sockets and streams are open here, of all users")

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


@dataclass(frozen=True, slots=True)
class OwnStreams:
    """The streams as one request sees them: what it opens is counted as a stream instead of as a request in progress."""

    streams: Streams
    place: Place

    @property
    def leaving(self) -> Leaving:
        """Whether they are to end."""
        return self.streams.leaving

    def see(self, principal: Principal) -> None:
        """Refuse (429) one more stream where it is one too many."""
        self.streams.see(principal)

    @contextmanager
    def one(self, principal: Principal) -> Iterator[None]:
        """Count a stream for as long as it lasts, and the request not for so long."""
        with self.streams.one(principal), self.place.aside():
            yield
