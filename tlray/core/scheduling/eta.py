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
from dataclasses import dataclass

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState
from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.batch import Batch

SEEN_S = 1.0
"""Less time of work allows no estimate."""


@dataclass(frozen=True, slots=True)
class _Unbounded:
    """The work ahead at a domain without a ceiling."""

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
    """Return the seconds that a running batch still needs; None while there is no honest estimate.

    ``others_at`` returns the open batches of a domain, ``last_due`` is the due time of the last waiting item of each domain.
    """
    if not batch.n_open:
        return 0.0
    if batch.is_matching or batch.n_reusing:
        return None
    longest_s, n_unknown = 0.0, 0.0
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
            return None
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
            least_s = n_fetches * state.throughput.latency_s / state.effective.concurrency
            per_s = pace / state.throughput.fetches_per_item
            unbounded.append(_Unbounded(ahead, per_s, least_s + rest_s, rest_s))
        else:
            longest_s = max(longest_s, rest_s + n_fetches / pace)
    if unbounded:
        together_s = sum(u.ahead for u in unbounded) / sum(u.per_s for u in unbounded)
        alone_s = max(u.rest_s + u.ahead / u.per_s for u in unbounded)
        longest_s = max(longest_s, min(alone_s, max(together_s, *(u.least_s for u in unbounded))))
    if n_unknown:
        is_seen = batch.first_at is not None and now - batch.first_at >= SEEN_S
        seen = batch.rate_per_s(now) if is_seen else 0.0
        return max(longest_s, batch.n_open / seen) if seen else longest_s or None
    return longest_s


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
