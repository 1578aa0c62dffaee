"""The limit of open streams: sockets, event streams and requests that wait for the next set, per user and per replica."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tlray.service.auth.principal import Principal
from tlray.service.http.problems import rate_limited
from tlray.service.http.request_limits import RequestSlot
from tlray.service.http.shutdown import Shutdown

MAX_STREAMS: Final = 1_000
"""Per user and replica; the local user of a service without tokens is one, too."""
MAX_ALL_STREAMS: Final = 2_000
"""Per replica."""


class StreamLimits:
    """The open streams of one replica, by user."""

    def __init__(
        self, most: int = MAX_STREAMS, most_of_all: int = MAX_ALL_STREAMS, *, shutdown: Shutdown | None = None
    ) -> None:
        self.shutdown = shutdown or Shutdown()
        """Ends the streams."""
        self._most, self._most_of_all = most, most_of_all
        self._n: Counter[str] = Counter()

    def require_room(self, principal: Principal) -> None:
        """Raise a problem (429) if the user or the replica has as many streams as allowed."""
        if self._n[principal.user] >= self._most:
            raise rate_limited(5.0, f"you have {self._most:,} open sockets and streams; close some")
        if self._n.total() >= self._most_of_all:
            raise rate_limited(5.0, f"all users together have {self._most_of_all:,} open sockets and streams")

    @contextmanager
    def counted(self, principal: Principal) -> Iterator[None]:
        """Count a stream while it is open."""
        self.require_room(principal)
        self._n[principal.user] += 1
        try:
            yield
        finally:
            self._n[principal.user] -= 1
            if not self._n[principal.user]:
                del self._n[principal.user]


@dataclass(frozen=True, slots=True)
class RequestStreams:
    """The stream limits for one request, whose own slot is free while it has a stream open."""

    limits: StreamLimits
    slot: RequestSlot

    @property
    def shutdown(self) -> Shutdown:
        """Ends the streams."""
        return self.limits.shutdown

    def require_room(self, principal: Principal) -> None:
        """Raise a problem (429) if the user or the replica has as many streams as allowed."""
        self.limits.require_room(principal)

    @contextmanager
    def counted(self, principal: Principal) -> Iterator[None]:
        """Count a stream while it is open, in place of its request."""
        with self.limits.counted(principal), self.slot.released():
            yield
