"""The address that answered, noted at a response's first byte: aiohttp drops the connection with the last."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import aiohttp

from tlray.core.model.hosts import is_public_address, is_public_host

if TYPE_CHECKING:
    from aiohttp.connector import Connection


class PeerResponse(aiohttp.ClientResponse):
    """A response with the address of its sender."""

    peer: str | None = None
    """None if the connection was closed too early to tell."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """Note the address, then read the head."""
        transport = connection.transport
        name = transport.get_extra_info("peername") if transport is not None else None
        self.peer = str(name[0]) if name else None
        return await super().start(connection)


def is_public_peer(peer: str | None, host: str) -> bool:
    """True if a public address answered; if the address is unknown, ``host`` decides."""
    return is_public_host(host) if peer is None else is_public_address(ip_address(peer.partition("%")[0]))
