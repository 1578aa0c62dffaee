"""Which schedules are there, and how far has each come?"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from tlray.core.schedules.schedule import CatchUp, Overlap, ScheduleState, Timing

_COLUMNS = (
    "schedule_id, owner, name, cron, timezone, overlap, catch_up, is_paused, created_at, since, waiting_at,"
    " last_run_at, last_batch, n_runs, n_passed_over, trouble"
)


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One schedule."""

    schedule_id: str
    owner: str
    name: str
    timing: Timing
    is_paused: bool
    created_at: float
    standing: ScheduleState
    last_run_at: float | None = None
    """The occurrence that was run last."""
    last_batch: str | None = None
    n_runs: int = 0
    n_passed_over: int = 0
    trouble: str | None = None
    """Why the last occurrence made no batch; None where it did."""
    work: dict[str, Any] = field(default_factory=dict)
    """What a run submits (`tlray.cluster.handlers.schedules`); read by `schedule` alone, lists leave it out."""


def add(db: sqlite3.Connection, row: ScheduleRow) -> None:
    """Write down a new schedule."""
    timing = row.timing
    db.execute(
        "INSERT INTO schedules (schedule_id, owner, name, cron, timezone, overlap, catch_up, is_paused, created_at,"
        " since, work) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.schedule_id, row.owner, row.name, timing.cron, timing.timezone, timing.overlap.value,
            timing.catch_up.value, row.is_paused, row.created_at, row.standing.since, json.dumps(row.work),
        ),
    )  # fmt: skip


def schedules(db: sqlite3.Connection, owner: str | None = None) -> list[ScheduleRow]:
    """Return all schedules, or one owner's, the oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM schedules WHERE ?1 IS NULL OR owner = ?1 ORDER BY created_at, schedule_id",  # noqa: S608
        (owner,),
    )
    return [_row(r) for r in rows]


def schedule(db: sqlite3.Connection, schedule_id: str) -> ScheduleRow | None:
    """Return a schedule with its work; None if there is none."""
    r = db.execute(
        f"SELECT {_COLUMNS}, work FROM schedules WHERE schedule_id = ?",  # noqa: S608 - names from above
        (schedule_id,),
    ).fetchone()
    return None if r is None else _row(r[:-1], json.loads(r[-1]))


def change(
    db: sqlite3.Connection,
    schedule_id: str,
    *,
    name: str,
    timing: Timing,
    is_paused: bool,
    since: float,
    work: dict[str, Any],
) -> None:
    """Write down another timing or other work; what was passed before ``since`` is not made up for."""
    db.execute(
        "UPDATE schedules SET name = ?, cron = ?, timezone = ?, overlap = ?, catch_up = ?, is_paused = ?,"
        " since = max(since, ?), work = ?, trouble = NULL WHERE schedule_id = ?",
        (
            name, timing.cron, timing.timezone, timing.overlap.value, timing.catch_up.value, is_paused, since,
            json.dumps(work), schedule_id,
        ),
    )  # fmt: skip


def remove(db: sqlite3.Connection, schedule_id: str) -> bool:
    """Forget a schedule; its batches stay. False if there was none."""
    return bool(db.execute("DELETE FROM schedules WHERE schedule_id = ?", (schedule_id,)).rowcount)


def note_standing(
    db: sqlite3.Connection, schedule_id: str, standing: ScheduleState, n_passed_over: int = 0
) -> None:
    """Write down how far a schedule has come."""
    db.execute(
        "UPDATE schedules SET since = ?, waiting_at = ?, n_passed_over = n_passed_over + ? WHERE schedule_id = ?",
        (standing.since, standing.waiting_at, n_passed_over, schedule_id),
    )


def note_run(
    db: sqlite3.Connection, schedule_id: str, *, at: float, batch_id: str | None, trouble: str | None
) -> None:
    """Write down what an occurrence made: a batch, or trouble."""
    db.execute(
        "UPDATE schedules SET last_run_at = ?, last_batch = coalesce(?, last_batch), trouble = ?,"
        " n_runs = n_runs + ? WHERE schedule_id = ?",
        (at, batch_id, trouble, batch_id is not None, schedule_id),
    )


def _row(r: tuple[Any, ...], work: dict[str, Any] | None = None) -> ScheduleRow:
    timing = Timing(r[3], r[4], Overlap(r[5]), CatchUp(r[6]))
    values: list[Any] = [*r[:3], timing, bool(r[7]), r[8], ScheduleState(r[9], r[10]), *r[11:], work or {}]
    return ScheduleRow(*values)
