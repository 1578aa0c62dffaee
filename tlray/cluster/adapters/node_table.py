"""The nodes of a Ray cluster, and which of them are lost.

Ray's own table says so late, a quarter of a minute after a machine was switched off. And where the workers of a node die
before its raylet, as in an orderly shutdown, Ray reports their tasks as crashed. So the raylet is looked for as well: once it
is gone, nothing listens at its port.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import ray

LOOK_EVERY_S = 0.3
CONNECT_S = 2.0
"""A raylet that takes no connection for so long is out of reach."""


async def is_lost(node: str, *, within_s: float) -> bool:
    """Return True if a node is gone or out of reach, or will be within so many seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while await asyncio.to_thread(_is_there, node):
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(LOOK_EVERY_S)
    return True


def address_of(node: str) -> str:
    """Return the address of a node, dead or alive; "" where Ray does not know it."""
    entry = _entry(node)
    return "" if entry is None else str(entry["NodeManagerAddress"])


def _is_there(node: str) -> bool:
    entry = _entry(node)
    if entry is None or not entry["Alive"]:
        return False
    raylet = entry["NodeManagerAddress"], entry["NodeManagerPort"]
    try:
        socket.create_connection(raylet, timeout=CONNECT_S).close()
    except OSError:
        return False
    return True


def _entry(node: str) -> dict[str, Any] | None:
    return next((entry for entry in ray.nodes() if entry["NodeID"] == node), None)
