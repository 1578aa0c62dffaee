"""How gently is a domain treated? Its policy: rate, burst, concurrency, and where each comes from.

In this order: what the user says (``--rate``), the profile that tlray ships for the site, the default for
its kind of host; and under all of them, as a ceiling, what the site's robots.txt asks for. Only
``--ignore-crawl-delay DOMAIN``, by which the user says that the site's owner agreed, lifts that ceiling.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tlray.core.model.durations import LONGEST_S
from tlray.core.model.hosts import is_public_host
from tlray.core.model.urls import BadUrl, canonicalise


@dataclass(frozen=True, slots=True)
class DomainPolicy:
    """The manners for one domain."""

    rate: float
    """Fetches a second; ``math.inf`` for no ceiling of ours."""
    burst: float = 1.0
    concurrency: int = 2
    """Fetches in flight at once."""
    block_cool_down_s: float = 1_800.0
    """How long nothing is fetched after a block page."""
    crawl_delay_ignored: bool = False
    """The user says that the site's owner agreed."""
    is_auto: bool = False
    """``rate`` is how far it may go at most; it begins low and finds its level (`tlray.core.politeness.adaptive_rate`)."""


AUTO_BURST = 0.0
"""In the place of a burst: the rate is a maximum, the level is to be found."""
AUTO_MAX = 50.0
AUTO_CONCURRENCY = 16
MOST_AT_ONCE = 256
MOST_BURST = 10_000
"""More fetches at once of one domain are not to be had, whoever asks: each is a connection of a scrape task's."""
UNKNOWN_PUBLIC = DomainPolicy(rate=1.0, concurrency=2)
"""A public host that we know nothing about: what a careful person with a browser would do."""
PRIVATE = DomainPolicy(rate=math.inf, burst=1.0, concurrency=32)
"""Loopback and private hosts are the user's own: no ceiling of ours, robots.txt still counts."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What tlray knows of a site before it has asked."""

    policy: DomainPolicy
    is_one_with_www: bool = False
    """Whether ``www.`` before its host leads to the same servers: then both names have one bucket."""
    short_hosts: tuple[str, ...] = ()
    """Hosts of the site's own short links; they share its bucket, its rests and its robots.txt."""


PROFILES: Mapping[str, Profile] = {
    # robots.txt, read 2026-07: Crawl-delay 8. Limits after some 100 fast requests; see docs/politeness.md
    "1001tracklists.com": Profile(
        DomainPolicy(rate=1 / 8, concurrency=1), is_one_with_www=True, short_hosts=("1001.tl",)
    ),
    # robots.txt, read 2026-10: Crawl-delay 4
    "mixesdb.com": Profile(DomainPolicy(rate=1 / 4, concurrency=1), is_one_with_www=True),
}


SHORT_HOSTS: Mapping[str, str] = {
    prefix + short: site
    for site, profile in PROFILES.items()
    for short in profile.short_hosts
    for prefix in ("", "www.")
}
"""Host of short links → the site's host."""


def unit_of(domain: str) -> str:
    """Return the unit of politeness of a URL's domain: the domain, without a ``www.`` that its site's profile
    says is the same site; of a site's short links the site.

    An unknown site's two names may be two machines, or two owners; they stay two domains.
    """
    host = host_of(domain)
    if host in SHORT_HOSTS:
        return SHORT_HOSTS[host] + domain.removeprefix(host)
    if domain.startswith("www."):
        profile = PROFILES.get(host.removeprefix("www."))
        if profile is not None and profile.is_one_with_www:
            return domain.removeprefix("www.")
    return domain


def unit_named(text: str) -> str:
    """Return the unit that a user names: ``host``, or ``host:port`` for that port alone; ValueError says what
    is wrong. With the default port of http or https it is the host itself."""
    name = text.strip()
    scheme = "https" if name.endswith(":443") else "http"
    found = canonicalise(f"{scheme}://{name}/")
    if isinstance(found, BadUrl) or any(mark in name for mark in "/?#\\"):
        raise ValueError(f"{text!r} is no domain; write a host, such as example.org or example.org:8080")
    return unit_of(found.domain)


