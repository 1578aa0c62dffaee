"""What the spelling of a host tells."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.model.hosts import (
    is_metadata_address,
    is_metadata_name,
    is_public_address,
    is_public_host,
    literal_address,
)

LOOPBACK = "127.0.0.1"
NOWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", LOOPBACK),
        ("127.0.0.1.", LOOPBACK),
        ("127.0.0.1:8000", LOOPBACK),
        ("127.1", LOOPBACK),
        ("127.0.1", LOOPBACK),
        ("2130706433", LOOPBACK),
        ("0x7f000001", LOOPBACK),
        ("0X7F.1", LOOPBACK),
        ("0177.0.0.01", LOOPBACK),
        ("017700000001", LOOPBACK),
        ("１２７．０．０．１", LOOPBACK),  # full width
        ("127。0。0。1", LOOPBACK),  # ideographic full stops
        ("①②⑦.⓪.⓪.①", LOOPBACK),
        ("0", NOWHERE),
        ("0x", NOWHERE),  # the URL standard reads it so
        ("255.255.255.255", "255.255.255.255"),
        ("8.8.8.8", "8.8.8.8"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("[::1]:8000", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ],
)
def test_an_address_is_known_in_every_spelling(host: str, address: str) -> None:
    assert literal_address(host) == ip_address(address)


@pytest.mark.parametrize(
    "host",
    [
        *("", ".", "example.org", "127.0.0.1.example.org", "1001.tl", "x.1"),
        *("1.2.3.4.5", "256.1.1.1", "1.2.3.256", "4294967296", "08.1", "0x7g.1", "1..2", "1_0.1", "1" * 400),
        "::zz",
    ],
)
def test_what_is_no_address_is_a_name(host: str) -> None:
    assert literal_address(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "localhost:8000",
        "a.localhost",
        "nas.local",
        "127.0.0.1",
        "127.255.0.9:81",
        "2130706433",
        NOWHERE,
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",  # carrier-grade NAT
        "169.254.1.1",
        "192.0.2.1",  # documentation
        "198.18.0.1",  # benchmarks
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::7f00:1]",  # IPv4-compatible
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[64:ff9b:1::1]",  # NAT64 of one's own
        "[2002:a00:1::]",
        "[2001::1]",  # Teredo
        "[2001:db8::1]",
        "[fc00::1]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[100::1]",
        "[4000::1]",  # no such network
        "192.0.0.9",  # IETF protocols
        "192.88.99.1",  # 6to4 relays
        "[3fff::1]",  # documentation, the newer one
        "[3fff:fff:ffff::1]",
        "[2001:2::1]",  # benchmarks
        "[2001:20::1]",  # ORCHID
        "[5f00::1]",  # segment routing
        "[100:0:0:1::1]",  # dummy
        "[64:ff9b:1::808:808]",  # NAT64 of one's own, whatever it carries
        "[::ffff:0:808:808]",  # SIIT
    ],
)
def test_a_private_host_is_not_public(host: str) -> None:
    assert not is_public_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "www.1001tracklists.com",
        "localhost.example.org",
        "mylocalhost",
        "intranet",  # perhaps not, but nothing says so
        "8.8.8.8",
        "172.32.0.1",
        "[2606:4700::1111]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::808:808]",
        "[2002:808:808::]",
        "[3fff:1000::1]",  # beside documentation
        "[2001:200::1]",
        "198.20.0.1",
        "192.0.1.1",
    ],
)
def test_everything_else_is_public(host: str) -> None:
    assert is_public_host(host)


def test_metadata_is_known_by_name_and_by_address() -> None:
    assert is_metadata_name("Metadata.Google.Internal.")
    assert not is_metadata_name("metadata.example.org")
    for address in (
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "::ffff:169.254.169.254",
        "168.63.129.16",
        "64:ff9b:1::a9fe:a9fe",
        "::ffff:0:169.254.169.254",
    ):
        assert is_metadata_address(ip_address(address))
    assert not is_metadata_address(ip_address("169.254.169.253"))


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_address_is_that_address(address: IPv4Address) -> None:
    number = int(address)
    a, b, c, d = address.packed
    for host in (
        f"{address}",
        f"{number}",
        f"{number:#x}",
        f"0{number:o}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{c:#x}.0{d:o}",
    ):
        assert literal_address(host) == address
    mapped = IPv6Address((0xFFFF << 32) | number)
    assert is_public_address(mapped) == is_public_address(address)


@given(st.text())
def test_no_host_is_an_exception(host: str) -> None:
    literal_address(host)
    is_public_host(host)
    is_metadata_name(host)
