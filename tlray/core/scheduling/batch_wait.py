"""The wait of a whole batch: nothing of it can be fetched before its first domain is back.

It counts all domains at which the batch has open items, however many a snapshot shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tlray.core.model.lifecycle import ItemState
from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.batch import BatchBook

PAUSED = "paused by hand"


@dataclass(frozen=True, slots=True)
class Wait:
    """The domain of a batch that is back first."""

    domain: str
    reason: str
    until: float
    """Monotonic seconds; infinite where a person has paused each domain that has open items: nobody knows when that ends."""


def wait_of(book: BatchBook, domains: Mapping[str, DomainState], *, now: float) -> Wait | None:
    """Return what a batch waits for; None while something of it can be fetched, is leased, or may be answered by kept results.

    The search ends at the first domain that is free. A domain that is paused by hand is not: it counts as one that rests for
    ever.
    """
    if book.counts.get(ItemState.LEASED, 0) or book.is_answering:
        return None
    first: DomainState | None = None
    first_until = math.inf
    for name, n_open in book.open_by_domain.items():
        if n_open <= 0:
            continue
        state = domains.get(name)
        if state is None or not state.rests(now):
            return None
        until = math.inf if state.by_hand.is_paused else state.cool_until
        if first is None or until < first_until:
            first, first_until = state, until
    if first is None:
        return None
    return Wait(first.name, PAUSED if first.by_hand.is_paused else first.cool_reason, first_until)
