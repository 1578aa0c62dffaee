"""What of a user's wishes treats a site more roughly than it is treated without them, or holds up everybody else there? That is
for an admin to allow, not for each user.

Gentler wishes are everybody's: asking for less than a site bears harms nobody. But a site is treated as gently as anybody asks
for whose batch runs, so they have a bound, too. Both sides are compared as they come out, all that is said anywhere in them, at
every domain that either of them names and at all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.adaptive_rate import AUTO_START
from tlray.core.politeness.policy import PROFILES, Manners
from tlray.core.politeness.retry import RULES, Cure
from tlray.core.politeness.retry_policy import MAX_ATTEMPTS, RetryPolicy, RuleChange

EVERYWHERE = "*"
"""In the place of a domain: all that nobody names. No domain is called so."""
EVERYBODYS_ATTEMPTS = 10
"""So many attempts are no rougher than the default's: the waits between them double. It holds where nobody has said a
number: a bound of the table, or the operator's, stands."""
SLOWEST, SLOWEST_SHARE = 1 / 120, 1 / 10
"""Fetches a second, or of what holds without the wish, that anybody may ask for at least, whichever is less."""
LONGEST_REST_S = 86_400.0
"""The longest rest after a block that anybody may ask for, where none that is longer holds."""
_TRIED_AGAIN = tuple(kind for kind, rule in RULES.items() if rule.cure in (Cure.RETRY, Cure.SNOOZE))


class Loosening(NamedTuple):
    """One thing that is rougher than before."""

    domain: str
    """`EVERYWHERE` where it is so for a whole batch."""
    what: str


def loosened(asked: Manners, without: Manners) -> list[Loosening]:
    """Return what ``asked`` loosens of the manners that hold ``without`` it (profiles and defaults included)."""
    return _found(
        {*PROFILES, *_named(asked), *_named(without)}, lambda domain: _rougher(asked, without, domain)
    )


def held_up(asked: Manners, without: Manners) -> list[Loosening]:
    """Return where ``asked`` would have all others wait, compared with what holds ``without`` it."""
    return _found(
        {*PROFILES, *_named(asked), *_named(without)}, lambda domain: _slower(asked, without, domain)
    )


def loosened_retries(asked: RetryPolicy, without: RetryPolicy) -> list[Loosening]:
    """Return where ``asked`` tries again sooner, or more often, than what holds ``without`` it (the table included)."""
    if without.max_attempts == MAX_ATTEMPTS:
        without = replace(without, max_attempts=EVERYBODYS_ATTEMPTS)
    return _found({*asked.by_domain, *without.by_domain}, lambda domain: _sooner(asked, without, domain))


def may_write_to(address: str, user: str, *, is_admin: bool) -> bool:
    """Whether mail may be sent to ``address`` for a user: an admin names anybody, others only themselves, where their name is
    an address."""
    return is_admin or ("@" in user and address.strip().lower() == user.lower())


def _found(domains: Iterable[str], rougher_at: Callable[[str], list[str]]) -> list[Loosening]:
    """Return what is rougher everywhere, and then what else is at single domains."""
    everywhere = rougher_at(EVERYWHERE)
    found = [Loosening(EVERYWHERE, what) for what in everywhere]
    for domain in sorted(domains):
        found += [Loosening(domain, what) for what in rougher_at(domain) if what not in everywhere]
    return found


# -- manners ---------------------------------------------------------------------------------------


def _named(manners: Manners) -> set[str]:
    return {*manners.rates, *manners.concurrency, *manners.crawl_delay_ignored, *manners.block_cool_downs}


def _rougher(asked_for: Manners, without_it: Manners, domain: str) -> list[str]:
    asked, without = asked_for.policy(domain), without_it.policy(domain)
    found = []
    if asked.rate > without.rate:
        found.append(f"a rate of {asked.rate:g}/s is above {without.rate:g}/s")
    elif without.is_auto and not asked.is_auto and asked.rate > AUTO_START:
        found.append(f"a rate of {asked.rate:g}/s whatever it bears, where it finds its level")
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


def _slower(asked_for: Manners, without_it: Manners, domain: str) -> list[str]:
    asked, without = asked_for.policy(domain), without_it.policy(domain)
    found = []
    slowest = min(SLOWEST, without.rate * SLOWEST_SHARE)
    if asked.rate < slowest:
        found.append(f"a rate of {asked.rate:.3g}/s is below {slowest:.3g}/s, and holds up all others there")
    longest_s = max(LONGEST_REST_S, without.block_cool_down_s)
    if asked.block_cool_down_s > longest_s:
        found.append(
            f"a rest of {asked.block_cool_down_s:g} s after a block is longer than {longest_s:g} s, and holds up all others there"
        )
    return found


# -- retries ---------------------------------------------------------------------------------------


def _sooner(asked: RetryPolicy, without: RetryPolicy, domain: str) -> list[str]:
    kinds: dict[str, list[str]] = {}
    for kind in _TRIED_AGAIN:
        most = RULES[kind].max_attempts
        asked_here, without_here = (policy.change(kind, domain, most=most) for policy in (asked, without))
        for what in _sooner_after(kind, asked_here, without_here):
            kinds.setdefault(what, []).append(kind.value)
    return [f"{what}, after {', '.join(of_kinds)}" for what, of_kinds in kinds.items()]


def _sooner_after(kind: OutcomeKind, asked: RuleChange, without: RuleChange) -> list[str]:
    found = []
    (first_s, longest_s), (first_without_s, longest_without_s) = (
        _waits_s(kind, asked),
        _waits_s(kind, without),
    )
    if first_s < first_without_s and kind is not OutcomeKind.BLOCKED:  # the manners say that one's
        found.append(f"a first wait of {first_s:g} s is shorter than {first_without_s:g} s")
    if longest_s < longest_without_s:
        found.append(f"a longest wait of {longest_s:g} s is shorter than {longest_without_s:g} s")
    if RULES[kind].cure is Cure.RETRY and (asked.max_attempts or 0) > (without.max_attempts or 0):
        found.append(f"{asked.max_attempts} attempts are more than {without.max_attempts}")
    return found


def _waits_s(kind: OutcomeKind, change: RuleChange) -> tuple[float, float]:
    """Return the first and the longest wait, as `tlray.core.politeness.retry.decide` has them; where neither is shorter, no
    wait is."""
    rule = RULES[kind]
    base_s = rule.base_s if change.base_s is None else change.base_s
    cap_s = max(rule.cap_s, base_s) if change.cap_s is None else change.cap_s
    return min(base_s, cap_s), cap_s
