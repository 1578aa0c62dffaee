"""A connection whose waits end. A server that hangs keeps its sockets open: neither keepalives nor libpq notice."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen

T = TypeVar("T")
SILENT_S: Final = 10.0
"""Seconds without a word from the server after which another connection is tried: a long statement is silent, too."""
STUCK_S: Final = 600.0
"""Seconds without a word after which a statement is given up, although the server answers others."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed, with `psycopg.OperationalError`, where the server hangs."""

    answers: Callable[[], bool] = staticmethod(lambda: True)
    """Try another connection to the same server."""

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for the server, as every statement does."""
        return super().wait(self._bounded(gen), interval, timeout)

    def _bounded(self, gen: PQGen[T]) -> PQGen[T]:
        heard_at = looked_at = time.monotonic()
        try:
            awaited = next(gen)
            while True:
                ready = yield awaited
                now = time.monotonic()
                if ready:
                    heard_at = looked_at = now
                elif now - looked_at >= SILENT_S:
                    if now - heard_at >= STUCK_S or not self.answers():
                        self.pgconn.finish()
                        raise psycopg.OperationalError(f"no answer within {now - heard_at:.0f} s")
                    looked_at = time.monotonic()
                awaited = gen.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result


def is_answering(conninfo: dict[str, Any]) -> bool:
    """Return False if a server takes a connection and says nothing; a refusal is an answer."""
    try:
        psycopg.connect(**conninfo).close()
    except psycopg.errors.ConnectionTimeout:
        return False
    except psycopg.Error:
        pass
    return True
