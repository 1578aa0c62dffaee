"""The snapshot of a batch's progress (`tlray.core.model.progress`), made from its book and its domains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from heapq import nlargest
from itertools import islice
from operator import itemgetter

from tlray.core.model.lifecycle import ItemState
from tlray.core.model.progress import BatchDomain, BatchDomainState, DomainProgress, DomainWait, Snapshot
from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.batch_wait import wait_of
from tlray.core.scheduling.eta import Outlook, outlook

MAX_DOMAINS_SHOWN = 50


def snapshot(
    batch: Batch,
    domains: Mapping[str, DomainState],
    *,
    now: float,
    wall: float,
    ahead: Outlook | None = None,
    elapsed_s: float = 0.0,
    starts_at: float | None = None,
    trouble: str | None = None,
) -> Snapshot:
    """Return a batch's progress at this moment; ``now`` and ``wall`` are one moment on the two clocks.

    ``ahead`` is the result of `Engine.outlook`, which counts the other batches too; without it only this batch counts.
    The rate of a finished batch is the mean of ``elapsed_s``.
    """
    if batch.state.value != "running":
        ahead = Outlook(None)
    elif ahead is None:
        ahead = outlook(batch, domains, now=now)
    between = batch.eta.update(left_s=ahead.left_s, least_s=ahead.least_s, now=now, wall=wall)
    batch.eta.pass_half(batch.total - batch.n_open, batch.total)
    per_s = batch.mean_per_s(elapsed_s) if batch.state.is_final else batch.rate_per_s(now)
    parked = (
        (name, state.parked) for name in batch.open_by_domain if (state := domains.get(name)) and state.parked
    )
    wait = wait_of(batch, domains, now=now)
    return {
        "version": batch.version,
        "batch_id": batch.batch_id,
        "name": batch.name,
        "state": batch.state.value,
        "priority": batch.priority.name.lower(),
        "total": batch.total,
        "counts": {state.value: batch.counts.get(state, 0) for state in ItemState},
        "duplicates": batch.n_duplicates,
        "n_rejected": batch.n_rejected,
        "tracks": batch.n_tracks,
        "retries": batch.n_retries,
        "blocked": batch.n_blocked,
        "answered": batch.n_answered,
        "found": batch.n_found,
        "lists": batch.n_lists,
        "rate_per_min": round(per_s * 60, 1),
        "estimated_completion": None if ahead.left_s is None else round(wall + ahead.left_s, 1),
        "estimated_between": None if between is None else list(between),
        "estimate_waits_on": ahead.domain,
        "estimate_missing": None if ahead.missing is None else ahead.missing.value,
        "elapsed_s": round(elapsed_s, 2),
        "starts_at": starts_at,
        "waits_until": None if wait is None or math.isinf(wait.until) else round(wall + wait.until - now, 1),
        "waits_for": None if wait is None else {"domain": wait.domain, "reason": wait.reason},
        "lost_nodes": [
            lost.as_json(now=now, wall=wall) for lost in batch.lost_nodes if not batch.state.is_final
        ],
        "n_domains": sum(n > 0 for n in batch.open_by_domain.values()),
        "parked": dict(islice(parked, MAX_DOMAINS_SHOWN)),
        "domains": {
            name: _domain(domains.get(name), n, now=now, wall=wall) for name, n in shown(batch).items()
        },
        "trouble": trouble,
    }


def shown(batch: Batch) -> dict[str, int]:
    """Return the domains of a batch that its snapshot names, with their open items: those with the most."""
    return dict(nlargest(MAX_DOMAINS_SHOWN, batch.open_by_domain.items(), key=itemgetter(1)))


def _domain(state: DomainState | None, n_open: int, *, now: float, wall: float) -> DomainProgress:
    if state is None:
        return {"open": n_open}
    return {
        "open": n_open,
        "in_flight": state.n_leased,
        "blocks": state.n_blocks_ever,
        "max_rate": _finite(state.ceiling.rate),
        "rate": _finite(state.effective.rate),
        **domain_wait(state, now=now, wall=wall),
    }


def batch_domain(
    state: DomainState, *, total: int, dead: int, left: int, now: float, wall: float, done: int | None = None
) -> BatchDomain:
    """Return one domain of a batch; ``now`` (monotonic) and ``wall`` are one moment. ``done``: by default what is not left."""
    wait = domain_wait(state, now=now, wall=wall)
    until = wait.get("cooling_until")
    if not left:
        name: BatchDomainState = "finished"
    elif (stops := wait.get("state")) is not None:
        name = stops
    elif until is not None:
        name = "resting"
    else:
        name = "fetching" if state.n_leased else "waiting"
    return {
        "domain": state.name,
        "state": name,
        "total": total,
        "done": total - left if done is None else done,
        "dead": dead,
        "left": left,
        "in_flight": state.n_leased,
        "max_rate": _finite(state.ceiling.rate),
        "rate": _finite(state.effective.rate),
        "cooling_until": until,
        "reason": wait.get("reason", wait.get("slow_because")),
        "robots_delay_s": state.robots_delay_s,
    }


def _finite(rate: float) -> float | None:
    return None if math.isinf(rate) else rate


def domain_wait(state: DomainState, *, now: float, wall: float) -> DomainWait:
    """Return why a domain is slow or rests; ``now`` (monotonic) and ``wall`` are one moment."""
    wait: DomainWait = {}
    if (slow := state.slow_because) is not None:
        wait["slow_because"] = slow
    if state.parked is not None:
        wait["state"], wait["reason"] = "parked", state.parked
    if state.override.is_paused:
        wait["state"] = "paused"
    if state.is_cooling(now):
        wait["cooling_until"] = round(wall + state.cool_until - now, 1)
        wait.setdefault("reason", state.cool_reason)
    return wait
