"""Hosts by their spelling, without DNS: addresses, and which of them are public.

An address has many spellings, and a resolver is asked about none of them: ``127.1``, ``0x7f.0.0.1``, ``2130706433`` and
``[::ffff:127.0.0.1]`` are all the loopback. IPv6 also carries IPv4: mapped (RFC 4291), 6to4 (RFC 3056), NAT64 (RFC 6052); the
inner address is the one that is reached. Sources: WHATWG URL §3.5 for the spellings; IANA's registries of special-purpose
addresses (read 2026-11). They are written out here, because those of `ipaddress` depend on Python's patch version.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

IPAddress = IPv4Address | IPv6Address

_CARRIERS = tuple(
    map(
        IPv6Network,
        (
            "64:ff9b::/96",  # NAT64
            "64:ff9b:1::/48",  # NAT64 of one's own (RFC 8215)
            "::ffff:0:0:0/96",  # SIIT (RFC 2765)
        ),
    )
)
"""IPv6 networks whose addresses carry an IPv4 one in their last 32 bits."""
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The networks that IANA has opened for the internet; loopback, link-local, private and multicast addresses are outside."""
_NOT_PUBLIC_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by a provider's customers
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # IETF protocols
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays, given up
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and the broadcast address
        ),
    )
)
_NOT_PUBLIC_V6 = tuple(
    map(
        IPv6Network,
        (
            "64:ff9b:1::/48",  # NAT64 of one's own, whatever it carries
            "::ffff:0:0:0/96",  # SIIT
            "2001::/23",  # IETF protocols: Teredo, benchmarks, ORCHID …
            "2001:db8::/32",  # documentation
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
_V4_COMPATIBLE = IPv6Network("::/96")
_PRIVATE_SUFFIXES = (".localhost", ".local")

METADATA_NAMES = frozenset(
    {"metadata.google.internal", "metadata.goog", "metadata", "instance-data", "instance-data.ec2.internal"}
)
"""Names under which clouds give a machine its own secrets."""

METADATA_ADDRESSES: frozenset[IPAddress] = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # AWS, Google, Azure, Oracle, DigitalOcean, OpenStack …
            "169.254.170.2",  # AWS ECS task credentials
            "169.254.170.23",  # AWS EKS pod identity
            "168.63.129.16",  # Azure's wire server, on a public address
            "100.100.100.200",  # Alibaba
            "192.0.0.192",  # Oracle classic
            "169.254.42.42",  # Scaleway
            "169.254.0.23",  # Tencent
            "fd00:42::42",  # Scaleway over IPv6
            "fd00:ec2::254",  # AWS over IPv6
            "fd00:ec2::23",  # AWS EKS pod identity over IPv6
            "fd20:ce::254",  # Google over IPv6
        ),
    )
)


def literal_address(host: str) -> IPAddress | None:
    """Return the address that a host spells; None for a name."""
    bare = _bare(host)
    if ":" in bare:
        try:
            return IPv6Address(bare.partition("%")[0])
        except ValueError:
            return None
    if not bare.rpartition(".")[2][:1].isdigit():
        return None
    return _legacy_ipv4(bare)


def innermost(address: IPAddress) -> IPAddress:
    """Return the IPv4 address inside an IPv6 one, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    is_carried = any(address in network for network in _CARRIERS)
    if inner is None and (is_carried or (address in _V4_COMPATIBLE and int(address) > 0xFFFF)):
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    return inner if inner is not None else address


def is_public_address(address: IPAddress) -> bool:
    """True if an address is reachable on the internet."""
    if any(address in network for network in _NOT_PUBLIC_V6):
        return False
    inner = innermost(address)
    if isinstance(inner, IPv4Address):
        return not any(inner in network for network in _NOT_PUBLIC_V4)
    return inner in _GLOBAL_UNICAST


def is_metadata_address(address: IPAddress) -> bool:
    """True if a cloud gives a machine its own secrets at this address."""
    return address in METADATA_ADDRESSES or innermost(address) in METADATA_ADDRESSES


def is_metadata_name(host: str) -> bool:
    """True if a host is a name of such an address."""
    return _bare(host) in METADATA_NAMES


@lru_cache(maxsize=16_384)  # asked for each batch at a domain, each time that one comes
def is_public_host(host: str) -> bool:
    """True if a host may be somebody else's, by its spelling; its port is ignored.

    DNS is not asked: an unknown name is public, which is the polite mistake.
    """
    address = literal_address(host)
    if address is not None:
        return is_public_address(address)
    bare = _bare(host)
    return bare != "localhost" and not bare.endswith(_PRIVATE_SUFFIXES)


def _bare(host: str) -> str:
    """Strip brackets, port and trailing dots; lower case, and plain digits and dots for exotic ones."""
    if not host.isascii():
        host = unicodedata.normalize("NFKC", host).replace("。", ".")
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    if host.count(":") == 1:
        host = host.partition(":")[0]
    return host.rstrip(".")


def _legacy_ipv4(text: str) -> IPv4Address | None:
    """Read one to four decimal, octal or hexadecimal numbers as C's ``inet_aton`` does."""
    fields = text.split(".")
    if len(fields) > 4:
        return None
    numbers = [_number(field) for field in fields]
    if any(number is None for number in numbers):
        return None
    *heads, last = (number for number in numbers if number is not None)
    if any(head > 255 for head in heads) or last >= 256 ** (4 - len(heads)):
        return None
    value = last
    for place, head in enumerate(heads):
        value += head << (24 - 8 * place)
    return IPv4Address(value)


def _number(field: str) -> int | None:
    """Read ``127``, ``0177`` or ``0x7f``; None for anything else, and for more than 32 characters."""
    if not field.isalnum() or len(field) > 32:
        return None
    try:
        if field.startswith("0x"):
            return int(field[2:] or "0", 16)
        return int(field, 8 if field.startswith("0") else 10)
    except ValueError:
        return None
