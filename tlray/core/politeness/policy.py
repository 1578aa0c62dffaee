"""A domain's policy, decided in one place: fetches a second, fetches at once, the rest after a block.

Each step replaces or lowers the result of the step before:

1. `default_policy`: the default of its kind of host, public or private; the profile of its site, if there is one.
2. `PolitenessOptions.policy`: the options of a batch, first for the host, then for the port.
3. `gentlest`: of all batches that are at work at the domain, the gentlest in every respect.
4. `ceiling`: an operator's override (``tlray domain``) in place of 1 to 3; then robots.txt: its crawl-delay lowers the rate,
   unless every batch says that the site's owner agreed to more.
5. `effective`: the rate that the site bears (`adaptive_rate`); one fetch at a time while its circuit breaker is open.

`DomainRegistry` calls 1 to 3 when batches come and go; `DomainState.ceiling` and `DomainState.effective` are 4 and 5. A pause, a
rest and a turn say when a domain is fetched from again, not how fast: `DomainState.rests`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tlray.core.model.file_source import FILE_DOMAIN
from tlray.core.model.urls import host_of
from tlray.core.politeness.adaptive_rate import AdaptiveRate
from tlray.core.politeness.domain_policy import FILES, MOST_AT_ONCE, DomainPolicy, default_policy
from tlray.core.politeness.override import DomainOverride
from tlray.core.politeness.rate_text import AUTO_BURST
from tlray.core.politeness.site_profile import politeness_key, profiles

AUTO_CONCURRENCY = 16


@dataclass(frozen=True, slots=True)
class PolitenessOptions:
    """The options of one batch. Keys are politeness keys: hosts, or ``host:port`` for that port alone."""

    rates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Domain → (fetches a second, burst)."""
    concurrency: Mapping[str, int] = field(default_factory=dict)
    crawl_delay_ignored: frozenset[str] = frozenset()
    block_cool_down_s: float | None = None
    """How long a domain rests after a block page; None: as its profile says."""
    block_cool_downs: Mapping[str, float] = field(default_factory=dict)
    """The same for single domains."""

    def policy(self, domain: str) -> DomainPolicy:
        """Return the policy of a domain for this batch alone, before its robots.txt is known: steps 1 and 2."""
        if domain == FILE_DOMAIN:
            return FILES
        domain = politeness_key(domain)
        host = host_of(domain)
        policy = default_policy(host)
        if profile := profiles().get(host.removeprefix("www.")):
            policy = DomainPolicy(profile.rate, 1.0, profile.concurrency, profile.block_cool_down_s)
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


def gentlest(policies: Iterable[DomainPolicy]) -> DomainPolicy | None:
    """Return a policy as gentle as each of several in every respect; None if there are none."""
    every = list(policies)
    if not every:
        return None
    return DomainPolicy(
        rate=min(p.rate for p in every),
        burst=min(p.burst for p in every),
        concurrency=min(p.concurrency for p in every),
        block_cool_down_s=max(p.block_cool_down_s for p in every),
        crawl_delay_ignored=all(p.crawl_delay_ignored for p in every),
        is_auto=any(p.is_auto for p in every),
    )


def ceiling(policy: DomainPolicy, override: DomainOverride, crawl_delay_s: float | None) -> DomainPolicy:
    """Return the policy under an operator's override and under robots.txt.

    An overridden rate is without bursts. A crawl-delay is a spacing: there is no burst under it, however low the rate.
    """
    if override.rate is not None:
        policy = replace(policy, rate=override.rate, burst=1.0, is_auto=False)
    if override.concurrency is not None:
        policy = replace(policy, concurrency=min(override.concurrency, MOST_AT_ONCE))
    if crawl_delay_s is None or policy.crawl_delay_ignored:
        return policy
    return replace(policy, rate=min(policy.rate, 1 / crawl_delay_s), burst=1.0)


def effective(ceiling: DomainPolicy, adaptive: AdaptiveRate, *, is_probing: bool) -> DomainPolicy:
    """Return the policy that limiter and tasks keep to; ``is_probing``: the circuit breaker is open."""
    rate = adaptive.allowed(ceiling.rate, is_auto=ceiling.is_auto)
    return replace(ceiling, rate=rate, concurrency=1 if is_probing else ceiling.concurrency)
