"""A node is lost where Ray says so, and where nobody listens any more at its raylet's port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from tlray.cluster.adapters import node_table
from tlray.cluster.adapters.node_table import address_of, is_lost


@pytest.fixture
def raylet() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def table(raylet: socket.socket, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Ray's table of nodes, with one living node whose raylet listens."""
    port = raylet.getsockname()[1]
    nodes = [{"NodeID": "n1", "Alive": True, "NodeManagerAddress": "127.0.0.1", "NodeManagerPort": port}]
    monkeypatch.setattr(node_table.ray, "nodes", lambda: nodes)
    return nodes


async def test_a_node_that_lives_on_is_not_lost(table: list[dict[str, object]]) -> None:
    assert not await is_lost("n1", within_s=0.0)
    assert not await is_lost("n1", within_s=0.5)
    assert address_of("n1") == "127.0.0.1"


async def test_a_node_is_lost_that_ray_calls_dead_or_does_not_know(table: list[dict[str, object]]) -> None:
    table[0]["Alive"] = False
    assert await is_lost("n1", within_s=0.0)
    assert address_of("n1") == "127.0.0.1", "a dead one has an address, too"
    assert await is_lost("n2", within_s=0.0)
    assert address_of("n2") == ""


async def test_a_node_is_lost_whose_raylet_is_gone_before_ray_notices(
    table: list[dict[str, object]], raylet: socket.socket
) -> None:
    lost = asyncio.create_task(is_lost("n1", within_s=60.0))
    await asyncio.sleep(0.1)
    raylet.close()
    assert await lost, "it is waited for"
    assert await is_lost("n1", within_s=0.0)
