"""Whose address answered? aiohttp drops a response's connection with its last byte, so the address is noted at its first."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import aiohttp

from tlray.core.model.hosts import is_public_address, is_public_host

if TYPE_CHECKING:
    from aiohttp.connector import Connection


class PeerResponse(aiohttp.ClientResponse):
    """A response that knows who sent it."""

    peer: str | None = None
    """The address at the other end; None where the connection was gone before it could be asked."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """Note the address, then read the head."""
        transport = connection.transport
        name = transport.get_extra_info("peername") if transport is not None else None
        self.peer = str(name[0]) if name else None
        return await super().start(connection)


def is_public_peer(peer: str | None, host: str) -> bool:
    """Whether a public address answered; where it is not known, whether ``host`` may be somebody else's."""
    return is_public_host(host) if peer is None else is_public_address(ip_address(peer.partition("%")[0]))
