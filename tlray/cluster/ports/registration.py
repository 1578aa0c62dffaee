"""The message that registers a domain with its limiter."""

from __future__ import annotations

from typing import NamedTuple

from tlray.core.politeness.domain_policy import DomainPolicy


class Registration(NamedTuple):
    """One domain, as its limiter receives it."""

    domain: str
    policy: DomainPolicy
    starts_empty: bool
    """True if its bucket begins empty, where the limiter does not know it."""
    rest_s: float
    """Seconds that it still rests."""
    call: int
    """Number of the call; an older one that comes late changes nothing."""
