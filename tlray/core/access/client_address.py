"""The address that a request is counted for: the client's own, behind proxies that the operator trusts too.

Anybody can send ``X-Forwarded-For``, so it counts only where a trusted proxy has added to it. It is read from the right: each
proxy appends the address that it was asked from, and the first one that is no trusted proxy is the client.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network
LOOPBACK: Final = "loopback"
"""All of 127.0.0.0/8 and ::1: a program on this machine may choose among them."""
UNKNOWN: Final = "unknown"
IPV6_PREFIX: Final = 64
"""What one customer of a provider usually has at the least, and may choose from."""


def networks_of(cidrs: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks that are named."""
    return tuple(ip_network(cidr, strict=False) for cidr in cidrs)


def counted_address(peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return the address that a request is counted for.

    ``peer`` is who opened the connection, ``forwarded_for`` the values of all ``X-Forwarded-For`` headers, in order. An IPv6
    address stands for its /64.
    """
    address = _address(peer)
    hops = [hop for value in forwarded_for for hop in value.split(",")]
    while address is not None and hops and _is_trusted(address, trusted):
        before = _address(hops.pop())
        if before is None:
            break  # no address: whoever wrote that is not known, and the proxy that passed it on is
        address = before
    if address is None:
        return UNKNOWN
    if address.is_loopback:
        return LOOPBACK
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, IPV6_PREFIX), strict=False))
    return str(address)


def _is_trusted(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, also with a port or in brackets; None for what is none."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
