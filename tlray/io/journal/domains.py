"""What is remembered of domains, for whoever lists them, and what a person has set for them."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import NO_OVERRIDE, DomainOverride, override_for
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.site_profile import aliases

_COLUMNS = (
    "name, robots_at, crawl_delay_s, cool_until, cool_reason, n_blocks, last_fetch_at,"
    " set_rate, set_concurrency, is_paused"
)


@dataclass(frozen=True, slots=True)
class ListedDomain:
    """One domain, as the journal has it. Moments are seconds since the epoch."""

    name: str
    robots_at: float | None
    crawl_delay_s: float | None
    cool_until: float | None
    cool_reason: str | None
    n_blocks: int
    last_fetch_at: float | None
    override: DomainOverride


def _listed(row: tuple[Any, ...]) -> ListedDomain:
    values: list[Any] = [*row[:7], DomainOverride(row[7], row[8], bool(row[9]))]
    return ListedDomain(*values)


def domains_page(
    db: sqlite3.Connection, *, owner: str | None, after: str, limit: int, name: str | None = None
) -> list[ListedDomain]:
    """Return domains in the order of their names, or the one of that name: those at which an owner has items, or all."""
    theirs = None if owner is None else json.dumps(_numbers_of(db, owner))
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM domains WHERE name > ?1 AND (?2 IS NULL OR name = ?2)"  # noqa: S608 - our own words
        " AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3))) ORDER BY name LIMIT ?4",
        (after, name, theirs, limit),
    )
    return [_listed(row) for row in rows]


def named_in_vain(db: sqlite3.Connection, batch_id: str, names: Iterable[str]) -> list[str]:
    """Return those of some names at which a batch has no item: neither at that domain, nor at any port of that host."""
    missing = []
    for name in names:
        numbers = _numbers_at(db, name)
        (is_there,) = db.execute(
            "SELECT EXISTS (SELECT 1 FROM json_each(?2) JOIN items INDEXED BY items_lane ON domain = value"
            " WHERE batch = (SELECT id FROM batches WHERE batch_id = ?1))",
            (batch_id, numbers),
        ).fetchone()
        if not is_there:
            missing.append(name)
    return missing


def _numbers_at(db: sqlite3.Connection, name: str) -> str:
    """Return the numbers of a domain, and of a host's ports, as a JSON list: two seeks, however many domains there are."""
    rows = db.execute(
        "SELECT id FROM domains WHERE name = ?1 UNION ALL"
        " SELECT id FROM domains WHERE name > ?1 || ':' AND name < ?1 || ';'",  # the character after the colon
        (name,),
    )
    return json.dumps([number for (number,) in rows])


def at_rest(row: ListedDomain, override: DomainOverride) -> DomainState:
    """Return a domain at which nobody works, as the journal has it."""
    return DomainState(
        row.name, PolitenessOptions().policy(row.name), override, crawl_delay_s=row.crawl_delay_s
    )


def domain_told(
    row: ListedDomain, state: DomainState, *, now: float, wall: float, n_open: int
) -> dict[str, Any]:
    """Return how a domain stands, as it is told; ``now`` and ``wall`` are one moment on the two clocks."""
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


