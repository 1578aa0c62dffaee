"""How is a verdict written down? Item states, attempts, the manifest and cool-downs, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import OutcomeKind
from tlray.core.scheduling.changeset import Changeset, ItemChange, LaneDeath
from tlray.io.journal.outbox import note_dead, note_verdict
from tlray.io.journal.result_order import done_numbers


def write_verdict(
    db: sqlite3.Connection,
    changeset: Changeset,
    domain_id: Callable[[sqlite3.Connection, str], int],
    batch_id: Callable[[str], int],
    *,
    now: float,
    wall: float,
    node: str,
) -> list[tuple[int, int]]:
    """Write a verdict, and return how many queued and waiting items each of its deaths has ended. ``now`` and ``wall`` are one
    moment on the two clocks."""

    def at(moment: float | None) -> float | None:
        return None if moment is None else wall + (moment - now)

    keep_robots(
        db,
        [(a.domain, a.text, a.crawl_delay_s) for a in changeset.robots if a.text is not None],
        domain_id,
        wall=wall,
    )
    numbers = done_numbers(db, sum(c.after is ItemState.SUCCEEDED for c in changeset.changes))
    db.executemany(
        "UPDATE items SET state = ?, attempt = ?, n_lost = ?, n_hops = ?, due_at = ?, snoozed_since = ?,"
        " reason = ?, part = ?, fetched_at = ?, answered_by = ?, peer = ?, done_seq = ? WHERE id = ?",
        [
            (c.after.value, c.attempt, c.n_lost, c.n_hops, at(c.due), at(c.snoozed_since), c.reason,
             c.stem, *_origin(c), next(numbers) if c.after is ItemState.SUCCEEDED else None, c.item.id)
            for c in changeset.changes
        ],
    )  # fmt: skip
    db.executemany(
        "UPDATE items SET fetch_url = ?, domain = ?, from_public = ? WHERE id = ?",
        [
            (c.url, domain_id(db, c.domain), c.from_public, c.item.id)
            for c in changeset.changes
            if c.event is ItemEvent.HOP
        ],
    )
    db.executemany(
        "INSERT INTO attempts (item, attempt, started_at, node, kind, reason, status, latency_s, part,"
        " raw_offset, raw_length) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [row for c in changeset.changes if (row := _attempt(c, wall, node)) is not None],
    )
    for part in changeset.parts:
        batch = batch_id(part.batch_id)
        db.execute(
            "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
            (part.stem, batch, part.n_sets, part.n_tracks, part.n_bytes, part.has_rows, part.has_pages),
        )
        db.execute(
            "UPDATE batches SET n_sets = n_sets + ?, n_tracks = n_tracks + ? WHERE id = ?",
            (part.n_sets, part.n_tracks, batch),
        )
    _count(db, changeset.changes)
    db.executemany(
        "UPDATE domains SET cool_until = max(coalesce(cool_until, 0), ?), cool_reason = ?, n_blocks = ?"
        " WHERE name = ?",
        [(at(cool.until), cool.reason, cool.n_blocks, cool.domain) for cool in changeset.cool_downs],
    )
    started: dict[str, float] = {}
    for change in changeset.changes:
        if change.outcome is not None and change.outcome.started_at is not None:
            name = change.item.domain
            started[name] = max(started.get(name, 0.0), change.outcome.started_at)
    rows = [(moment, name) for name, moment in started.items()]
    db.executemany("UPDATE domains SET last_fetch_at = ? WHERE name = ?", rows)
    note_verdict(db, changeset, wall, now)
    return [_end_lane(db, death, domain_id) for death in changeset.deaths]


def keep_robots(
    db: sqlite3.Connection,
    found: Iterable[tuple[str, str, float | None]],
    domain_id: Callable[[sqlite3.Connection, str], int],
    *,
    wall: float,
) -> None:
    """Remember robots.txt of domains: (domain, text, crawl-delay in seconds)."""
    db.executemany(
        "UPDATE domains SET robots_text = ?, crawl_delay_s = ?, robots_at = ? WHERE id = ?",
        [(text, crawl_delay_s, wall, domain_id(db, domain)) for domain, text, crawl_delay_s in found],
    )


def _end_lane(
    db: sqlite3.Connection, death: LaneDeath, domain_id: Callable[[sqlite3.Connection, str], int]
) -> tuple[int, int]:
    """Make dead letters of a lane's open items; return how many were queued and waiting."""
    sql = "UPDATE items SET state = 'dead', reason = ? WHERE batch = ? AND domain = ? AND state = ?"
    domain = domain_id(db, death.domain)
    n_queued, n_waiting = (
        db.execute(sql, (death.reason, death.batch, domain, state)).rowcount
        for state in ("queued", "waiting")
    )
    note_dead(db, [death.batch] if n_queued or n_waiting else [])
    return n_queued, n_waiting


def _origin(change: ItemChange) -> tuple[float | None, int | None, str | None]:
    """Return when an item's page was fetched, which item answered it, and the address that gave the page; nothing of it where
    there is no row."""
    outcome = change.outcome
    if outcome is None or change.after is not ItemState.SUCCEEDED:
        return None, None, None
    if outcome.reused is not None:
        return outcome.reused.fetched_at, outcome.reused.item_id, outcome.reused.peer
    return outcome.started_at, None, outcome.peer


def _count(db: sqlite3.Connection, changes: list[ItemChange]) -> None:
    per_batch: dict[int, list[int]] = {}
    for change in changes:
        counts = per_batch.setdefault(change.item.batch, [0, 0, 0])
        counts[0] += change.event is ItemEvent.RETRY
        counts[1] += change.outcome is not None and change.outcome.kind is OutcomeKind.BLOCKED
        counts[2] += change.event is ItemEvent.ANSWERED
    db.executemany(
        "UPDATE batches SET n_retries = n_retries + ?, n_blocked = n_blocked + ?, n_answered = n_answered + ?"
        " WHERE id = ?",
        [(retries, blocked, answered, batch) for batch, (retries, blocked, answered) in per_batch.items()],
    )


def _attempt(change: ItemChange, wall: float, node: str) -> tuple[object, ...] | None:
    """Return the row that tells of an attempt; None where there is nothing to tell: not begun, or good at once."""
    item, outcome = change.item, change.outcome
    if outcome is None:
        is_lost = change.n_lost > item.n_lost
        told = (item.id, item.attempt, wall, node, "lost", change.reason, None, None, None, None, None)
        return told if is_lost else None
    if outcome.kind is OutcomeKind.NOT_BEGUN or (outcome.kind is OutcomeKind.FETCHED and item.attempt == 1):
        return None
    raw = outcome.raw or (None, None)
    if outcome.reused is not None:
        why = f"as item {outcome.reused.item_id} of batch {outcome.reused.batch_id} was"
        at = outcome.reused.fetched_at
        return item.id, item.attempt, at, node, outcome.kind.value, why, None, None, change.stem, *raw
    return (
        item.id, item.attempt, outcome.started_at, node, outcome.kind.value, outcome.reason, outcome.status,
        outcome.latency_s, change.stem, *raw,
    )  # fmt: skip
