"""`Journal`: the one writer of what must survive a restart, whatever database keeps it.

Every verb is one transaction, or part of the `Journal.transaction` around it: all of it or nothing, durable when it returns. Use
a journal from one thread. There is one writer a home: `Journal.begin_incarnation` returns its fencing number, and from then on
the verbs of every earlier incarnation raise `HomeInUse` and write nothing, in whatever process they run.

Moments are seconds since the epoch, but where an argument ``now`` says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from tlray.core.model.discovery import Committed
from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import ReusableResult
from tlray.core.notify.notification import Delivery, NotificationKind, Underway
from tlray.core.politeness.override import DomainOverride
from tlray.core.schedules.schedule import ScheduleState, Timing
from tlray.core.schedules.template import Template
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.scheduling.changeset import Changeset
from tlray.core.submission.lines import Entry, RefusedLine
from tlray.io.journal.reader import NOTHING_UNDERWAY, JournalReader
from tlray.io.journal.rows import Added, ChunkRow, NewBatch, PartRow, Revised, SeenGroup
from tlray.io.journal.service_rows import Notice, ScheduleRow


class Journal(JournalReader, Protocol):
    """The writer's verbs; it answers the queries of `JournalReader` too, with its own uncommitted changes."""

    def transaction(self) -> AbstractContextManager[None]:
        """Return a block whose verbs are one transaction; an exception that leaves it undoes all of them."""

    def take_rows(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows of another journal (`JournalReader.rows`) to an empty table."""

    def number_on(self, table: str, last: int) -> None:
        """Give the next row of a table a number above ``last``."""

    def begin_incarnation(self, *, is_restart: bool) -> int:
        """Take over from every earlier incarnation: end their leases, no attempt spent; return this one's fencing number.

        Unless it is the restart of one that died, open batches become dormant and lists that were not committed are dropped.
        """

    def end_incarnation(self) -> None:
        """Note that this incarnation ends in order: from now on it fetches nothing (`use_domains`)."""

    # -- submission --------------------------------------------------------------------------------

    def open_batch(self, new: NewBatch) -> str:
        """Open a batch for its list; a repeated request key returns the batch that it made before.

        `Conflict` where that batch was made of another list.
        """

    def add_lines(self, batch_id: str, entries: Sequence[Entry], refused: Sequence[RefusedLine]) -> Added:
        """Add lines to a batch that is being received; repeated, it changes nothing. `NoSuchBatch` if there is none."""

    def add_chunk(
        self,
        batch_id: str,
        chunk: ChunkRow,
        entries: Sequence[Entry],
        refused: Sequence[RefusedLine],
        *,
        max_lines: int,
    ) -> Added:
        """Add a numbered chunk of a list; repeated, it changes nothing.

        `Conflict` for one that is not the next, that was different before, or that comes after the commit.
        """

    def commit_batch(self, batch_id: str) -> None:
        """Make a received batch real, all of it at once."""

    def abandon_batch(self, batch_id: str) -> bool:
        """Drop a batch that was never committed; False if there is none."""

    def discard_batch(self, batch_id: str) -> None:
        """Drop a finished batch; `Conflict` for one that has results."""

    # -- batches -----------------------------------------------------------------------------------

    def set_batch_state(
        self,
        batch: int,
        state: BatchState,
        *,
        finished_at: float | None = None,
        elapsed_s: float | None = None,
        is_dormant: bool = False,
        by: str | None = None,
    ) -> None:
        """Write a batch's state; ``by``: who pauses it just now."""

    def change_batch(self, batch: int, *, name: str | None, priority: Priority | None) -> None:
        """Change what is given of a batch's name and priority."""

    def set_terms(self, batch: int, terms: BatchConfig) -> None:
        """Replace the terms in a batch's options."""

    def finish_batch(
        self,
        batch: int,
        *,
        state: BatchState,
        finished_at: float,
        elapsed_s: float,
        counts: Mapping[ItemState, int],
        version: int,
        half_way: tuple[float | None, float] | None = None,
    ) -> None:
        """Write the end of a batch with its counts and the version of its last snapshot, and the notices of it."""

    def cancel_open(self, batch: int) -> int:
        """Cancel a batch's queued and waiting items and count them; leased ones follow when their lease ends."""

    def revive(
        self,
        batch: int,
        *,
        ids: Sequence[int] | None = None,
        reason: str | None = None,
        seen: SeenGroup | None = None,
    ) -> dict[str, int]:
        """Queue dead letters again, all or those named; return how many of each domain. A completed batch runs again.

        `NoSuchItem` if the batch does not have one that is named.
        """

    # -- the work ----------------------------------------------------------------------------------

    def load_lane(self, batch: int, domain: str, *, after_id: int, limit: int) -> list[FrontierItem]:
        """Return the next queued items of a batch at a domain, in the order of the list."""

    def load_waiting(self, batch: int) -> list[tuple[FrontierItem, float, float | None]]:
        """Return a batch's waiting items, each with the moment it is due and the moment since which it is snoozed."""

    def reusable_results(
        self, batch: int, since: float, *, after_id: int
    ) -> tuple[list[tuple[FrontierItem, ReusableResult]], int | None]:
        """Return those of a batch's next queued items that other batches have results for, fetched after ``since``; and the id to
        continue after, None at the end."""

    def mark_leased(
        self, ids: Iterable[int], may_reuse: Iterable[tuple[int, float]] = ()
    ) -> dict[int, ReusableResult]:
        """Mark items as leased; return the results that may stand for some of ``may_reuse`` (item, oldest fetch that counts)."""

    def commit(self, changeset: Changeset, *, now: float, wall: float, node: str) -> Committed:
        """Write a changeset: items, attempts, parts, robots.txt, cool-downs, found items, ended lanes, notices. ``now``
        (monotonic) and ``wall`` are one moment. Return what each lane's death has ended, and what each page has added."""

    def replace_parts(self, batch_id: str, old: Mapping[str, int], new: PartRow) -> None:
        """Name one part in the place of several; ``old`` is stem → offset of its pages in the new part's archive."""

    def revise(self, batch: int, stem: str, revised: Revised) -> None:
        """Note which results of a part were read again from the archive; dead letters that have rows in it now have succeeded.

        `Conflict`, and nothing is written, where one of these is no dead letter any more.
        """

    # -- domains -----------------------------------------------------------------------------------

    def set_domain(
        self, name: str, changes: Mapping[str, object], *, lift_at: float | None = None
    ) -> DomainOverride:
        """Change a domain's overrides (fields of `DomainOverride`) and return all of them. ``lift_at`` ends its cool-down, and
        makes what was snoozed due at that moment."""

    def use_domains(self, names: Sequence[str]) -> dict[str, float | None]:
        """Note that this incarnation may fetch from domains, before it does.

        Return for each the latest moment (epoch seconds) at which an earlier fetch may have begun: None if there was none,
        ``math.inf`` if it is not known, because an incarnation that used the domain was killed.
        """

    def normalise_domains(self, *, until: float) -> None:
        """Limit cool-downs to ``until``, and merge a site's short-link domain into the site's."""

    # -- what the service keeps --------------------------------------------------------------------

    def claim_notices(
        self, *, wall: float, hold_s: float, limit: int, underway: Underway = NOTHING_UNDERWAY
    ) -> list[Notice]:
        """Take notices that are due, within the limits of their receivers and owners beside those ``underway``.

        Nobody else gets them within ``hold_s``; one that is not settled by then may arrive twice, with one id.
        """

    def add_notice(self, batch: int, kind: NotificationKind, subject: str, about: Mapping[str, Any]) -> None:
        """Write a notice for each channel of a batch that takes this kind, once for each subject."""

    def set_notice_body(self, notice_id: str, body: str) -> None:
        """Keep the text of a notice; the first one stays, so that every attempt says the same."""

    def drop_notice(self, notice_id: str) -> None:
        """Delete a notice that was not attempted yet."""

    def settle_notice(
        self, notice_id: str, delivery: Delivery, *, at: float, took_s: float, next_at: float | None
    ) -> None:
        """Record an attempt; ``next_at`` is the next one's moment, None after the last."""

    def resend_notice(self, notice_id: str, *, wall: float) -> None:
        """Make a notice due that was given up."""

    def webhook_secrets(self, owner: str, fresh: str, wall: float) -> list[str]:
        """Return the secrets that sign an owner's webhooks, the current one first; ``fresh`` becomes it if there is none."""

    def rotate_webhook_secret(self, owner: str, fresh: str, wall: float) -> None:
        """Replace an owner's secret; the old one signs beside it for a day."""

    def add_schedule(self, row: ScheduleRow) -> None:
        """Add a schedule."""

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
        """Change a schedule; occurrences before ``since`` are not made up for."""

    def remove_schedule(self, schedule_id: str) -> bool:
        """Remove a schedule and keep its batches; False if there was none."""

    def advance_schedule(self, schedule_id: str, standing: ScheduleState, n_passed_over: int = 0) -> None:
        """Write how far a schedule has come."""

    def record_run(self, schedule_id: str, *, at: float, batch_id: str | None, failure: str | None) -> None:
        """Record the run of an occurrence: its batch, or why there is none."""

    def put_template(self, owner: str, template: Template) -> bool | None:
        """Add or replace a template; True if it is new, None if its owner has too many."""

    def remove_template(self, owner: str, name: str) -> bool:
        """Remove a template; False if there was none."""

    def create_token(self, *, name: str, digest: str, user: str, scopes: Sequence[str], now: float) -> None:
        """Add a token; repeated, it changes nothing. ``now`` is in epoch seconds here."""

    def revoke_token(self, name: str, *, now: float) -> bool:
        """Revoke a token; False if there is none of that name."""

    def record_token_use(self, name: str, *, now: float) -> None:
        """Record when a token was used."""

    # -- events ------------------------------------------------------------------------------------

    def want_events(self, until: float) -> None:
        """Write events until then, each in the transaction of its change; never where this was not called."""

    def add_event(self, batch: int, kind: str, about: Mapping[str, Any], *, wall: float) -> None:
        """Add an event that no change of the journal has, where events are wanted."""

    def drop_events(self, seq: int) -> None:
        """Delete the events up to this one."""
