"""Schedules and how far each has come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tlray.core.schedules.schedule import CatchUp, Overlap, ScheduleState, Timing
from tlray.io.journal.service_rows import ScheduleRow
from tlray.io.journal.sql.connection import Connected, Writing, transactional

_COLUMNS = (
    "schedule_id, owner, name, cron, timezone, overlap, catch_up, is_paused, created_at, since, waiting_at,"
    " last_run_at, last_batch, n_runs, n_passed_over, trouble"
)


class ScheduleReads(Connected):
    """Queries about schedules."""

    def schedules(self, owner: str | None = None) -> list[ScheduleRow]:
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM schedules WHERE ?1 IS NULL OR owner = ?1 ORDER BY created_at, schedule_id",
            (owner,),
        )
        return [_row(r) for r in rows]

    def schedule(self, schedule_id: str) -> ScheduleRow | None:
        r = self._db.execute(
            f"SELECT {_COLUMNS}, work FROM schedules WHERE schedule_id = ?", (schedule_id,)
        ).fetchone()
        return None if r is None else _row(r[:-1], json.loads(r[-1]))


class ScheduleWrites(ScheduleReads, Writing):
    """Changes of schedules."""

    @transactional
    def add_schedule(self, row: ScheduleRow) -> None:
        timing = row.timing
        self._db.execute(
            "INSERT INTO schedules (schedule_id, owner, name, cron, timezone, overlap, catch_up, is_paused, created_at,"
            " since, work) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.schedule_id, row.owner, row.name, timing.cron, timing.timezone, timing.overlap.value,
                timing.catch_up.value, row.is_paused, row.created_at, row.standing.since, json.dumps(row.work),
            ),
        )  # fmt: skip

    @transactional
    def change_schedule(
        self,
        schedule_id: str,
        *,
        name: str,
        timing: Timing,
        is_paused: bool,
        since: float,
        work: Mapping[str, Any],
    ) -> None:
        self._db.execute(
            "UPDATE schedules SET name = ?, cron = ?, timezone = ?, overlap = ?, catch_up = ?, is_paused = ?,"
            " since = max(since, ?), work = ?, trouble = NULL WHERE schedule_id = ?",
            (
                name, timing.cron, timing.timezone, timing.overlap.value, timing.catch_up.value, is_paused, since,
                json.dumps(work), schedule_id,
            ),
        )  # fmt: skip

    @transactional
    def remove_schedule(self, schedule_id: str) -> bool:
        return bool(self._db.execute("DELETE FROM schedules WHERE schedule_id = ?", (schedule_id,)).rowcount)

    @transactional
    def advance_schedule(self, schedule_id: str, standing: ScheduleState, n_passed_over: int = 0) -> None:
        self._db.execute(
            "UPDATE schedules SET since = ?, waiting_at = ?, n_passed_over = n_passed_over + ? WHERE schedule_id = ?",
            (standing.since, standing.waiting_at, n_passed_over, schedule_id),
        )

    @transactional
    def record_run(self, schedule_id: str, *, at: float, batch_id: str | None, failure: str | None) -> None:
        self._db.execute(
            "UPDATE schedules SET last_run_at = ?, last_batch = coalesce(?, last_batch), trouble = ?,"
            " n_runs = n_runs + ? WHERE schedule_id = ?",
            (at, batch_id, failure, int(batch_id is not None), schedule_id),
        )


def _row(r: tuple[Any, ...], work: dict[str, Any] | None = None) -> ScheduleRow:
    timing = Timing(r[3], r[4], Overlap(r[5]), CatchUp(r[6]))
    values: list[Any] = [*r[:3], timing, bool(r[7]), r[8], ScheduleState(r[9], r[10]), *r[11:], work or {}]
    return ScheduleRow(*values)
