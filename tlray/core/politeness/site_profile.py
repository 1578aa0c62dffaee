"""Site profiles, and the politeness key of a domain: what shares one token bucket, one rest and one robots.txt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tlray.core.model.urls import BadUrl, canonicalise, host_of
from tlray.core.politeness.domain_policy import DomainPolicy


@dataclass(frozen=True, slots=True)
class Profile:
    """What tlray knows of a site before its first fetch."""

    policy: DomainPolicy
    is_one_with_www: bool = False
    """True if ``www.`` before its host leads to the same servers: both names have one key."""
    short_hosts: tuple[str, ...] = ()
    """Hosts of the site's own short links; they have its key."""


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
    """Return the politeness key of a URL's domain: the domain itself, or its site by the site's profile (``www.``, short links).

    Without a profile, two names may be two machines or two owners: they stay two domains.
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
    """Return the politeness key for a user's text, ``host`` or ``host:port``; ValueError says what is wrong.

    With the default port of http or https the key is the host.
    """
    name = text.strip()
    scheme = "https" if name.endswith(":443") else "http"
    found = canonicalise(f"{scheme}://{name}/")
    if isinstance(found, BadUrl) or any(mark in name for mark in "/?#\\"):
        raise ValueError(f"{text!r} is no domain; write a host, such as example.org or example.org:8080")
    return unit_of(found.domain)


def profile_of(domain: str) -> Profile | None:
    """Return the profile of a domain's site."""
    return PROFILES.get(host_of(domain).removeprefix("www."))