@dataclass(frozen=True, slots=True)
class Manners:
    """What one user asks for, per domain. Keys are units (`unit_named`): hosts, or ``host:port`` for that port
    alone."""

    rates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Domain → (fetches a second, burst)."""
    concurrency: Mapping[str, int] = field(default_factory=dict)
    crawl_delay_ignored: frozenset[str] = frozenset()
    block_cool_down_s: float | None = None
    """How long a domain rests after a block page, where the user says so."""
    block_cool_downs: Mapping[str, float] = field(default_factory=dict)
    """The same for single domains."""

    def policy(self, domain: str) -> DomainPolicy:
        """Return the policy for a domain, before its robots.txt is known."""
        domain = unit_of(domain)
        host = host_of(domain)
        profile = PROFILES.get(host.removeprefix("www."))
        by_kind = UNKNOWN_PUBLIC if is_public_host(host) else PRIVATE
        policy = by_kind if profile is None else profile.policy
        if self.block_cool_down_s is not None:
            policy = replace(policy, block_cool_down_s=self.block_cool_down_s)
        for key in (host, domain):
            if key in self.rates:
                policy = _with_rate(policy, *self.rates[key])
            if key in self.concurrency:
                policy = replace(policy, concurrency=self.concurrency[key])
            if key in self.crawl_delay_ignored:
                policy = replace(policy, crawl_delay_ignored=True)
            if key in self.block_cool_downs:
                policy = replace(policy, block_cool_down_s=self.block_cool_downs[key])
        return policy


def _with_rate(policy: DomainPolicy, rate: float, burst: float) -> DomainPolicy:
    if burst != AUTO_BURST:
        return replace(policy, rate=rate, burst=burst, is_auto=False)
    concurrency = max(policy.concurrency, AUTO_CONCURRENCY)
    return replace(policy, rate=rate, burst=1.0, concurrency=concurrency, is_auto=True)


def host_of(domain: str) -> str:
    """Return the host of a domain, without its port."""
    if domain.startswith("["):
        return domain[: domain.index("]") + 1]
    return domain.partition(":")[0]


def gentlest(policies: Iterable[DomainPolicy]) -> DomainPolicy | None:
    """Return one policy that is as gentle as each of several in every respect; None of none."""
    all_of_them = list(policies)
    if not all_of_them:
        return None
    return DomainPolicy(
        rate=min(p.rate for p in all_of_them),
        burst=min(p.burst for p in all_of_them),
        concurrency=min(p.concurrency for p in all_of_them),
        block_cool_down_s=max(p.block_cool_down_s for p in all_of_them),
        crawl_delay_ignored=all(p.crawl_delay_ignored for p in all_of_them),
        is_auto=any(p.is_auto for p in all_of_them),
    )


def under_ceiling(policy: DomainPolicy, crawl_delay_s: float | None) -> DomainPolicy:
    """Return the policy, lowered to what robots.txt asks for (unless the site's owner agreed to more).

    A crawl-delay is a spacing: under it there is no burst, however low the rate.
    """
    if crawl_delay_s is None or policy.crawl_delay_ignored:
        return policy
    return replace(policy, rate=min(policy.rate, 1 / crawl_delay_s), burst=1.0)


_RATE = re.compile(
    r"(?P<n>\d+(?:\.\d+)?|\.\d+)(?:/(?P<per>\d+(?:\.\d+)?)?(?P<unit>s|m|min|h)?(?::(?P<burst>\d+))?)?"
)
_UNIT_S = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, None: 1.0}


def parse_rate(text: str) -> tuple[float, float]:
    """Read ``N/s``, ``N/8s``, ``N/m`` or ``N/s:BURST`` as (fetches a second, burst); ValueError says what is
    wrong.

    ``auto`` and ``auto:N/s`` let the domain find its level, up to 50 or N a second: (the maximum,
    `AUTO_BURST`).
    """
    if text.strip() == "auto":
        return AUTO_MAX, AUTO_BURST
    if text.strip().startswith("auto:"):
        return parse_rate(text.strip().removeprefix("auto:"))[0], AUTO_BURST
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"rate {text!r} is not of the form N/s, N/8s, N/m or N/s:BURST, nor auto")
    rate = float(match["n"]) / (float(match["per"] or 1) or math.inf) / _UNIT_S[match["unit"]]
    burst = float(match["burst"] or 1)
    if rate <= 0:
        raise ValueError(f"rate {text!r} is 0; to fetch nothing from a domain, leave it out of the list")
    if rate > 10_000:
        raise ValueError(f"rate {text!r} is above 10,000 a second")
    if rate < 1 / LONGEST_S:
        raise ValueError(f"rate {text[:40]!r} is below one fetch in 366 days")
    if not 1 <= burst <= MOST_BURST:
        raise ValueError(f"burst of {text[:40]!r} must be at least 1, and at most {MOST_BURST:,}")
    return rate, burst
