"""When will a batch be done? What lies ahead of it on each of its domains, at that domain's pace; the latest
domain decides.

Ahead of a batch are its own open items, those of batches of a higher priority on the same domain, and of
batches of the same priority as many as its own, because they take turns. Each item takes as many fetches,
and as much of the domain's rest, as items of that domain have taken so far (`tlray.core.politeness.throughput`); what is left
of a cool-down and of the last backoff is waited for. Domains without a ceiling share what the machines can
do: for them the pace of all together counts, within what the slots of each allow. While a batch is held against
kept results nobody knows how much of it will be fetched at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tlray.core.model.lifecycle import BatchState
from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.batch import BatchBook

SEEN_S = 1.0
"""What was done within less time says nothing of what is done in a second."""


@dataclass(frozen=True, slots=True)
class _Unbounded:
    """What lies ahead on a domain without a ceiling."""

    ahead: float
    per_s: float
    """Items that become final a second, lately."""
    least_s: float
    """With all slots in use."""
    rest_s: float


def remaining_s(
    book: BatchBook,
    domains: Mapping[str, DomainState],
    *,
    now: float,
    others_at: Callable[[str], Iterable[BatchBook]] = lambda _: (),
    last_due: Mapping[str, float] | None = None,
) -> float | None:
    """Return the seconds that a running batch still needs, or None while nothing can be said honestly.

    ``others_at`` returns the open batches of a domain, ``last_due`` is when the last waiting item of each domain is due.
    """
    if not book.n_open:
        return 0.0
    if book.is_answering or book.n_being_answered:
        return None
    longest_s, n_unknown = 0.0, 0.0
    unbounded: list[_Unbounded] = []
    for name, n_open in book.open_by_domain.items():
        if n_open <= 0:
            continue
        ahead = n_open + sum(_before(book, other, name, n_open) for other in others_at(name))
        state = domains.get(name)
        if state is None:
            n_unknown += ahead
            continue
        if state.by_hand.is_paused:
            return None
        rate = state.ceiling.rate  # below it the rate comes and goes; the pace is what it comes to
        rest_s = max(0.0, state.cool_until - now) + ahead * state.pace.rest_s_per_item
        pace = state.pace.per_s(rate)
        n_fetches = ahead * state.pace.fetches_per_item
        if (last_due or {}).get(name, now) > now:
            longest_s = max(longest_s, (last_due or {})[name] - now)
        if pace is None:
            n_unknown += ahead
            longest_s = max(longest_s, rest_s)
        elif math.isinf(rate):
            least_s = n_fetches * state.pace.latency_s / state.effective.concurrency
            per_s = pace / state.pace.fetches_per_item
            unbounded.append(_Unbounded(ahead, per_s, least_s + rest_s, rest_s))
        else:
            longest_s = max(longest_s, rest_s + n_fetches / pace)
    if unbounded:
        together_s = sum(u.ahead for u in unbounded) / sum(u.per_s for u in unbounded)
        alone_s = max(u.rest_s + u.ahead / u.per_s for u in unbounded)
        longest_s = max(longest_s, min(alone_s, max(together_s, *(u.least_s for u in unbounded))))
    if n_unknown:
        is_seen = book.first_at is not None and now - book.first_at >= SEEN_S
        seen = book.rate_per_s(now) if is_seen else 0.0
        return max(longest_s, book.n_open / seen) if seen else longest_s or None
    return longest_s


def _before(book: BatchBook, other: BatchBook, domain: str, n_own: int) -> int:
    """Return how many of another batch's items come before the last one of this."""
    if other.id == book.id or other.state is not BatchState.RUNNING or other.priority > book.priority:
        return 0
    n = max(0, other.open_by_domain.get(domain, 0))
    return n if other.priority < book.priority else min(n, n_own)
