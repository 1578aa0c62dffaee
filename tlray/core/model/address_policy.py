"""Policy of the addresses that a fetch may connect to.

Checked twice, because an aiohttp resolver is never asked about literals: the host of every URL as it is written
(`AddressPolicy.refusal_of_host`), and every address that a name resolves to (`tlray.io.http.checked_resolver`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from tlray.core.model.hosts import (
    IPAddress,
    innermost,
    is_metadata_address,
    is_metadata_name,
    is_public_address,
    is_public_host,
    literal_address,
)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The addresses that may be fetched besides public ones. Metadata addresses of clouds never are."""

    private: bool = False
    """Any private, loopback or link-local address: right for a command line, whose user names the hosts."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Private networks that are allowed."""

    @classmethod
    def of_networks(cls, cidrs: Iterable[str]) -> AddressPolicy:
        """Make a service's policy from CIDRs (``127.0.0.0/8``); ValueError names one that is none."""
        return cls(networks=tuple(ip_network(cidr.strip(), strict=False) for cidr in cidrs if cidr.strip()))

    def refusal(self, address: IPAddress) -> str | None:
        """Return why ``address`` is refused, without naming it (the caller may be a stranger); None if it is allowed."""
        if is_metadata_address(address):
            return "a cloud's metadata address"
        if self.private or is_public_address(address):
            return None
        inner = innermost(address)
        if any(inner in network or address in network for network in self.networks):
            return None
        return "not a public address"

    def refusal_of_host(self, host: str) -> str | None:
        """Return why a URL's host is refused as it is written; None for a name, which the resolver checks."""
        if is_metadata_name(host):
            return "a cloud's metadata address"
        address = literal_address(host)
        return None if address is None else self.refusal(address)

    def refusal_of_submitted(self, host: str) -> str | None:
        """Return why a submitted host is refused as it is written: besides addresses also names that are not public, such as
        ``localhost`` and ``printer.local``."""
        reason = self.refusal_of_host(host)
        if reason is None and not (self.private or self.networks or is_public_host(host)):
            return "not a public host"
        return reason


PUBLIC_ONLY = AddressPolicy()
"""For redirects from a public address, whatever hosts the user may name."""
ANY_NAMED = AddressPolicy(private=True)


@lru_cache(maxsize=64)
def policy_for(networks: tuple[str, ...] | None, *, from_public: bool = False) -> AddressPolicy:
    """Return the policy of a batch. The service allows public addresses and ``networks``; a command line (None) allows any host
    that its user names. A redirect from a public address leads to public addresses only."""
    if from_public:
        return PUBLIC_ONLY
    return ANY_NAMED if networks is None else AddressPolicy.of_networks(networks)
