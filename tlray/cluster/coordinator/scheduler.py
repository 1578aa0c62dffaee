"""Work that the wall clock begins: batches that start at a given time, and the runs of schedules.

`tlray.core.schedules.schedule` decides; this looks at the clock twice a second. A run is submitted under a key made of its
schedule and its moment, and noted afterwards: a coordinator that dies between the two makes the same batch again, not another.

Schedules run while a service is there (`note_service`). A coordinator that a command line started leaves them alone; the
runs that they miss count as after any downtime.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
from dataclasses import replace
from datetime import UTC, datetime

from tlray.cluster.coordinator.batches import Batches
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.coordinator.submission import Submissions, new_batch
from tlray.cluster.ports.coordinator import Reader
from tlray.core.access.rate_limit import RateLimit
from tlray.core.model.durations import parse_duration_s
from tlray.core.schedules.schedule import Decision, ScheduleState, decide, next_runs, runs_key
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.submission.permissions import QuotaExceeded
from tlray.errors import CannotFinish, TlrayError, UsageError
from tlray.io.intake.scheduled_list import read_work
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import BatchOptions
from tlray.io.journal.service_rows import ScheduleRow

logger = logging.getLogger(__name__)
SERVED_S = 90.0
"""A service that was not heard of for so long is gone."""
MAX_RUNS_PER_MINUTE = 60
"""Of one user's schedules, all together."""
AGAIN_S = 30.0
"""When a run that found no room is tried again."""
CATCH_UP_S = 10.0
"""How long a refresh reads what the catalogue lacks; the service keeps it up to date."""


