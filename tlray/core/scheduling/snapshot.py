"""What is told of a batch's progress? One plain snapshot, with a version that only grows.

The shape is public (CONTRACT, ``WS /ws/batch/{id}/progress``): version, batch_id, state, total, counts,
rate_per_min, estimated_completion, domains, and what a bar shows besides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from heapq import nlargest
from itertools import islice
from operator import itemgetter
from typing import Any

from tlray.core.model.lifecycle import ItemState
from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.batch import BatchBook
from tlray.core.scheduling.batch_wait import wait_of
from tlray.core.scheduling.eta import remaining_s

MAX_DOMAINS_SHOWN = 50


def snapshot(
    book: BatchBook,
    domains: Mapping[str, DomainState],
    *,
    now: float,
    wall: float,
    left_s: float | None = None,
    elapsed_s: float = 0.0,
    starts_at: float | None = None,
) -> dict[str, Any]:
    """Return a batch's progress at this moment, as plain JSON data; moments are seconds since the epoch.

    ``left_s`` is what `Engine.remaining_s` says, which knows of the other batches too; ``elapsed_s`` is the time that it
    took so far. Of a batch that is over the rate is the mean of all its time.
    """
    if left_s is None and book.state.value == "running":
        left_s = remaining_s(book, domains, now=now)
    per_s = book.mean_per_s(elapsed_s) if book.state.is_final else book.rate_per_s(now)
    parked = (
        (name, state.parked) for name in book.open_by_domain if (state := domains.get(name)) and state.parked
    )
    wait = wait_of(book, domains, now=now)
    return {
        "version": book.version,
        "batch_id": book.batch_id,
        "name": book.name,
        "state": book.state.value,
        "total": book.total,
        "counts": {state.value: book.counts.get(state, 0) for state in ItemState},
        "duplicates": book.n_duplicates,
        "n_rejected": book.n_rejected,
        "tracks": book.n_tracks,
        "retries": book.n_retries,
        "blocked": book.n_blocked,
        "answered": book.n_answered,
        "rate_per_min": round(per_s * 60, 1),
        "estimated_completion": None if left_s is None else round(wall + left_s, 1),
        "elapsed_s": round(elapsed_s, 2),
        "starts_at": starts_at,
        "waits_until": None if wait is None or math.isinf(wait.until) else round(wall + wait.until - now, 1),
        "waits_for": None if wait is None else {"domain": wait.domain, "reason": wait.reason},
        "lost_nodes": [lost.told(now=now, wall=wall) for lost in book.lost_nodes if not book.state.is_final],
        "parked": dict(islice(parked, MAX_DOMAINS_SHOWN)),
        "domains": {
            name: _domain(domains.get(name), n, now=now, wall=wall) for name, n in shown(book).items()
        },
    }


def shown(book: BatchBook) -> dict[str, int]:
    """Return the domains of a batch that are told of, those with the most open items first."""
    return dict(nlargest(MAX_DOMAINS_SHOWN, book.open_by_domain.items(), key=itemgetter(1)))


def _domain(state: DomainState | None, n_open: int, *, now: float, wall: float) -> dict[str, Any]:
    if state is None:
        return {"open": n_open}
    told: dict[str, Any] = {"open": n_open, "in_flight": state.n_leased, "blocks": state.n_blocks_ever}
    rate = state.effective.rate
    told["max_rate"] = None if rate == float("inf") else rate
    if (slow := state.slow_because) is not None:
        told["slow_because"] = slow
    if state.parked is not None:
        told["state"], told["reason"] = "parked", state.parked
    if state.by_hand.is_paused:
        told["state"] = "paused"
    if state.is_cooling(now):
        told["cooling_until"] = round(wall + state.cool_until - now, 1)
        told.setdefault("reason", state.cool_reason)
    return told
