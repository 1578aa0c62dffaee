"""Sites of hidden capacity on loopback: past it a queue grows, and with it the latency; a full queue answers 503.

``python -m benchmarks.weak_site FOLDER CAPACITY...`` prints one JSON line, capacity → port, serves until stdin
closes, and then prints when every page was asked for and how it was answered. Pages are the ``*.gz`` of the folder.

The model is one server with a line before it: a page is worked off in 1 ÷ capacity seconds, after those that
came before it, and takes `OWN_S` (±30 %) of its own besides. Where the line is longer than `LONGEST_QUEUE_S`
the answer is 503, at once, without ``Retry-After``. robots.txt allows all and stands in no line.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path

from aiohttp import web

OWN_S = 0.15
LONGEST_QUEUE_S = 1.0


class WeakSite:
    """One site; it writes down what comes."""

    def __init__(self, capacity: float, pages: list[bytes]) -> None:
        self.capacity, self._pages = capacity, pages
        self._free_at = 0.0
        self._rng = random.Random(1)  # noqa: S311 - noise, not a secret
        self.arrivals: list[tuple[float, bool]] = []
        """(monotonic moment, whether it was answered by a page)."""

    async def page(self, _: web.Request) -> web.Response:
        """Answer a page when its turn has come, or 503."""
        now = time.monotonic()
        queue_s = max(0.0, self._free_at - now)
        is_page = queue_s <= LONGEST_QUEUE_S
        self.arrivals.append((now, is_page))
        if not is_page:
            return web.Response(status=503, text="too busy")
        self._free_at = now + queue_s + 1 / self.capacity
        await asyncio.sleep(queue_s + OWN_S * self._rng.uniform(0.7, 1.3))
        body = self._pages[len(self.arrivals) % len(self._pages)]
        return web.Response(body=body, content_type="text/html", headers={"Content-Encoding": "gzip"})

    async def robots(self, _: web.Request) -> web.Response:
        """Allow all."""
        return web.Response(text="User-agent: *\nAllow: /\n")


async def serve(pages: list[bytes], capacities: list[float]) -> None:
    """Serve until stdin closes."""
    sites = [WeakSite(capacity, pages) for capacity in capacities]
    ports = {}
    runners = []
    for site in sites:
        app = web.Application()
        app.router.add_get("/robots.txt", site.robots)
        app.router.add_get("/tracklist/{id}/{slug}", site.page)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports[site.capacity] = runner.addresses[0][1]
        runners.append(runner)
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps({site.capacity: site.arrivals for site in sites}), flush=True)
    for runner in runners:
        await runner.cleanup()


if __name__ == "__main__":
    kept = [path.read_bytes() for path in sorted(Path(sys.argv[1]).glob("*.gz"))]
    asyncio.run(serve(kept, [float(text) for text in sys.argv[2:]]))