class Scheduler:
    """The coordinator's side of time."""

    def __init__(
        self,
        state: CoordinatorState,
        batches: Batches,
        submissions: Submissions,
        reading: Reader,
    ) -> None:
        self._state = state
        self._batches = batches
        self._submissions = submissions
        self._reader = reading
        self._rows: dict[str, ScheduleRow] = {}
        self._is_stale = True
        """True if they are to be read again."""
        self._next_at: dict[str, float] = {}
        self._again_at: dict[str, float] = {}
        self._rates = RateLimit(MAX_RUNS_PER_MINUTE / 60.0, MAX_RUNS_PER_MINUTE)
        self._served_until = -math.inf
        self._terms: BatchConfig | None = None
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look at the clock."""
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look no more; what is being written is written."""
        if self._loop is not None:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop

    def note_service(self, terms: BatchConfig | None = None) -> None:
        """Take in that a service is there, and under which terms it submits now: schedules run under those."""
        self._served_until = self._state.now() + SERVED_S
        self._terms = terms or self._terms

    @property
    def is_served(self) -> bool:
        """True if a service is there."""
        return self._state.now() < self._served_until

    def reload(self) -> None:
        """Take in that somebody changed a schedule."""
        self._is_stale = True

    async def _run(self) -> None:
        while not self._state.is_stopping:
            if self._state.trouble is None:
                try:
                    await self.step(self._state.wall())
                except CannotFinish as error:
                    self._state.halt(error)
                except Exception:  # one bad schedule must not stop the clock for all
                    logger.exception("scheduler failed")
            await asyncio.sleep(self._state.settings.tick_s)

    async def step(self, wall: float) -> None:
        """Do what is due at a moment; epoch seconds."""
        await self._batches.start_due(wall)
        await self._submissions.abandon_old()
        if not self.is_served:
            return
        if self._is_stale:
            self._is_stale = False  # before they are read: one that is changed meanwhile is read once more
            rows = await self._reader.ask(lambda journal: journal.schedules())
            rows = [row for row in rows if not row.is_paused]
            self._next_at = await asyncio.to_thread(lambda: {row.schedule_id: _next_at(row) for row in rows})
            self._rows = {row.schedule_id: row for row in rows}
        for row in list(self._rows.values()):
            if self._is_worth_a_look(row, wall):
                try:
                    await self._attend(row.schedule_id, wall)
                except CannotFinish:
                    raise
                except Exception:  # the others run
                    logger.exception("schedule failed schedule=%s", row.schedule_id)
                    self._again_at[row.schedule_id] = wall + AGAIN_S

    def _is_worth_a_look(self, row: ScheduleRow, wall: float) -> bool:
        if self._again_at.get(row.schedule_id, wall) > wall:
            return False
        is_ahead = row.standing.since > wall + 60  # the clock was set back
        return is_ahead or row.standing.waiting_at is not None or wall >= self._next_at[row.schedule_id]

    async def _attend(self, schedule_id: str, wall: float) -> None:
        row = await self._reader.ask(lambda journal: journal.schedule(schedule_id))
        if row is None or row.is_paused:
            self._is_stale = True
            return
        is_running = row.last_batch is not None and await self._is_under_way(row.last_batch)
        decision = decide(row.timing, row.standing, now=wall, is_running=is_running)
        if decision.run_at is not None:
            decision = await self.run_once(row, decision, decision.run_at)
        elif decision.standing != row.standing:
            await self._state.write(
                self._state.journal.advance_schedule, schedule_id, decision.standing, decision.n_passed_over
            )
        self._rows[schedule_id] = replace(row, standing=decision.standing, work={})
        self._next_at[schedule_id] = _next_at(self._rows[schedule_id])

    async def run_once(self, row: ScheduleRow, decision: Decision, at: float) -> Decision:
        """Submit one run, and note it; the decision comes back as it is noted."""
        batch_id, trouble = None, None
        try:
            batch_id = await self._submit(row, at)
        except CannotFinish as error:  # no room now, or a full disk: the run waits
            trouble = str(error)
            standing = ScheduleState(decision.standing.since, waiting_at=at)
            decision = replace(decision, run_at=None, standing=standing)
            self._again_at[row.schedule_id] = self._state.wall() + AGAIN_S
        except (TlrayError, ValueError) as error:
            trouble = str(error)
        if trouble is not None:
            logger.warning("schedule made no batch schedule=%s why=%s", row.schedule_id, trouble)

        def record() -> None:
            journal = self._state.journal
            with journal.transaction():
                journal.advance_schedule(row.schedule_id, decision.standing, decision.n_passed_over)
                journal.record_run(row.schedule_id, at=at, batch_id=batch_id, failure=trouble)

        await self._state.write(record)
        return decision

    async def _submit(self, row: ScheduleRow, at: float) -> str:
        """Submit one run; `CannotFinish` where its owner has had enough for a minute, UsageError where nobody may any more."""
        if row.owner:
            if not await self._reader.ask(lambda journal: _may_submit(journal, row.owner)):
                raise UsageError(f"{row.owner} has no token any more by which batches may be submitted")
            if wait_s := self._rates.take(row.owner, now=self._state.now()):
                raise QuotaExceeded(MAX_RUNS_PER_MINUTE, wait_s, " by schedules")
        options = BatchOptions.from_json(row.work["options"])
        chosen = await asyncio.to_thread(self._chosen, row, options) if row.work.get("refresh") else None
        work = await self._reader.ask(lambda journal: read_work(journal, row, at, self._terms, chosen=chosen))
        new = new_batch(
            f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
            name=work.name,
            priority=int(work.priority),
            options=replace(options, terms=self._terms_of(options.terms)),
            owner=row.owner,
            key=f"{runs_key(row.schedule_id)}{at:.3f}",
            digest="",
            created_at=self._state.wall(),
        )
        batch_id, _ = await self._submissions.submit(new, work.chunk)
        return batch_id

    def _chosen(self, row: ScheduleRow, options: BatchOptions) -> list[str]:
        """Return the URLs of the owner's sets that are worth a fetch now; UsageError if none is."""
        from tlray.io.catalogue.refreshing import picks  # noqa: PLC0415 - loads Arrow's parts, 17 MB of a process that lives long

        refresh = row.work["refresh"]
        found = picks(
            self._state.home, budget=refresh["budget"], horizon_s=parse_duration_s(refresh["within"]), options=options.politeness,
            now=self._state.wall(), owner=row.owner, catch_up_s=CATCH_UP_S,
        )  # fmt: skip
        if not found:
            raise UsageError("no set of the catalogue is worth a fetch now")
        return [pick.known.url for pick in found]

    def _terms_of(self, own: BatchConfig | None) -> BatchConfig | None:
        """Return the service's terms, with the API terms and the discovery that the schedule's user chose."""
        if self._terms is None or own is None:
            return self._terms or own
        return replace(
            self._terms, api_terms=own.api_terms, max_found=own.max_found, is_only_finding=own.is_only_finding
        )

    async def _is_under_way(self, batch_id: str) -> bool:
        book = self._state.book(batch_id)
        if book is not None:
            return not book.state.is_final
        row = await self._reader.ask(lambda journal: journal.find_batch(batch_id))
        return row is not None and not row.state.is_final


def _may_submit(journal: JournalReader, user: str) -> bool:
    """Return True if a user has a token by which batches may be submitted."""
    tokens = journal.tokens()
    return any("submit" in token.held for token in tokens if token.user == user and token.revoked_at is None)


def _next_at(row: ScheduleRow) -> float:
    return next(iter(next_runs(row.timing, after=row.standing.since, n=1)), math.inf)
