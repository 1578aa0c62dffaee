"""The work: what is leased, and what a changeset changes, in one transaction: items, attempts, manifest, domains, notices."""

from __future__ import annotations

from collections.abc import Iterable

from tlray.core.model.discovery import Committed
from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import OutcomeKind, ReusableResult
from tlray.core.scheduling.changeset import LOST, Changeset, ItemChange, LaneDeath
from tlray.core.scheduling.lease import PartRecord
from tlray.io.journal.sql.connection import transactional
from tlray.io.journal.sql.discovery import DiscoveryWrites
from tlray.io.journal.sql.outbox import note_changes, note_dead
from tlray.io.journal.sql.result_reuse import reusable_for_batch, reusable_for_items

RESTS_KEPT = 100


class WorkWrites(DiscoveryWrites):
    """Leases and changesets."""

    def load_lane(self, batch: int, domain: str, *, after_id: int, limit: int) -> list[FrontierItem]:
        rows = self._db.execute(
            "SELECT id, coalesce(fetch_url, url), fingerprint, attempt, n_lost, n_hops, from_public FROM items"
            " WHERE batch = ? AND domain = ? AND id > ? AND state = 'queued' ORDER BY id LIMIT ?",
            (batch, self._domain_number(domain), after_id, limit),
        )
        return [FrontierItem(r[0], batch, domain, r[1], r[2], r[3], r[4], r[5], bool(r[6])) for r in rows]

    def load_waiting(self, batch: int) -> list[tuple[FrontierItem, float, float | None]]:
        rows = self._db.execute(
            "SELECT i.id, d.name, coalesce(i.fetch_url, i.url), i.fingerprint, i.attempt, i.n_lost, i.n_hops,"
            " i.from_public, i.due_at, i.snoozed_since FROM items i JOIN domains d ON d.id = i.domain"
            " WHERE i.batch = ? AND i.state = 'waiting'",
            (batch,),
        )
        return [
            (FrontierItem(r[0], batch, r[1], r[2], r[3], r[4], r[5], r[6], bool(r[7])), r[8], r[9])
            for r in rows
        ]

    def reusable_results(
        self, batch: int, since: float, *, after_id: int
    ) -> tuple[list[tuple[FrontierItem, ReusableResult]], int | None]:
        return reusable_for_batch(self._db, batch, since, after_id=after_id)

    @transactional
    def mark_leased(
        self, ids: Iterable[int], may_reuse: Iterable[tuple[int, float]] = ()
    ) -> dict[int, ReusableResult]:
        self._db.executemany("UPDATE items SET state = 'leased' WHERE id = ?", [(i,) for i in ids])
        return reusable_for_items(self._db, may_reuse)

    @transactional
    def commit(self, changeset: Changeset, *, now: float, wall: float, node: str) -> Committed:
        self._note_clock()
        since = wall - now  # from monotonic seconds to the epoch's
        self._write_robots(changeset, wall)
        deaths = any(c.after is ItemState.DEAD for c in changeset.changes) or changeset.deaths
        dead_at = self._next_dead_at(wall) if deaths else None
        self._write_items(changeset.changes, since, dead_at)
        self._db.executemany(
            "INSERT INTO attempts (item, attempt, started_at, node, kind, reason, status, latency_s, part,"
            " raw_offset, raw_length) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [row for c in changeset.changes if (row := _attempt(c, wall, node)) is not None],
        )
        self._write_parts(changeset.parts)
        self._count(changeset.changes)
        self._write_domains(changeset, since, wall)
        note_changes(self._db, changeset, since)
        added = [self._add_found(page) for page in changeset.found]
        return Committed([self._end_lane(death, dead_at) for death in changeset.deaths], added)

    def _next_dead_at(self, wall: float) -> int:
        """Return a moment in milliseconds, for the dead letters of one transaction: later than that of every earlier one."""
        dead_at = max(int(wall * 1_000), int(self._meta("dead_at") or 0) + 1)
        self._set_meta("dead_at", str(dead_at))
        return dead_at

    def _write_robots(self, changeset: Changeset, wall: float) -> None:
        self._db.executemany(
            "UPDATE domains SET robots_text = ?, crawl_delay_s = ?, robots_at = ? WHERE id = ?",
            [
                (answer.text, answer.crawl_delay_s, wall, self._domain_number(answer.domain))
                for answer in changeset.robots
                if answer.text is not None
            ],
        )

    def _write_items(self, changes: list[ItemChange], since: float, dead_at: int | None) -> None:
        numbers = self._done_numbers(sum(map(_has_result, changes)))
        self._db.executemany(
            "UPDATE items SET state = ?, attempt = ?, n_lost = ?, n_hops = ?, due_at = ?, snoozed_since = ?,"
            " reason = ?, part = ?, fetched_at = ?, answered_by = ?, peer = ?, done_seq = ?, dead_at = ? WHERE id = ?",
            [
                (c.after.value, c.attempt, c.n_lost, c.n_hops, None if c.due is None else since + c.due,
                 None if c.snoozed_since is None else since + c.snoozed_since, c.reason, c.stem, *_origin(c),
                 next(numbers) if _has_result(c) else None,
                 dead_at if c.after is ItemState.DEAD else None, c.item.id)
                for c in changes
            ],
        )  # fmt: skip
        self._db.executemany(
            "UPDATE items SET fetch_url = ?, domain = ?, from_public = ? WHERE id = ?",
            [
                (c.url, self._domain_number(c.domain), c.from_public, c.item.id)
                for c in changes
                if c.event is ItemEvent.HOP
            ],
        )

    def _write_parts(self, parts: Iterable[PartRecord]) -> None:
        for part in parts:
            batch = self._batch_number(part.batch_id)
            self._db.execute(
                "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
                (part.stem, batch, part.n_sets, part.n_tracks, part.n_bytes, part.has_rows, part.has_pages),
            )
            self._db.execute(
                "UPDATE batches SET n_sets = n_sets + ?, n_tracks = n_tracks + ? WHERE id = ?",
                (part.n_sets, part.n_tracks, batch),
            )

    def _count(self, changes: list[ItemChange]) -> None:
        per_batch: dict[int, list[int]] = {}
        for change in changes:
            counts = per_batch.setdefault(change.item.batch, [0, 0, 0])
            counts[0] += change.event is ItemEvent.RETRY
            counts[1] += change.outcome is not None and change.outcome.kind is OutcomeKind.BLOCKED
            counts[2] += change.event is ItemEvent.ANSWERED
        self._db.executemany(
            "UPDATE batches SET n_retries = n_retries + ?, n_blocked = n_blocked + ?, n_answered = n_answered + ?"
            " WHERE id = ?",
            [(*counts, batch) for batch, counts in per_batch.items() if any(counts)],
        )

    def _write_domains(self, changeset: Changeset, since: float, wall: float) -> None:
        self._db.executemany(
            "UPDATE domains SET cool_until = max(coalesce(cool_until, 0), ?), cool_reason = ?, n_blocks = ?"
            " WHERE name = ?",
            [(since + cool.until, cool.reason, cool.n_blocks, cool.domain) for cool in changeset.cool_downs],
        )
        for cool in changeset.cool_downs:
            self._note_rest(cool.domain, wall, since + cool.until, cool.reason)
        started: dict[str, float] = {}
        for change in changeset.changes:
            if change.outcome is not None and change.outcome.started_at is not None:
                name = change.item.domain
                started[name] = max(started.get(name, 0.0), change.outcome.started_at)
        rows = [(moment, name) for name, moment in started.items()]
        # a report that comes late tells of an older fetch
        self._db.executemany(
            "UPDATE domains SET last_fetch_at = max(coalesce(last_fetch_at, 0), ?) WHERE name = ?", rows
        )

    def _note_rest(self, domain: str, began_at: float, until: float, reason: str) -> None:
        """Record a rest among the last `RESTS_KEPT` of its domain; one that begins within the last one extends that."""
        number = self._domain_number(domain)
        last = self._db.execute(
            "SELECT id, until FROM rests WHERE domain = ? ORDER BY id DESC LIMIT 1", (number,)
        ).fetchone()
        if last is None or last[1] < began_at:
            self._db.execute(
                "INSERT INTO rests (domain, began_at, until, reason) VALUES (?, ?, ?, ?)",
                (number, began_at, until, reason),
            )
            self._db.execute(
                "DELETE FROM rests WHERE domain = ?1 AND id <= coalesce("
                "(SELECT id FROM rests WHERE domain = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2), 0)",
                (number, RESTS_KEPT),
            )
        elif until > last[1]:
            self._db.execute("UPDATE rests SET until = ?, reason = ? WHERE id = ?", (until, reason, last[0]))

    def _end_lane(self, death: LaneDeath, dead_at: int | None) -> tuple[int, int]:
        """Make dead letters of a lane's open items; return how many were queued and waiting."""
        sql = "UPDATE items SET state = 'dead', reason = ?, dead_at = ? WHERE batch = ? AND domain = ? AND state = ?"
        domain = self._domain_number(death.domain)
        n_queued, n_waiting = (
            self._db.execute(sql, (death.reason, dead_at, death.batch, domain, state)).rowcount
            for state in ("queued", "waiting")
        )
        note_dead(self._db, [death.batch] if n_queued or n_waiting else [])
        return n_queued, n_waiting


