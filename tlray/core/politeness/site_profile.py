"""Site profiles: the policy of a site before its robots.txt is known, and its politeness key.

A profile stands beside the parser of its site (`tlray.sites`) and reaches the core as data. `provide` adds a function that
returns profiles; it is called at the first look-up of a domain, so that no process can miss a site's profile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from tlray.core.model.urls import BadUrl, canonicalise, host_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteProfile:
    """The politeness of one site; ValueError for values that no site can have."""

    host: str
    """Without ``www.`` and port."""
    rate: float
    """Fetches a second."""
    concurrency: int = 1
    """Fetches in flight at once."""
    block_cool_down_s: float = 1_800.0
    """How long nothing is fetched after a block page."""
    is_one_with_www: bool = False
    """True if ``www.`` before the host leads to the same servers: both names share one bucket."""
    short_hosts: tuple[str, ...] = ()
    """Hosts of the site's short links; they share its bucket, its rests and its robots.txt."""

    def __post_init__(self) -> None:
        if not (0 < self.rate <= 10_000 and self.concurrency >= 1 and self.block_cool_down_s >= 0):
            raise ValueError(f"profile of {self.host}: rate, concurrency and cool-down must be above 0")
        for host in (self.host, *self.short_hosts):
            if not host or host != host.lower() or host.startswith("www.") or set(host) & set("/: "):
                raise ValueError(
                    f"profile of {self.host}: {host!r} is no host in lower case, without www. and port"
                )

    def gentler(self, other: SiteProfile) -> SiteProfile:
        """Return the profile that is as gentle as both, of one host."""
        return SiteProfile(
            host=self.host,
            rate=min(self.rate, other.rate),
            concurrency=min(self.concurrency, other.concurrency),
            block_cool_down_s=max(self.block_cool_down_s, other.block_cool_down_s),
            is_one_with_www=self.is_one_with_www or other.is_one_with_www,
            short_hosts=tuple(dict.fromkeys(self.short_hosts + other.short_hosts)),
        )


_sources: list[Callable[[], Iterable[SiteProfile]]] = []


def provide(load: Callable[[], Iterable[SiteProfile]]) -> None:
    """Add a function that returns profiles. Of several for one host each counts: no source can loosen another's."""
    _sources.append(load)
    profiles.cache_clear()
    aliases.cache_clear()


@cache
def profiles() -> Mapping[str, SiteProfile]:
    """Return all profiles by host."""
    found: dict[str, SiteProfile] = {}
    for load in _sources:
        for profile in load():
            known = found.get(profile.host)
            found[profile.host] = profile if known is None else known.gentler(profile)
    return found


@cache
def aliases() -> Mapping[str, str]:
    """Return the site's host by each of its other names: with ``www.`` where that is the same, and hosts of short links."""
    found: dict[str, str] = {}
    for host, profile in profiles().items():
        if profile.is_one_with_www:
            found[f"www.{host}"] = host
        found |= {prefix + short: host for short in profile.short_hosts for prefix in ("", "www.")}
    return found


def politeness_key(domain: str) -> str:
    """Return the politeness key of a URL's domain: the domain itself, or its site by the site's profile (``www.``, short links).

    What has one key shares one token bucket, one rest and one robots.txt. Without a profile, two names may be two machines or
    two owners: they stay two domains.
    """
    host = host_of(domain)
    return aliases().get(host, host) + domain.removeprefix(host)


def parse_politeness_key(text: str) -> str:
    """Return the politeness key for a user's text, ``host`` or ``host:port``; ValueError says what is wrong.

    With the default port of http or https the key is the host.
    """
    name = text.strip()
    scheme = "https" if name.endswith(":443") else "http"
    found = canonicalise(f"{scheme}://{name}/")
    if isinstance(found, BadUrl) or any(mark in name for mark in "/?#\\"):
        raise ValueError(f"{text!r} is no domain; write a host, such as example.org or example.org:8080")
    return politeness_key(found.domain)
