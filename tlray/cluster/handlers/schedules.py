"""Schedules: add, change, remove, list, run now."""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from tlray.cluster.handlers.handlers import Handlers, command, read
from tlray.core.schedules.schedule import Decision, ScheduleState, Timing, next_runs, zone_of
from tlray.errors import Conflict
from tlray.io.journal.service_rows import ScheduleRow

MAX_SCHEDULES = 1_000
"""Of one owner."""
N_RUNS_TOLD = 5


class ScheduleHandlers(Handlers):
    """Methods for schedules. An owner of None sees everybody's."""

    @read
    async def list_schedules(self, owner: str | None) -> list[dict[str, Any]]:
        """Return the schedules that somebody sees, the oldest first."""
        now = self._state.wall()
        rows = await self._reader.ask(lambda journal: journal.schedules(owner))
        return [told(row, now=now) for row in rows]

    @read
    async def get_schedule(self, owner: str | None, schedule_id: str) -> dict[str, Any] | None:
        """Return one, with its work; None where there is none, or it is somebody else's."""
        row = await self._visible_row(owner, schedule_id)
        return None if row is None else {**told(row, now=self._state.wall()), **row.work}

    @command
    async def add_schedule(
        self,
        owner: str,
        *,
        schedule_id: str,
        name: str,
        timing: Timing,
        is_paused: bool,
        work: dict[str, Any],
    ) -> dict[str, Any]:
        """Keep a new schedule; `Conflict` where there are too many. The same id again changes nothing."""
        now = self._state.wall()
        row = await self._reader.ask(lambda journal: journal.schedule(schedule_id))
        if row is None:
            if len(await self._reader.ask(lambda journal: journal.schedules(owner))) >= MAX_SCHEDULES:
                raise Conflict(f"{MAX_SCHEDULES:,} schedules are there; delete one before you make another")
            row = ScheduleRow(schedule_id, owner, name, timing, is_paused, now, ScheduleState(now), work=work)
            await self._state.write(self._state.journal.add_schedule, row)
            self._scheduler.reload()
        return {**told(row, now=now), **row.work}

    @command
    async def change_schedule(
        self,
        owner: str | None,
        schedule_id: str,
        *,
        name: str | None,
        timing: dict[str, Any],
        is_paused: bool | None,
        work: dict[str, Any],
    ) -> dict[str, Any] | None:
        """Change what is given of a schedule, and leave the rest; what passed while it was paused is not made up for."""
        row = await self._visible_row(owner, schedule_id)
        if row is None:
            return None
        is_anew = bool(timing) or (row.is_paused and is_paused is False)
        await self._state.write(
            self._state.journal.change_schedule,
            schedule_id,
            name=row.name if name is None else name,
            timing=replace(row.timing, **timing),
            is_paused=row.is_paused if is_paused is None else is_paused,
            since=self._state.wall() if is_anew else row.standing.since,
            work={**row.work, **work},
        )
        self._scheduler.reload()
        return await self.get_schedule(owner, schedule_id)

    @command
    async def remove_schedule(self, owner: str | None, schedule_id: str) -> bool:
        """Forget a schedule; its batches stay. False if there was none."""
        if await self._visible_row(owner, schedule_id) is None:
            return False
        await self._state.write(self._state.journal.remove_schedule, schedule_id)
        self._scheduler.reload()
        return True

    @command
    async def run_schedule(self, owner: str | None, schedule_id: str, at: float) -> dict[str, Any] | None:
        """Run a schedule now, beside its occurrences; the same moment again makes no second batch."""
        row = await self._visible_row(owner, schedule_id)
        if row is None:
            return None
        await self._scheduler.run_once(row, Decision(at, row.standing), at)
        self._scheduler.reload()
        return await self.get_schedule(owner, schedule_id)

    async def _visible_row(self, owner: str | None, schedule_id: str) -> ScheduleRow | None:
        row = await self._reader.ask(lambda journal: journal.schedule(schedule_id))
        return row if row is not None and owner in (None, row.owner) else None


def new_schedule_id() -> str:
    """Return an id that no schedule has."""
    return f"sch_{secrets.token_hex(8)}"


def told(row: ScheduleRow, *, now: float) -> dict[str, Any]:
    """Return a schedule as it is told, without its work."""
    zone = zone_of(row.timing.timezone)
    runs = [] if row.is_paused else next_runs(row.timing, after=max(now, row.standing.since), n=N_RUNS_TOLD)
    return {
        "schedule_id": row.schedule_id,
        "owner": row.owner,
        "name": row.name,
        **asdict(row.timing),
        "paused": row.is_paused,
        "created_at": row.created_at,
        "next_runs": [
            {"at": at, "local": datetime.fromtimestamp(at, UTC).astimezone(zone).isoformat()} for at in runs
        ],
        "waiting": row.standing.waiting_at,
        "last_run_at": row.last_run_at,
        "last_batch": row.last_batch,
        "runs": row.n_runs,
        "passed_over": row.n_passed_over,
        "trouble": row.failure,
    }