def domains_at(db: sqlite3.Connection, name: str) -> list[ListedDomain]:
    """Return a domain, and of a host those at its ports, by name; nothing where none is known."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM domains WHERE id IN (SELECT value FROM json_each(?)) ORDER BY name",  # noqa: S608
        (_numbers_at(db, name),),
    )
    return [_listed(row) for row in rows]


def told_at_rest(db: sqlite3.Connection, name: str, *, wall: float) -> list[dict[str, Any]]:
    """Return how a domain, and of a host those at its ports, stand in a home without a coordinator."""
    override = all_overrides(db)
    told = []
    for row in domains_at(db, name):
        (n_open,) = db.execute(
            "SELECT count(*) FROM items WHERE state IN ('queued', 'waiting', 'leased') AND domain ="
            " (SELECT id FROM domains WHERE name = ?)"
            " AND batch IN (SELECT id FROM batches WHERE finished_at IS NULL)",
            (row.name,),
        ).fetchone()
        state = at_rest(row, override_for(row.name, override))
        told.append(domain_told(row, state, now=0.0, wall=wall, n_open=n_open))
    return told


def _numbers_of(db: sqlite3.Connection, owner: str) -> list[int]:
    """Return the domains at which an owner has items: one seek for each domain of each batch, however many items it has."""
    found: set[int] = set()
    for (batch,) in db.execute("SELECT id FROM batches WHERE owner = ?", (owner,)).fetchall():
        last = -1
        while True:
            (last,) = db.execute(
                "SELECT min(domain) FROM items INDEXED BY items_lane WHERE batch = ? AND domain > ?",
                (batch, last),
            ).fetchone()
            if last is None:
                break
            found.add(last)
    return sorted(found)


def all_overrides(db: sqlite3.Connection) -> dict[str, DomainOverride]:
    """Return what a person has set, by domain."""
    rows = db.execute(
        "SELECT name, set_rate, set_concurrency, is_paused FROM domains"
        " WHERE set_rate IS NOT NULL OR set_concurrency IS NOT NULL OR is_paused"
    )
    return {
        name: DomainOverride(rate, concurrency, bool(is_paused))
        for name, rate, concurrency, is_paused in rows
    }


def lift_rest(db: sqlite3.Connection, name: str, *, wall: float) -> None:
    """End the rests of a domain, of a host at each of its ports; what they have put off is due at ``wall``."""
    numbers = _numbers_at(db, name)
    db.execute(
        "UPDATE domains SET cool_until = NULL, cool_reason = NULL, n_blocks = 0"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (numbers,),
    )
    db.execute(
        "UPDATE items SET due_at = ?, snoozed_since = NULL WHERE state = 'waiting' AND snoozed_since IS NOT NULL"
        " AND batch IN (SELECT id FROM batches WHERE finished_at IS NULL)"
        " AND domain IN (SELECT value FROM json_each(?))",
        (wall, numbers),
    )


def bring_up_to_date(db: sqlite3.Connection, *, until: float) -> None:
    """Bound rests that an older version has written down without a bound; join a site's other names with the site."""
    db.execute("UPDATE domains SET cool_until = ?1 WHERE cool_until > ?1", (until,))
    for alias, site in aliases().items():
        joined = "(SELECT id FROM domains WHERE name = ?1)"
        if db.execute(f"SELECT 1 WHERE {joined} IS NULL", (alias,)).fetchone():
            continue
        db.execute("INSERT OR IGNORE INTO domains (name) VALUES (?)", (site,))
        db.execute(
            f"UPDATE items SET domain = (SELECT id FROM domains WHERE name = ?2) WHERE domain = {joined}"  # noqa: S608
            " AND batch IN (SELECT id FROM batches WHERE finished_at IS NULL)",
            (alias, site),
        )
        db.execute(
            "UPDATE domains SET cool_until = s.cool_until, cool_reason = s.cool_reason FROM domains s"
            " WHERE domains.name = ?2 AND s.name = ?1 AND s.cool_until > coalesce(domains.cool_until, 0)",
            (alias, site),
        )


def change_domain(
    db: sqlite3.Connection, name: str, changes: dict[str, object], *, is_lifted: bool, wall: float
) -> DomainOverride:
    """Change what is set for a domain, and end its rest if asked to; return all that is set now."""
    if is_lifted:
        lift_rest(db, name, wall=wall)
    return set_override(db, name, changes) if changes else all_overrides(db).get(name, NO_OVERRIDE)


def set_override(db: sqlite3.Connection, name: str, changes: dict[str, object]) -> DomainOverride:
    """Change what is set for a domain, which need not be known yet; return all that is set now.

    ``changes`` has some of the fields of `DomainOverride`.
    """
    db.execute("INSERT OR IGNORE INTO domains (name) VALUES (?)", (name,))
    row = db.execute(
        "SELECT set_rate, set_concurrency, is_paused FROM domains WHERE name = ?", (name,)
    ).fetchone()
    now = {"rate": row[0], "concurrency": row[1], "is_paused": bool(row[2])} | changes
    setting = DomainOverride(**now)
    db.execute(
        "UPDATE domains SET set_rate = ?, set_concurrency = ?, is_paused = ? WHERE name = ?",
        (setting.rate, setting.concurrency, setting.is_paused, name),
    )
    return setting
