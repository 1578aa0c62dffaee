"""The policy of a domain: how many fetches a second, how many at once, and the rest after a block."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tlray.core.model.hosts import is_public_host


@dataclass(frozen=True, slots=True)
class DomainPolicy:
    """The limits of one domain."""

    rate: float
    """Fetches a second; ``math.inf``: no ceiling of ours."""
    burst: float = 1.0
    concurrency: int = 2
    """Fetches in flight at once."""
    block_cool_down_s: float = 1_800.0
    """The rest after a block page."""
    crawl_delay_ignored: bool = False
    """True if the user says that the site's owner agreed."""
    is_auto: bool = False
    """True if ``rate`` is a maximum: the domain starts low and finds its own (`tlray.core.politeness.adaptive_rate`)."""


MOST_AT_ONCE = 256
"""No domain has more fetches in flight, for whatever option: each is a connection of a scrape task's."""
UNKNOWN_PUBLIC = DomainPolicy(rate=1.0, concurrency=2)
"""A public host without a site profile: what a careful person with a browser would do."""
PRIVATE = DomainPolicy(rate=math.inf, burst=1.0, concurrency=32)
"""Loopback and private hosts are the user's own: no ceiling of ours, robots.txt still counts."""


FILES = DomainPolicy(rate=math.inf, burst=1.0, concurrency=MOST_AT_ONCE)
"""Files of the user: nobody is to be spared."""


def default_policy(host: str) -> DomainPolicy:
    """Return the policy of a host without a site profile."""
    return UNKNOWN_PUBLIC if is_public_host(host) else PRIVATE
