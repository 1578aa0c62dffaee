"""The estimate of a batch's end: the work ahead of it at each of its domains, at that domain's throughput. The slowest domain
decides.

Ahead of a batch are its own open items, items of higher priorities at the same domain, and of batches of its priority as many
as its own, because they take turns. An item costs as many fetches, and as much rest of the domain, as items there cost so far
(`tlray.core.politeness.throughput`), and the rest of a cool-down and of the last backoff. Domains without a ceiling share the
machines: for them the throughput of all together counts, within their slots. While a batch is matched against results there is
no estimate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState
from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.batch import Batch

SEEN_S = 1.0
"""Less time of work allows no estimate."""
UNREPORTED_S = 3.0
"""What a task fetches within this time may be done, and not be counted yet."""


class NoEstimate(StrEnum):
    """Why there is no estimate."""

    MATCHING = "matching"
    """It is matched against results that are known already."""
    PAUSED_DOMAIN = "paused-domain"
    """An operator has paused a domain of it."""
    NO_PAGE_YET = "no-page-yet"
    """No page has come back."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a batch's end."""

    left_s: float | None
    """The seconds that it still needs, as estimated."""
    least_s: float | None = None
    """The seconds before which it cannot end, if each item takes a fetch: what the ceilings of its domains allow."""
    domain: str | None = None
    """The domain that decides: the one that takes longest, or that is paused."""
    missing: NoEstimate | None = None

    def after(self, passed_s: float) -> Outlook:
        """Return the same outlook some seconds later."""
        left_s, least_s = (s if s is None else max(0.0, s - passed_s) for s in (self.left_s, self.least_s))
        return replace(self, left_s=left_s, least_s=least_s)


@dataclass(frozen=True, slots=True)
class _Unbounded:
    """The work ahead at a domain without a ceiling."""

    name: str
    ahead: float
    per_s: float
    """Items that become final a second, lately."""
    least_s: float
    """At least, with all slots in use."""
    rest_s: float


def remaining_s(
    batch: Batch,
    domains: Mapping[str, DomainState],
    *,
    now: float,
    others_at: Callable[[str], Iterable[Batch]] = lambda _: (),
    last_due: Mapping[str, float] | None = None,
) -> float | None:
    """Return the seconds that a running batch still needs; None while there is no honest estimate."""
    return outlook(batch, domains, now=now, others_at=others_at, last_due=last_due).left_s


def outlook(  # noqa: PLR0912 - one case after the other
    batch: Batch,
    domains: Mapping[str, DomainState],
    *,
    now: float,
    others_at: Callable[[str], Iterable[Batch]] = lambda _: (),
    last_due: Mapping[str, float] | None = None,
) -> Outlook:
    """Return what is known of a running batch's end; no seconds while there is no honest estimate.

    ``others_at`` returns the open batches of a domain, ``last_due`` is the due time of the last waiting item of each domain.
    """
    if not batch.n_open:
        return Outlook(0.0, 0.0)
    if batch.is_matching or batch.n_reusing:
        return Outlook(None, missing=NoEstimate.MATCHING)
    longest_s, n_unknown = 0.0, 0.0
    slowest: str | None = None
    least_s: float | None = None
    unbounded: list[_Unbounded] = []
    for name, n_open in batch.open_by_domain.items():
        if n_open <= 0:
            continue
        others = (other for other in others_at(name) if other.id != batch.id)
        ahead = n_open + items_before(others, name, n_open, batch.priority)
        state = domains.get(name)
        if state is None:
            n_unknown += ahead
            continue
        if state.override.is_paused:
            return Outlook(None, domain=name, missing=NoEstimate.PAUSED_DOMAIN)
        if (own_s := _least_s(state, n_open, now=now)) is not None:
            least_s = own_s if least_s is None else max(least_s, own_s)
        before_s = longest_s
        rate = state.ceiling.rate  # the rate below it varies; the throughput is its mean
        rest_s = max(0.0, state.cool_until - now) + ahead * state.throughput.rest_s_per_item
        pace = state.throughput.per_s(rate)
        n_fetches = ahead * state.throughput.fetches_per_item
        if (last_due or {}).get(name, now) > now:
            longest_s = max(longest_s, (last_due or {})[name] - now)
        if pace is None:
            n_unknown += ahead
            longest_s = max(longest_s, rest_s)
        elif math.isinf(rate):
            slots_s = n_fetches * state.throughput.latency_s / state.effective.concurrency
            per_s = pace / state.throughput.fetches_per_item
            unbounded.append(_Unbounded(name, ahead, per_s, slots_s + rest_s, rest_s))
        else:
            longest_s = max(longest_s, rest_s + n_fetches / pace)
        if longest_s > before_s:
            slowest = name
    if unbounded:
        together_s = sum(u.ahead for u in unbounded) / sum(u.per_s for u in unbounded)
        alone_s = max(u.rest_s + u.ahead / u.per_s for u in unbounded)
        unbounded_s = min(alone_s, max(together_s, *(u.least_s for u in unbounded)))
        if unbounded_s > longest_s:
            longest_s, slowest = unbounded_s, max(unbounded, key=lambda u: u.rest_s + u.ahead / u.per_s).name
    if n_unknown:
        is_seen = batch.first_at is not None and now - batch.first_at >= SEEN_S
        seen = batch.rate_per_s(now) if is_seen else 0.0
        left_s = max(longest_s, batch.n_open / seen) if seen else longest_s or None
        missing = NoEstimate.NO_PAGE_YET if left_s is None else None
        return Outlook(left_s, least_s, slowest, missing)
    return Outlook(longest_s, least_s, slowest)


def _least_s(state: DomainState, n_open: int, *, now: float) -> float | None:
    """Return the seconds before which ``n_open`` items of a domain cannot be fetched; None without a ceiling.

    Permits may be there for as many as the burst and the fetches in flight, and what was fetched in the last seconds is not
    reported yet.
    """
    policy = state.ceiling
    if math.isinf(policy.rate):
        return None
    n_ahead = policy.burst + policy.concurrency + UNREPORTED_S * policy.rate
    rest_s = max(0.0, state.cool_until - now)
    return rest_s + max(0.0, n_open - n_ahead) / policy.rate


def items_before(others: Iterable[Batch], domain: str, n_own: int, priority: Priority) -> int:
    """Return how many items of other batches come before the last of ``n_own`` items of a priority."""
    total = 0
    for other in others:
        if other.state is BatchState.RUNNING and other.priority <= priority:
            n = max(0, other.open_by_domain.get(domain, 0))
            total += n if other.priority < priority else min(n, n_own)
    return total


def new_list_s(
    state: DomainState, n: int, rate: float, *, now: float, others: Iterable[Batch], priority: Priority
) -> float | None:
    """Return the seconds that ``n`` new items of a domain would take, at most ``rate`` a second; None while that is not known."""
    pace = state.throughput.per_s(rate)
    if pace is None or state.override.is_paused:
        return None
    ahead = n + items_before(others, state.name, n, priority)
    rest_s = max(0.0, state.cool_until - now) + ahead * state.throughput.rest_s_per_item
    return rest_s + ahead * state.throughput.fetches_per_item / pace
