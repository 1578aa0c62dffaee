"""What does the journal know? Items in memory, under the rules of the real one; what breaks one of them raises."""

from __future__ import annotations

import bisect
from collections import Counter
from dataclasses import dataclass, field

from tlray.core.frontier import FrontierItem
from tlray.core.lifecycle import ItemState, advance
from tlray.core.verdict import LaneDeath, Verdict


@dataclass(slots=True)
class Row:
    """One item, as the journal has it."""

    id: int
    batch: int
    domain: str
    url: str
    fingerprint: str
    state: ItemState = ItemState.QUEUED
    attempt: int = 1
    n_lost: int = 0
    n_hops: int = 0
    reason: str | None = None
    kinds: list[str] = field(default_factory=list)


class FakeJournal:
    """Items in memory, with the rules of the real one."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.lanes: dict[tuple[int, str], list[int]] = {}
        """Which rows may be of a lane, in order."""
        self.n_succeeded: Counter[tuple[int, str]] = Counter()

    def load_lane(self, batch: int, domain: str, after_id: int, limit: int) -> list[FrontierItem]:
        ids = self.lanes.get((batch, domain), [])
        found: list[FrontierItem] = []
        for i in range(bisect.bisect_right(ids, after_id), len(ids)):
            r = self.rows[ids[i]]
            if r.domain == domain and r.state is ItemState.QUEUED:
                found.append(
                    FrontierItem(r.id, batch, domain, r.url, r.fingerprint, r.attempt, r.n_lost, r.n_hops)
                )
                if len(found) == limit:
                    break
        return found

    def add(self, row: Row) -> None:
        self.rows[row.id] = row
        self.lanes.setdefault((row.batch, row.domain), []).append(row.id)

    def mark_leased(self, ids: list[int]) -> None:
        for i in ids:
            assert not self.rows[i].state.is_final, f"item {i} is leased, but final: {self.rows[i]}"
            self.rows[i].state = ItemState.LEASED

    def commit(self, verdict: Verdict) -> None:
        for change in verdict.changes:
            row = self.rows[change.item.id]
            assert row.state is ItemState.LEASED, f"{change.event} of {row}"
            row.state = advance(row.state, change.event)
            row.attempt, row.n_lost, row.n_hops = change.attempt, change.n_lost, change.n_hops
            if change.domain != row.domain:
                ids = self.lanes.setdefault((row.batch, change.domain), [])
                if row.id not in ids:
                    bisect.insort(ids, row.id)
            row.url, row.domain, row.reason = change.url, change.domain, change.reason
            row.kinds.append(str(change.outcome.kind) if change.outcome else "lost")
            if row.state is ItemState.SUCCEEDED:
                self.n_succeeded[row.batch, row.fingerprint] += 1
                assert self.n_succeeded[row.batch, row.fingerprint] == 1, f"succeeded twice: {row}"

    def kill_lane(self, death: LaneDeath) -> tuple[int, int]:
        counts = Counter()
        for row in self.rows.values():
            is_of_lane = (row.batch, row.domain) == (death.batch, death.domain)
            if is_of_lane and row.state in (ItemState.QUEUED, ItemState.WAITING):
                counts[row.state] += 1
                row.state, row.reason = ItemState.DEAD, death.reason
        return counts[ItemState.QUEUED], counts[ItemState.WAITING]

    def cancel_open(self, batch: int) -> None:
        for row in self.rows.values():
            if row.batch == batch and row.state in (ItemState.QUEUED, ItemState.WAITING):
                row.state = ItemState.CANCELLED

    def revive(self, batch: int) -> dict[str, int]:
        revived: Counter[str] = Counter()
        for row in self.rows.values():
            if row.batch == batch and row.state is ItemState.DEAD:
                row.state, row.attempt, row.n_lost, row.n_hops = ItemState.QUEUED, 1, 0, 0
                revived[row.domain] += 1
        return dict(revived)

    def counts(self, batch: int) -> Counter[ItemState]:
        return Counter(row.state for row in self.rows.values() if row.batch == batch)
