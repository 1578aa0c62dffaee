"""The address that a request counts for: the client's own, also behind proxies that the operator trusts.

Anybody can send ``X-Forwarded-For``, so it counts only if a trusted proxy has added to it. It is read from the right: each
proxy appends its peer's address, and the first one that is no trusted proxy is the client.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network
LOOPBACK: Final = "loopback"
"""All of 127.0.0.0/8 and ::1: a program on this machine may use any of them."""
UNKNOWN: Final = "unknown"
IPV6_PREFIX: Final = 64
"""The usual network of one customer of a provider."""


def networks_of(cidrs: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks of some CIDRs."""
    return tuple(ip_network(cidr, strict=False) for cidr in cidrs)


def counted_address(peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return the address that a request counts for.

    ``peer`` opened the connection, ``forwarded_for`` are the values of all ``X-Forwarded-For`` headers, in order. An IPv6
    address stands for its /64.
    """
    address = _address(peer)
    hops = [hop for value in forwarded_for for hop in value.split(",")]
    while address is not None and hops and _is_trusted(address, trusted):
        before = _address(hops.pop())
        if before is None:
            break  # no address: its sender is unknown, so the proxy that passed it on counts
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
    """Read an address, also with a port or in brackets; None for any other text."""
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
