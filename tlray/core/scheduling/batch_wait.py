"""The wait of a whole batch: nothing of it can be fetched before its first domain is back.

All domains with open items of the batch count, not only those of its snapshot.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tlray.core.model.lifecycle import ItemState
from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.batch import Batch

PAUSED = "paused by hand"


@dataclass(frozen=True, slots=True)
class Wait:
    """The domain of a batch that is back first."""

    domain: str
    reason: str
    until: float
    """Monotonic seconds; infinite if every domain with open items is paused by an operator."""


def wait_of(batch: Batch, domains: Mapping[str, DomainState], *, now: float) -> Wait | None:
    """Return the wait of a batch; None while something of it can be fetched, is leased, or is matched against results.

    The search ends at the first domain that is free. A paused domain counts as one that rests for ever.
    """
    if batch.counts.get(ItemState.LEASED, 0) or batch.is_matching:
        return None
    first: DomainState | None = None
    first_until = math.inf
    for name, n_open in batch.open_by_domain.items():
        if n_open <= 0:
            continue
        state = domains.get(name)
        if state is None or not state.rests(now):
            return None
        until = math.inf if state.override.is_paused else state.cool_until
        if first is None or until < first_until:
            first, first_until = state, until
    if first is None:
        return None
    return Wait(first.name, PAUSED if first.override.is_paused else first.cool_reason, first_until)
