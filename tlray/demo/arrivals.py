"""The record of requests to a demo: which client, which page, when, and how many at once.

Every request is written down as it arrives, before it is answered, so that a test can check the
times that politeness is about, and so that the record survives a kill -9 of the client.
Monotonic times are the machine's (``time.monotonic``): they compare across processes on Linux.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO


class Arrival(NamedTuple):
    """One request, as it came in."""

    at_s: float
    """Monotonic."""
    wall_s: float
    site: int
    host: str
    """What the client called the site: its Host header."""
    method: str
    path: str
    status: int
    """What it was answered; 0 where it was not (hang, reset)."""
    fault: str
    """The fault or block that it met, or ""."""
    user_agent: str
    in_flight: int
    """Requests of this site under way, this one included."""


class Arrivals:
    """The record of all requests, in memory (the newest ``keep``) and in a JSONL file if one is given."""

    def __init__(self, log: Path | None = None, keep: int = 1_000_000) -> None:
        self._kept: deque[Arrival] = deque(maxlen=keep)
        self._file: TextIO | None = log.open("a", encoding="utf-8", buffering=1) if log else None
        self.n_total = 0
        self.max_in_flight: dict[int, int] = {}

    def add(self, arrival: Arrival) -> None:
        """Write one down."""
        self.n_total += 1
        self._kept.append(arrival)
        if arrival.in_flight > self.max_in_flight.get(arrival.site, 0):
            self.max_in_flight[arrival.site] = arrival.in_flight
        if self._file is not None:
            self._file.write(json.dumps(arrival._asdict(), ensure_ascii=False) + "\n")

    def __iter__(self) -> Iterator[Arrival]:
        return iter(list(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def of_site(self, site: int, *, pages_only: bool = False) -> list[Arrival]:
        """List one site's arrivals, oldest first; with ``pages_only`` only those of tracklist pages."""
        return [
            a for a in self._kept if a.site == site and (not pages_only or a.path.startswith("/tracklist/"))
        ]

    def clear(self) -> None:
        """Forget all arrivals in memory."""
        self._kept.clear()
        self.max_in_flight.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def read_log(log: Path) -> list[Arrival]:
    """Read a JSONL file of arrivals back; a last line cut short is left out."""
    lines = log.read_text(encoding="utf-8").split("\n")[:-1]
    return [Arrival(**json.loads(line)) for line in lines]


def now() -> tuple[float, float]:
    """Read both clocks: monotonic and wall."""
    return time.monotonic(), time.time()
