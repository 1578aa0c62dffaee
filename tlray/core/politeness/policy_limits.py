"""Options that only an admin may set: they raise a domain's rate above its default, or delay other users' batches.

Gentler options are free for all. But the gentlest option of any running batch holds for a domain, so they have a bound, too.
Both sides are compared by their result, at every domain that one of them names and at all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.adaptive_rate import AUTO_START
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.retry import RULES, RetryAction
from tlray.core.politeness.retry_policy import MAX_ATTEMPTS, RetryPolicy, RuleChange
from tlray.core.politeness.site_profile import profiles

EVERYWHERE = "*"
"""In place of a domain: all domains that are not named. No domain has this name."""
EVERYBODYS_ATTEMPTS = 10
"""So many attempts are allowed for all: the waits between them double. An operator's number, or one of the table, stands."""
SLOWEST, SLOWEST_SHARE = 1 / 120, 1 / 10
"""The lowest rate that is allowed for all: fetches a second, or a share of the rate without the option, whichever is less."""
LONGEST_REST_S = 86_400.0
"""The longest rest after a block that is allowed for all, unless a longer one holds already."""
_TRIED_AGAIN = tuple(
    kind for kind, rule in RULES.items() if rule.action in (RetryAction.RETRY, RetryAction.SNOOZE)
)


class ExceededLimit(NamedTuple):
    """An option beyond a limit."""

    domain: str
    """`EVERYWHERE` for a whole batch."""
    what: str


def exceeding_options(requested: PolitenessOptions, without: PolitenessOptions) -> list[ExceededLimit]:
    """Return the options of ``requested`` that are rougher than the policies ``without`` them."""
    return _found(
        {*profiles(), *_named(requested), *_named(without)},
        lambda domain: _rougher(requested, without, domain),
    )


def delaying_options(requested: PolitenessOptions, without: PolitenessOptions) -> list[ExceededLimit]:
    """Return the options of ``requested`` that delay all others at a domain, compared with the policies ``without`` them."""
    return _found(
        {*profiles(), *_named(requested), *_named(without)},
        lambda domain: _slower(requested, without, domain),
    )


def exceeding_retries(requested: RetryPolicy, without: RetryPolicy) -> list[ExceededLimit]:
    """Return the options of ``requested`` that retry sooner or more often than the rules ``without`` them."""
    if without.max_attempts == MAX_ATTEMPTS:
        without = replace(without, max_attempts=EVERYBODYS_ATTEMPTS)
    return _found(
        {*requested.by_domain, *without.by_domain}, lambda domain: _sooner(requested, without, domain)
    )


def may_email(address: str, user: str, *, is_admin: bool) -> bool:
    """True if mail may be sent to ``address`` for a user: an admin may name any address, others their own name if it is one."""
    return is_admin or ("@" in user and address.strip().lower() == user.lower())


def _found(domains: Iterable[str], rougher_at: Callable[[str], list[str]]) -> list[ExceededLimit]:
    """Return the findings for all domains, then those for single domains."""
    everywhere = rougher_at(EVERYWHERE)
    found = [ExceededLimit(EVERYWHERE, what) for what in everywhere]
    for domain in sorted(domains):
        found += [ExceededLimit(domain, what) for what in rougher_at(domain) if what not in everywhere]
    return found


# -- politeness ---------------------------------------------------------------------------------------


def _named(politeness: PolitenessOptions) -> set[str]:
    return {
        *politeness.rates,
        *politeness.concurrency,
        *politeness.crawl_delay_ignored,
        *politeness.block_cool_downs,
    }


def _rougher(
    requested_options: PolitenessOptions, options_without: PolitenessOptions, domain: str
) -> list[str]:
    requested, without = requested_options.policy(domain), options_without.policy(domain)
    found = []
    if requested.rate > without.rate:
        found.append(f"a rate of {requested.rate:g}/s is above {without.rate:g}/s")
    elif without.is_auto and not requested.is_auto and requested.rate > AUTO_START:
        found.append(f"a rate of {requested.rate:g}/s whatever it bears, where it finds its level")
    if requested.burst > without.burst:
        found.append(f"a burst of {requested.burst:g} is above {without.burst:g}")
    if requested.concurrency > without.concurrency:
        found.append(f"{requested.concurrency} fetches at once are more than {without.concurrency}")
    if requested.block_cool_down_s < without.block_cool_down_s:
        found.append(
            f"a rest of {requested.block_cool_down_s:g} s after a block is shorter than {without.block_cool_down_s:g} s"
        )
    if requested.crawl_delay_ignored and not without.crawl_delay_ignored:
        found.append("the crawl-delay of its robots.txt is not to be ignored")
    return found


def _slower(
    requested_options: PolitenessOptions, options_without: PolitenessOptions, domain: str
) -> list[str]:
    requested, without = requested_options.policy(domain), options_without.policy(domain)
    found = []
    slowest = min(SLOWEST, without.rate * SLOWEST_SHARE)
    if requested.rate < slowest:
        found.append(f"a rate of {requested.rate:.3g}/s is below {slowest:.3g}/s, and delays all others")
    longest_s = max(LONGEST_REST_S, without.block_cool_down_s)
    if requested.block_cool_down_s > longest_s:
        found.append(
            f"a rest of {requested.block_cool_down_s:g} s after a block is longer than {longest_s:g} s, and delays all others"
        )
    return found


# -- retries ---------------------------------------------------------------------------------------


def _sooner(requested: RetryPolicy, without: RetryPolicy, domain: str) -> list[str]:
    kinds: dict[str, list[str]] = {}
    for kind in _TRIED_AGAIN:
        most = RULES[kind].max_attempts
        requested_here, without_here = (
            policy.change(kind, domain, most=most) for policy in (requested, without)
        )
        for what in _sooner_after(kind, requested_here, without_here):
            kinds.setdefault(what, []).append(kind.value)
    return [f"{what}, after {', '.join(of_kinds)}" for what, of_kinds in kinds.items()]


def _sooner_after(kind: OutcomeKind, requested: RuleChange, without: RuleChange) -> list[str]:
    found = []
    (first_s, longest_s), (first_without_s, longest_without_s) = (
        _waits_s(kind, requested),
        _waits_s(kind, without),
    )
    if first_s < first_without_s and kind is not OutcomeKind.BLOCKED:  # the politeness options have that one
        found.append(f"a first wait of {first_s:g} s is shorter than {first_without_s:g} s")
    if longest_s < longest_without_s:
        found.append(f"a longest wait of {longest_s:g} s is shorter than {longest_without_s:g} s")
    if RULES[kind].action is RetryAction.RETRY and (requested.max_attempts or 0) > (
        without.max_attempts or 0
    ):
        found.append(f"{requested.max_attempts} attempts are more than {without.max_attempts}")
    return found


def _waits_s(kind: OutcomeKind, change: RuleChange) -> tuple[float, float]:
    """Return the first and the longest wait, as in `tlray.core.politeness.retry.decide_retry`."""
    rule = RULES[kind]
    base_s = rule.base_s if change.base_s is None else change.base_s
    cap_s = max(rule.cap_s, base_s) if change.cap_s is None else change.cap_s
    return min(base_s, cap_s), cap_s
