"""Many clients that watch one batch: ``python -m benchmarks.socket_clients URL BATCH N SECONDS``, in a process of its own.

For every frame: how long ago was the oldest change in it? That is the worst of the frame; the moment is the coordinator's,
on the same machine's clock. Of a frame only as much is read as that takes, so that the clients leave the machine to others;
one of them reads all, and says when it was first told of each item that succeeded.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import websockets

_OLDEST = re.compile(r'"at":([0-9.]+)')
SETTLE_S = 2.0
"""Frames that come so soon are not counted: connecting is not what is asked."""


@dataclass(slots=True)
class Seen:
    """What all clients have seen."""

    count_from: float
    lags_s: list[float] = field(default_factory=list)
    n_frames: int = 0
    n_bytes: int = 0
    n_closed: int = 0
    told_at: dict[str, float] = field(default_factory=dict)
    """URL → when its success was first told; monotonic, the machine's."""

    def read(self, text: str) -> None:
        """Take in a whole frame."""
        now = time.monotonic()
        for item in json.loads(text)["items"]:
            if item["state"] == "succeeded":
                self.told_at.setdefault(item["url"], now)


async def _client(url: str, seen: Seen, until: float, *, reads_all: bool) -> None:
    async with websockets.connect(url, max_size=None) as connection:
        try:
            while (left_s := until - time.time()) > 0:
                text = str(await asyncio.wait_for(connection.recv(), left_s))
                now = time.time()
                if reads_all:
                    seen.read(text)
                if now < seen.count_from:
                    continue
                seen.n_frames += 1
                seen.n_bytes += len(text)
                if found := _OLDEST.search(text):
                    seen.lags_s.append(now - float(found[1]))
        except TimeoutError:
            pass
        except websockets.ConnectionClosed:
            seen.n_closed += 1


async def main(url: str, batch: str, n: int, seconds: float) -> dict[str, Any]:
    """Watch, and return what was seen."""
    place = f"{url.replace('http', 'ws', 1)}/ws/batch/{batch}/progress"
    count_from = time.time() + SETTLE_S + n * 0.01
    seen = Seen(count_from)
    until = count_from + seconds
    tasks = []
    for number in range(n):
        tasks.append(asyncio.create_task(_client(place, seen, until, reads_all=number == 0)))
        await asyncio.sleep(0.01)
    await asyncio.gather(*tasks)
    lags = sorted(seen.lags_s) or [0.0]
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "p50_ms": 1000 * lags[len(lags) // 2],
        "p99_ms": 1000 * lags[int(len(lags) * 0.99)],
        "max_ms": 1000 * lags[-1],
        "frames_per_s": seen.n_frames / n / seconds,
        "frame_kb": seen.n_bytes / max(1, seen.n_frames) / 1000,
        "n_closed": seen.n_closed,
        "clients_cpu": (used.ru_utime + used.ru_stime) / seconds,
        "told_at": seen.told_at,
    }


if __name__ == "__main__":
    _, url, batch, n, seconds = sys.argv
    print(json.dumps(asyncio.run(main(url, batch, int(n), float(seconds)))))
