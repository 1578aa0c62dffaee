"""The bare loop: one process, aiohttp and lexbor, every field, one JSON lines file at the end.

``python -m benchmarks.peers.bare_loop URLS OUT`` prints one JSON line: what it cost, without start-up.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import orjson

from benchmarks.peers.bare_fields import extract

CONNECTIONS = 32


async def scrape(urls: list[str]) -> tuple[list[bytes], int]:
    """Fetch and read all pages; return their lines and the number of rows."""
    lines: list[bytes] = []
    n_tracks = 0

    async def work(left: Iterator[str], session: aiohttp.ClientSession) -> None:
        nonlocal n_tracks
        for url in left:
            async with session.get(url) as response:
                wire = await response.read()
            made = extract(zlib.decompress(wire, 31), url)
            n_tracks += made["track_count"]
            lines.append(orjson.dumps(made))

    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    headers = {"Accept-Encoding": "gzip", "User-Agent": "tlray-benchmark"}
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False, headers=headers) as session:
        left = iter(urls)
        await asyncio.gather(*(work(left, session) for _ in range(CONNECTIONS)))
    return lines, n_tracks


def main() -> None:
    """Run once."""
    if sys.platform.startswith("linux"):
        # glibc gives each page's tree back to the kernel and pays for it again: without this the loop takes twice as long
        libc = ctypes.CDLL(None)
        libc.mallopt(-1, 16 * 1024 * 1024)  # M_TRIM_THRESHOLD
        libc.mallopt(-3, 16 * 1024 * 1024)  # M_MMAP_THRESHOLD
    urls = Path(sys.argv[1]).read_text(encoding="utf-8").split()
    begun, cpu = time.perf_counter(), time.process_time()
    lines, n_tracks = asyncio.run(scrape(urls))
    Path(sys.argv[2]).write_bytes(b"\n".join(lines))
    cost = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - begun}
    print(json.dumps({**cost, "pages": len(lines), "tracks": n_tracks}))


if __name__ == "__main__":
    main()
