"""When will a batch be done? What lies ahead of it on each of its domains, at that domain's rate; the latest
domain decides.

For a domain with a ceiling: what is left of its cool-down, plus its open items over its rate. Domains
without a ceiling share what the machines can do; for them the rate that was seen counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from tlray.core.books import BatchBook
from tlray.core.domains import DomainState


def remaining_s(book: BatchBook, domains: Mapping[str, DomainState], *, now: float) -> float | None:
    """Return the seconds that a running batch still needs, or None while nothing can be said honestly."""
    if not book.n_open:
        return 0.0
    longest_s, n_unbounded = 0.0, 0
    for name, n_open in book.open_by_domain.items():
        if n_open <= 0:
            continue
        state = domains.get(name)
        rate = state.effective.rate if state else math.inf
        cool_s = max(0.0, state.cool_until - now) if state else 0.0
        if math.isinf(rate):
            n_unbounded += n_open
            longest_s = max(longest_s, cool_s)
        else:
            longest_s = max(longest_s, cool_s + n_open / rate)
    seen = book.rate_per_s(now)
    if n_unbounded and not seen:
        return longest_s or None
    by_seen_s = book.n_open / seen if seen else 0.0
    return max(longest_s, by_seen_s) if n_unbounded else longest_s
