"""A Ray that listens on loopback alone is joined there; one that listens at the machine's address is joined as before."""

from __future__ import annotations

import socket

import pytest
import ray.util

from tlray.cluster.driver.session import _is_on_loopback


def listening(host: str) -> socket.socket:
    server = socket.socket()
    server.bind((host, 0))
    server.listen()
    return server


@pytest.mark.skipif(ray.util.get_node_ip_address() == "127.0.0.1", reason="this machine has no other address")
@pytest.mark.parametrize(("host", "is_near"), [("127.0.0.1", True), ("0.0.0.0", False)])  # noqa: S104 - as Ray does
def test_where_a_ray_listens_is_seen(host: str, is_near: bool) -> None:
    with listening(host) as server:
        port = server.getsockname()[1]
        assert _is_on_loopback(f"127.0.0.1:{port}") is is_near
        assert _is_on_loopback(f"localhost:{port}") is is_near


@pytest.mark.parametrize("address", ["auto", "10.0.0.1:6379", "ray://127.0.0.1:10001"])
def test_what_is_elsewhere_is_not_on_loopback(address: str) -> None:
    assert not _is_on_loopback(address)