def _has_result(change: ItemChange) -> bool:
    """True if an item succeeded with a set; a page that only lists sets has none."""
    is_list = change.outcome is not None and change.outcome.kind is OutcomeKind.LISTED
    return change.after is ItemState.SUCCEEDED and not is_list


def _origin(change: ItemChange) -> tuple[float | None, int | None, str | None]:
    """Return when an item's page was fetched, the item whose result it reuses, and the address that gave the page; None for each
    where there is no row."""
    outcome = change.outcome
    if outcome is None or change.after is not ItemState.SUCCEEDED:
        return None, None, None
    if outcome.reused is not None:
        return outcome.reused.fetched_at, outcome.reused.item_id, outcome.reused.peer
    return outcome.started_at, None, outcome.peer


def _attempt(change: ItemChange, wall: float, node: str) -> tuple[object, ...] | None:
    """Return the row of an attempt; None for one that did not begin."""
    item, outcome = change.item, change.outcome
    if change.attempted is None:
        return None
    if outcome is None:
        return item.id, item.attempt, wall, node, LOST, change.reason, None, None, None, None, None
    raw = outcome.raw or (None, None)
    if outcome.reused is not None:
        reason = f"as item {outcome.reused.item_id} of batch {outcome.reused.batch_id} was"
        at = outcome.reused.fetched_at
        return item.id, item.attempt, at, node, outcome.kind.value, reason, None, None, change.stem, *raw
    return (
        item.id, item.attempt, outcome.started_at, node, outcome.kind.value, outcome.reason, outcome.status,
        outcome.latency_s, change.stem, *raw,
    )  # fmt: skip
