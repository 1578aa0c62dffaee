"""Domains as the journal has them: their state without a coordinator, their status, and the waits of an open batch."""

from __future__ import annotations

import math

from tlray.core.model.progress import DomainStatus, DomainWait
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import NO_OVERRIDE, DomainOverride, override_for
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.scheduling.snapshot import domain_wait
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import BatchRow, Counts, DomainRow


def stored_state(
    row: DomainRow,
    options: PolitenessOptions,
    override: DomainOverride = NO_OVERRIDE,
    *,
    now: float = 0.0,
    wall: float,
) -> DomainState:
    """Return the state of a domain that no coordinator has in memory; ``now`` (monotonic) and ``wall`` are one moment."""
    state = DomainState(row.name, options.policy(row.name), override, crawl_delay_s=row.crawl_delay_s)
    if row.cool_until is not None:
        state.cool_down(now + row.cool_until - wall, row.cool_reason or "")
    return state


def domain_status(
    row: DomainRow, state: DomainState, *, now: float, wall: float, n_open: int
) -> DomainStatus:
    """Return a domain's status; ``now`` (monotonic) and ``wall`` are one moment."""
    cool_until, reason = row.cool_until, row.cool_reason
    if state.is_cooling(now):
        cool_until, reason = wall + state.cool_until - now, state.cool_reason
    is_cooling = cool_until is not None and cool_until > wall
    ceiling = state.ceiling
    return {
        "domain": row.name,
        "paused": state.override.is_paused,
        "max_rate": _rate(ceiling),
        "rate": _rate(state.effective),
        "concurrency": ceiling.concurrency,
        "set": {"max_rate": row.override.rate, "concurrency": row.override.concurrency},
        "crawl_delay_s": state.crawl_delay_s,
        "robots_at": row.robots_at,
        "open": n_open,
        "in_flight": state.n_leased,
        "cooling_until": round(cool_until, 1) if is_cooling and cool_until is not None else None,
        "reason": state.parked or (reason if is_cooling else None),
        "blocks_in_a_row": max(row.n_blocks, state.n_blocks),
        "last_fetch_at": row.last_fetch_at,
    }


def _rate(policy: DomainPolicy) -> float | None:
    return None if math.isinf(policy.rate) else policy.rate


def stored_statuses(journal: JournalReader, host: str, *, wall: float) -> list[DomainStatus]:
    """Return the status of a domain and of those at other ports of the same host, without a coordinator."""
    overrides = journal.overrides()
    statuses = []
    for row in journal.domains_at(host):
        state = stored_state(row, PolitenessOptions(), override_for(row.name, overrides), wall=wall)
        n_open = journal.count_open_at(row.name)
        statuses.append(domain_status(row, state, now=0.0, wall=wall, n_open=n_open))
    return statuses


def stored_waits(
    journal: JournalReader, batch: BatchRow, by_domain: Counts, *, wall: float
) -> dict[str, DomainWait]:
    """Return why domains at which a batch has open items are slow, rest or are paused."""
    waits: dict[str, DomainWait] = {}
    overrides = journal.overrides()
    for name, states in by_domain.items():
        row = journal.domain(name) if any(not state.is_final for state in states) else None
        if row is not None:
            override = override_for(row.name, overrides)
            state = stored_state(row, batch.options.politeness, override, wall=wall)
            if wait := domain_wait(state, now=0.0, wall=wall):
                waits[name] = wait
    return waits
