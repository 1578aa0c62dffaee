"""The status of a domain, as the HTTP API and ``tlray domain`` show it."""

from __future__ import annotations

import math
from typing import Any

from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import DomainOverride, override_for
from tlray.core.politeness.policy import PolitenessOptions
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import DomainRow


def stored_domain_state(row: DomainRow, override: DomainOverride) -> DomainState:
    """Return the state of a domain that no coordinator has in memory."""
    return DomainState(
        row.name, PolitenessOptions().policy(row.name), override, crawl_delay_s=row.crawl_delay_s
    )


def domain_status(
    row: DomainRow, state: DomainState, *, now: float, wall: float, n_open: int
) -> dict[str, Any]:
    """Return a domain's status as JSON data; ``now`` (monotonic) and ``wall`` are one moment."""
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


def stored_domain_status(journal: JournalReader, host: str, *, wall: float) -> list[dict[str, Any]]:
    """Return the status of a domain and of those at other ports of the same host, without a coordinator."""
    overrides = journal.overrides()
    rows = []
    for row in journal.domains_at(host):
        state = stored_domain_state(row, override_for(row.name, overrides))
        rows.append(domain_status(row, state, now=0.0, wall=wall, n_open=journal.count_open_at(row.name)))
    return rows
