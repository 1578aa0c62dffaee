"""Which addresses a fetch may connect to."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from tlray.core.model.address_policy import AddressPolicy
from tlray.io.http.checked_resolver import CheckedResolver, RefusedAddressError

SERVICE = AddressPolicy()
COMMAND_LINE = AddressPolicy(private=True)


class KnownNames(AbstractResolver):
    """A resolver that knows what it is told."""

    def __init__(self, **names: list[str]) -> None:
        self.names = names
        self.is_closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self.names[host]
        ]

    async def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "::1", "::ffff:127.0.0.1", "0x7f.1", "fe80::1%lo"])
def test_a_service_refuses_a_private_literal_and_a_command_line_does_not(host: str) -> None:
    assert SERVICE.refusal_of_host(host) == "not a public address"
    assert COMMAND_LINE.refusal_of_host(host) is None


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal", "0xa9fea9fe"]
)
def test_nobody_reaches_metadata(host: str) -> None:
    everything = AddressPolicy.of_networks(["0.0.0.0/0", "::/0"])
    for policy in (SERVICE, COMMAND_LINE, everything):
        assert policy.refusal_of_host(host) == "a cloud's metadata address"


def test_a_listed_network_is_reached_and_its_neighbour_is_not() -> None:
    policy = AddressPolicy.of_networks(["127.0.0.0/8", " fd12::/16 ", "", "10.1.2.3/24"])
    for address in ("127.9.9.9", "fd12::1", "10.1.2.200", "::ffff:127.0.0.1", "8.8.8.8"):
        assert policy.refusal(ip_address(address)) is None
    for address in ("10.1.3.1", "fd13::1", "::1"):
        assert policy.refusal(ip_address(address)) == "not a public address"


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0/99"):
        AddressPolicy.of_networks(["10.0.0/99"])


async def test_a_name_is_judged_by_what_it_resolves_to() -> None:
    names = KnownNames(inside=["10.0.0.1", "::1"], outside=["8.8.8.8"], both=["10.0.0.1", "8.8.8.8"], none=[])
    resolver = CheckedResolver(SERVICE, names)
    with pytest.raises(RefusedAddressError, match="inside: not a public address"):
        await resolver.resolve("inside", 80)
    assert [result["host"] for result in await resolver.resolve("outside", 80)] == ["8.8.8.8"]
    assert [result["host"] for result in await resolver.resolve("both", 80)] == ["8.8.8.8"]
    assert await resolver.resolve("none", 80) == []
    await resolver.close()
    assert names.is_closed
