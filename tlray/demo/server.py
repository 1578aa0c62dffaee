"""The demo's server: ``async with DemoSites(n_sites=3) as demo: …`` in a test, `serve_demo` in a process.

All sites run in one event loop. A page that is in the cache costs well under 0.3 ms; the record of
arrivals (`arrivals.py`) is what tests look at afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from aiohttp import web

from tlray.demo.answer import Answer, DemoSite
from tlray.demo.arrivals import Arrival, Arrivals, now
from tlray.demo.bodies import BodyCache
from tlray.demo.faults import Fault, Faults, parse_faults
from tlray.demo.guard import Block, BlockGuard, RateGuard
from tlray.demo.listen import base_url, listeners
from tlray.demo.plan import Plan
from tlray.demo.robots import robots_txt
from tlray.demo.truth import truth_of
from tlray.demo.wire import send


@dataclass(slots=True, kw_only=True)
class DemoSites:
    """A demo of ``n_sets`` sets in all on ``n_sites`` sites, serving while it is entered."""

    n_sites: int = 1
    n_sets: int = 120
    seed: int = 1
    faults: Faults | str = ""
    """`Faults`, or text for `parse_faults`."""
    robots: str | Mapping[int, str] = "allow"
    """What every site's robots.txt says, or a site's by number; see `robots.py`."""
    port: int = 0
    ports: Sequence[int] = ()
    rate: float | None = None
    """What a site bears, per second; faster is answered 429. None: anything."""
    burst: float = 1.0
    slack_s: float = 0.0
    """How much too early the rate guard lets pass."""
    blocks: Sequence[Block] = ()
    latency: str = "0"
    """How late every page comes, in seconds: ``0.05``, or evenly between two: ``0.02-0.3``."""
    log: Path | None = None
    """A JSONL file for the arrivals."""
    cache_mb: int = 256
    plan: Plan = field(init=False)
    arrivals: Arrivals = field(init=False)
    bases: list[str] = field(init=False, default_factory=list)
    """What each site's URLs begin with, ``http://127.0.0.2:43210``; known once entered."""
    sites: list[DemoSite] = field(init=False, default_factory=list)
    _runners: list[web.ServerRunner] = field(init=False, default_factory=list)
    _in_flight: Counter[int] = field(init=False, default_factory=Counter)

    def __post_init__(self) -> None:
        if isinstance(self.faults, str):
            self.faults = parse_faults(self.faults, seed=self.seed)
        for kind in {self.robots} if isinstance(self.robots, str) else self.robots.values():
            robots_txt(kind)  # complains of an unknown one now, not at the first visit
        self.plan = Plan(self.seed, self.n_sets, self.n_sites)

    async def __aenter__(self) -> Self:
        sockets = listeners(self.n_sites, self.port, self.ports)
        self.bases = [base_url(one) for one in sockets]
        self.arrivals = Arrivals(self.log)
        cache = BodyCache(self.cache_mb * 2**20)
        self.sites = [self._site(site, cache) for site in range(self.n_sites)]
        for site, listener in zip(self.sites, sockets, strict=True):
            server = web.Server(partial(self._handle, site), handler_cancellation=True, access_log=None)
            runner = web.ServerRunner(server, shutdown_timeout=0.05)
            await runner.setup()
            await web.SockSite(runner, listener, backlog=1024).start()
            self._runners.append(runner)
        return self

    async def __aexit__(self, *exc: object) -> None:
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
        self.arrivals.close()

    def urls(self, site: int | None = None) -> list[str]:
        """List the tracklist URLs of one site, or of all, as /urls.txt does."""
        return [self.url_of(i) for i in range(self.n_sets) if site is None or self.plan.site_of(i) == site]

    def url_of(self, i: int) -> str:
        """Return the URL of set ``i``."""
        return self.bases[self.plan.site_of(i)] + self.plan.path(i)

    def truth_of(self, i: int) -> dict[str, object]:
        """Return what is true of set ``i``, as /truth/<id>.json does."""
        return truth_of(self.sites[0].set_of(i), url=self.url_of(i))

    def fault_of(self, i: int) -> Fault | None:
        """Return how the page of set ``i`` misbehaves, if it does."""
        assert isinstance(self.faults, Faults)  # noqa: S101 - made so in __post_init__
        return self.faults.of(self.plan.set_id(i))

    def warm(self) -> None:
        """Make all pages now, about 10 ms each, so that nothing but serving is measured later."""
        for i in range(self.n_sets):
            self.sites[0].body_of(i)

    def _site(self, site: int, cache: BodyCache) -> DemoSite:
        assert isinstance(self.faults, Faults)  # noqa: S101 - made so in __post_init__
        robots = self.robots if isinstance(self.robots, str) else self.robots.get(site, "allow")
        block = next((one for one in self.blocks if one.sites is None or site in one.sites), None)
        return DemoSite(
            site=site,
            plan=self.plan,
            faults=self.faults,
            cache=cache,
            robots=robots,
            rate=RateGuard(self.rate, self.burst, self.slack_s) if self.rate else None,
            block=BlockGuard(block) if block else None,
            latency=self.latency,
            bases=self.bases,
        )

    async def _handle(self, site: DemoSite, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        own = self._arrivals_answer() if path == "/arrivals.json" else site.internal_answer(path)
        if own is not None:
            return await send(request, own)
        number = site.site
        self._in_flight[number] += 1
        try:
            at_s, wall_s = now()
            answer = site.answer(request.rel_url.raw_path_qs, now=at_s, wall=wall_s)
            self.arrivals.add(
                Arrival(
                    at_s,
                    wall_s,
                    number,
                    request.headers.get("Host", ""),
                    request.method,
                    path,
                    0 if answer.manner in ("hang", "reset", "close") else answer.status,
                    answer.fault,
                    request.headers.get("User-Agent", ""),
                    self._in_flight[number],
                )
            )
            return await send(request, answer)
        finally:
            self._in_flight[number] -= 1

    def _arrivals_answer(self) -> Answer:
        body = json.dumps([arrival._asdict() for arrival in self.arrivals], ensure_ascii=False).encode()
        return Answer(body=body, headers={"Content-Type": "application/json"})


def serve_demo(
    demo: DemoSites, *, on_ready: Callable[[DemoSites], None] | None = None, until_stdin_closes: bool = False
) -> None:
    """Serve ``demo`` until Ctrl-C or SIGTERM (or, with ``until_stdin_closes``, until the parent is gone).

    ``on_ready`` is called once the sites answer.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(demo, on_ready, until_stdin_closes))


async def _serve(
    demo: DemoSites, on_ready: Callable[[DemoSites], None] | None, until_stdin_closes: bool
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_stdin_closes:
        loop.add_reader(
            sys.stdin.fileno(), lambda: stop.set() if not os.read(sys.stdin.fileno(), 4096) else None
        )
    async with demo:
        if on_ready is not None:
            on_ready(demo)
        await stop.wait()
