"""A site of many domains on loopback that writes down when each request arrives, and costs next to nothing.

``python -m benchmarks.recording_site --domains 500 --latency 1`` prints one JSON line and serves until its
stdin closes. Every domain is a loopback address of its own. A request has *arrived* when the kernel took in
the end of its first line: the time is the kernel's own (``SO_TIMESTAMPNS``), so a busy site or a busy machine
does not make arrivals look as if they bunched. Where a kernel does not tell, it is the moment of reading.
Every URL is a set of its own; the pages are the demo's, with ``--rows 2`` of so many rows and without the site's
scripts, a tenth of a usual page, for where the pace is measured and not the parser. ``/arrivals.json`` and
``/visitors.json`` (the address of each arrival's client) are not written down. With ``--address`` all domains are
ports of that address, for clients in other network namespaces.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import json
import os
import re
import socket
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from tlray.demo.chrome import menus
from tlray.demo.listen import base_url, listeners
from tlray.demo.page import page_of
from tlray.demo.plan import Plan
from tlray.demo.rows import make_set

_STAMPS = getattr(socket, "SO_TIMESTAMPNS", 35) if sys.platform == "linux" else None
"""Linux has it; Python's socket module does not name it."""
_STAMP = struct.Struct("@qq")
SETS = (0, 2, 12, 15)
"""Sets of the demo that are served."""
_SCRIPTS = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
ROBOTS = b"User-agent: *\nAllow: /\n"


@dataclass(slots=True)
class Visit:
    """One connection."""

    wire: socket.socket
    domain: int
    visitor: str
    heard: bytes = b""
    line_at: float | None = None
    """When the first line of the request that is being heard was there."""


class RecordingSite:
    """All domains, in one event loop."""

    def __init__(self, sockets: Sequence[socket.socket], latency_s: float, n_rows: int | None) -> None:
        self._latency_s = latency_s
        self._loop = asyncio.get_running_loop()
        self._writing: set[asyncio.Task[None]] = set()
        self._pages = [_answer("text/html; charset=utf-8", page) for page in _pages(n_rows)]
        self._robots = _answer("text/plain", ROBOTS)
        self.arrivals: list[tuple[int, float, str]] = []
        """(domain's number, when, path); the clock is `time.monotonic`, the machine's."""
        self.visitors: list[str] = []
        for number, listener in enumerate(sockets):
            if _STAMPS is not None:
                listener.setsockopt(socket.SOL_SOCKET, _STAMPS, 1)
            self._loop.add_reader(listener, partial(self._welcome, listener, number))

    def _welcome(self, listener: socket.socket, domain: int) -> None:
        with contextlib.suppress(BlockingIOError):
            wire, (visitor, _) = listener.accept()
            wire.setblocking(False)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._loop.add_reader(wire, self._hear, Visit(wire, domain, visitor))

    def _hear(self, visit: Visit) -> None:
        try:
            heard, told, _, _ = visit.wire.recvmsg(65_536, 64)
        except BlockingIOError:
            return
        except OSError:
            heard, told = b"", []
        if not heard:
            self._loop.remove_reader(visit.wire)
            visit.wire.close()
            return
        visit.heard += heard
        if visit.line_at is None and b"\r\n" in visit.heard:
            visit.line_at = _came_at(told)
        while b"\r\n\r\n" in visit.heard and visit.line_at is not None:
            request, _, visit.heard = visit.heard.partition(b"\r\n\r\n")
            self._take(visit, request.split(b" ", 2)[1].decode("latin-1"), visit.line_at)
            visit.line_at = _came_at(told) if b"\r\n" in visit.heard else None

    def _take(self, visit: Visit, path: str, at: float) -> None:
        told = {"/arrivals.json": self.arrivals, "/visitors.json": self.visitors}.get(path)
        if told is not None:
            self._say(visit, _answer("application/json", json.dumps(told).encode(), coding="identity"))
            return
        self.arrivals.append((visit.domain, at, path))
        self.visitors.append(visit.visitor)
        page = self._robots if path == "/robots.txt" else self._pages[len(self.arrivals) % len(self._pages)]
        left_s = at + self._latency_s - time.monotonic()
        self._loop.call_later(max(0.0, left_s), self._say, visit, page)

    def _say(self, visit: Visit, answer: bytes) -> None:
        writing = self._loop.create_task(self._write(visit, answer))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def _write(self, visit: Visit, answer: bytes) -> None:
        with contextlib.suppress(OSError):  # whoever asked has been killed
            await self._loop.sock_sendall(visit.wire, answer)


def _came_at(told: Sequence[tuple[int, int, bytes]]) -> float:
    """Return when the kernel took in what was just read, on the monotonic clock."""
    now = time.monotonic()
    for level, kind, data in told:
        if level == socket.SOL_SOCKET and kind == _STAMPS and len(data) >= _STAMP.size:
            seconds, nanoseconds = _STAMP.unpack_from(data)
            age_s: float = time.time() - seconds - nanoseconds / 1e9
            return now - max(0.0, age_s)
    return now


def _pages(n_rows: int | None) -> list[bytes]:
    plan = Plan(1, max(SETS) + 1, 1)
    sets = [make_set(1, i, plan.head(i)) for i in SETS]
    if n_rows is None:
        return [page_of(one).encode() for one in sets]
    return [
        _SCRIPTS.sub("", page_of(replace(one, rows=one.rows[:n_rows]))).replace(menus(), "").encode()
        for one in sets
    ]


def _answer(kind: str, body: bytes, coding: str = "gzip") -> bytes:
    if coding == "gzip":
        body = gzip.compress(body, 6, mtime=0)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode("ascii") + body


async def serve(n_domains: int, latency_s: float, n_rows: int | None, address: str | None = None) -> None:
    """Serve until stdin closes."""
    sockets = listeners(n_domains) if address is None else _listeners_at(address, n_domains)
    RecordingSite(sockets, latency_s, n_rows)  # its readers keep it
    told = {"bases": [base_url(one) for one in sockets], "kernel_stamps": _STAMPS is not None}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    over = asyncio.Event()
    site_stdin = sys.stdin.fileno()
    asyncio.get_running_loop().add_reader(
        site_stdin, lambda: over.set() if not os.read(site_stdin, 4096) else None
    )
    await over.wait()


def _listeners_at(address: str, n: int) -> list[socket.socket]:
    opened = [socket.create_server((address, 0), backlog=1024) for _ in range(n)]
    for one in opened:
        one.setblocking(False)
    return opened


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recording_site")
    parser.add_argument("--domains", type=int, default=1)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds from a request to its answer")
    parser.add_argument("--rows", type=int, help="a page's rows; by default as many as the set has")
    parser.add_argument("--address", help="where to listen; by default at a loopback address each")
    options = parser.parse_args()
    asyncio.run(serve(options.domains, options.latency, options.rows, options.address))


if __name__ == "__main__":
    main()
