"""What of a user's manners is rougher than what holds without them? That is for an admin to allow, not for each user.

Gentler manners are everybody's: asking for less than a site bears harms nobody.
"""

from __future__ import annotations

from typing import NamedTuple

from tlray.core.policy import DomainPolicy, Manners


class Loosening(NamedTuple):
    """One thing that is rougher than before."""

    domain: str
    what: str


def loosened(asked: Manners, without: Manners) -> list[Loosening]:
    """Return what ``asked`` loosens of the manners that hold ``without`` it (profiles and defaults included)."""
    named = {*asked.rates, *asked.concurrency, *asked.crawl_delay_ignored, *asked.block_cool_downs}
    found = []
    for domain in sorted(named):
        found += [Loosening(domain, what) for what in _rougher(asked.policy(domain), without.policy(domain))]
    return found


def may_write_to(address: str, user: str, *, is_admin: bool) -> bool:
    """Whether mail may be sent to ``address`` for a user: an admin names anybody, others only themselves, where their name is
    an address."""
    return is_admin or ("@" in user and address.strip().lower() == user.lower())


def _rougher(asked: DomainPolicy, without: DomainPolicy) -> list[str]:
    found = []
    if asked.rate > without.rate:
        found.append(f"a rate of {asked.rate:g}/s is above {without.rate:g}/s")
    if asked.burst > without.burst:
        found.append(f"a burst of {asked.burst:g} is above {without.burst:g}")
    if asked.concurrency > without.concurrency:
        found.append(f"{asked.concurrency} fetches at once are more than {without.concurrency}")
    if asked.block_cool_down_s < without.block_cool_down_s:
        found.append(
            f"a rest of {asked.block_cool_down_s:g} s after a block is shorter than {without.block_cool_down_s:g} s"
        )
    if asked.crawl_delay_ignored and not without.crawl_delay_ignored:
        found.append("the crawl-delay of its robots.txt is not to be ignored")
    return found
