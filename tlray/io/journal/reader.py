"""`JournalReader`: the queries that a journal answers, whatever database keeps it.

A reader may be opened in any process, beside the one writer, and changes nothing. Moments are seconds since the epoch. A batch
is named by its id, a text, or by its number (`BatchRow.id`), which orders batches and is cheaper to look up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self

from tlray.core.messaging.events import Event
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.notify.notification import Underway
from tlray.core.politeness.override import DomainOverride
from tlray.core.schedules.template import Template
from tlray.core.submission.lines import RefusedLine
from tlray.errors import NoSuchBatch
from tlray.io.journal.audit_copy import AuditCopy
from tlray.io.journal.rows import (
    AttemptRow,
    BatchRow,
    ChunkRow,
    Chunks,
    Counts,
    DeadGroup,
    DeadLetter,
    DomainRow,
    DoneRow,
    FoundSetRow,
    ItemFilter,
    ItemRow,
    ListedItem,
    OpenRow,
    PagePlace,
    PartRow,
    RestRow,
    SeenGroup,
    totals,
)
from tlray.io.journal.service_rows import DeliveryRow, ScheduleRow, TokenRow

NOTHING_UNDERWAY = Underway()
NO_FILTER = ItemFilter()


class JournalReader(Protocol):
    """The queries. A class that implements it inherits from it: the verbs with a body here need no other."""

    place: str
    """The name of the journal in errors: the folder of a home, or a database without its password."""

    def close(self) -> None:
        """Close the connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def snapshot(self) -> AbstractContextManager[None]:
        """Return a block whose answers are all of one moment; `HomeUnusable` where the database fails in it."""

    def damage(self) -> list[str]:
        """Return what the database finds wrong with its own storage."""

    def audit_copy(self, batch_id: str) -> AbstractContextManager[AuditCopy]:
        """Copy what the journal says of a batch at one moment, to be compared with its files; `NoSuchBatch` if there is none."""

    def rows(self, table: str, *, batch: int | None = None) -> Iterator[Sequence[Any]]:
        """Yield the rows of a table as they are stored, or one batch's of them; within a `snapshot`."""

    def last_numbers(self) -> dict[str, int]:
        """Return the last number that was given to a row, of each table whose numbers are never used twice."""

    # -- batches -----------------------------------------------------------------------------------

    def find_batch(self, batch_id: str) -> BatchRow | None:
        """Return a batch, or None."""

    def batch(self, batch_id: str) -> BatchRow:
        """Return a batch; `NoSuchBatch` if there is none."""
        row = self.find_batch(batch_id)
        if row is None:
            raise NoSuchBatch(batch_id, self.place)
        return row

    def counts(self, batch: int) -> Counts:
        """Count a batch's items by domain and state; reads each of its items."""

    def totals(self, row: BatchRow) -> dict[ItemState, int]:
        """Return a batch's items by state; of a finished batch without counting them."""
        if row.state.is_final and row.counts is not None:
            return {state: n for state, n in row.counts.items() if n}
        return totals(self.counts(row.id))

    def batches(
        self,
        *,
        owner: str | None = None,
        state: str | None = None,
        before: int | None = None,
        limit: int = -1,
        schedule_id: str | None = None,
    ) -> list[BatchRow]:
        """Return batches, the newest first, those of a schedule if one is given; ``before`` is the number of the last one on the
        page before."""

    def batch_summaries(self) -> list[tuple[BatchRow, dict[ItemState, int]]]:
        """Return every batch that was committed, with its totals, the newest first."""
        return [(row, self.totals(row)) for row in self.batches() if row.state is not BatchState.RECEIVING]

    def count_batches(self) -> dict[str, int]:
        """Count batches by state."""

    def open_batches(self) -> list[tuple[str, bool]]:
        """Return the ids of batches that are not finished, each with True if it is dormant."""

    def count_open_items(self) -> list[OpenRow]:
        """Count the open items of each batch that is not finished; reads all of their items."""

    def batch_domains(self, batch: int, *, limit: int) -> list[str]:
        """Return the first ``limit`` domains of a batch's items; a seek for each, however many items there are."""

    def parts(self, batch_id: str) -> list[PartRow]:
        """Return a batch's manifest, in the order of the stems."""

    def results_after(self, batch: int, *, after: int, limit: int) -> list[DoneRow]:
        """Return the items that succeeded next after the number ``after``, in that order."""

    def found_sets(self, batch: int) -> Iterator[FoundSetRow]:
        """Yield the sets that a batch has found and not fetched, in the order in which they were found."""
        ...

    def part_of(self, item: int) -> str | None:
        """Return the part that has an item's rows now; None if it has none."""

    def revisions_after(self, batch: int, *, after: int, limit: int) -> list[DoneRow]:
        """Return the results whose rows were read again from the archive after the number ``after``, by the numbers of that. The
        ``done_seq`` of an item that was a dead letter is such a number."""

    def revised_batches(self, after: int) -> list[int]:
        """Return the numbers of the batches that have revisions after the number ``after``."""

    def dead_pages(self, batch: int, stem: str) -> list[PagePlace]:
        """Return the dead letters whose last page lies in a part, as far as a parser has decided what that is; in the order of
        the pages."""

    def reused_pages(self, batch: int, stem: str) -> list[PagePlace]:
        """Return the items of a part whose rows are those of another batch, each with its page in that one's archive."""

    def last_result(self, batch: int) -> int:
        """Return the number of the newest result or revision; 0 if there is none."""

    def newest_result(self) -> int:
        """Return the number of the newest result or revision of any batch; 0 if there is none."""
        return max((self.last_result(row.id) for row in self.batches()), default=0)

    # -- items -------------------------------------------------------------------------------------

    def count_items(self, batch: int) -> int:
        """Count a batch's items, for one that is still being received."""

    def items(
        self, batch_id: str, state: ItemState | None = None, *, after_id: int = 0, limit: int = -1
    ) -> Iterator[ItemRow]:
        """Yield a batch's items in the order of its list; `NoSuchBatch` if there is none."""

    def items_page(
        self, batch: int, shown: ItemFilter = NO_FILTER, *, after: int = 0, from_line: int = 0, limit: int
    ) -> tuple[list[ListedItem], int | None]:
        """Return a page of items from a line on, and the id to continue after; None at the end. A page may be shorter than
        ``limit``."""

    def find_item(self, batch: int, item_id: int) -> ListedItem | None:
        """Return one item of a batch, or None."""

    def batch_of_item(self, item_id: int) -> str | None:
        """Return the batch of an item, or None."""

    def count_by_domain(self, batch: int) -> dict[str, tuple[int, int]]:
        """Count the items of each domain of a batch, and its dead letters; reads an index of all of them."""

    def last_death(self) -> int:
        """Return the number of the transaction that made dead letters last; 0 if there was none. Numbers grow: they are
        milliseconds since the epoch."""

    def dead_groups(self, *, owner: str | None = None, batch_id: str | None = None) -> list[DeadGroup]:
        """Count dead letters by domain and kind of reason, the largest groups first."""

    def count_dead(self, *, owner: str | None = None, limit: int) -> int:
        """Count dead letters, up to a limit."""

    def batches_with_dead(self, seen: SeenGroup, *, owner: str | None = None) -> list[str]:
        """Return the batches that have dead letters of a group, as far as it was seen, the oldest first."""

    def dead_letters(
        self,
        *,
        owner: str | None = None,
        batch_id: str | None = None,
        reason: str | None = None,
        kind: str | None = None,
        domain: str | None = None,
        before: tuple[int, int] | None = None,
        limit: int,
    ) -> tuple[list[DeadLetter], tuple[int, int] | None]:
        """Return a page of dead letters and the place (batch, item) to continue from; None at the end.

        Those of the newest batch come first, in the order of its list. ``reason``: only those whose reason contains it.
        """

    def attempts(self, items: Sequence[int]) -> dict[int, list[AttemptRow]]:
        """Return the recorded attempts of each item, the first one first."""

    def died_before(self, item: ItemRow) -> tuple[int, bool]:
        """Return in how many other batches the same page is a dead letter, and whether it succeeded in any."""

    def items_gone(self) -> set[int]:
        """Return the items that succeeded, and whose page a later item found gone."""
        ...

    def refused_lines(
        self,
        batch: int,
        *,
        after: int = 0,
        before: int | None = None,
        is_duplicate: bool | None = None,
        limit: int = -1,
    ) -> list[RefusedLine]:
        """Return the lines of a list between two line numbers that made no item, in its order."""

    def count_refused(self, batch: int, *, after: int, before: int) -> tuple[int, int]:
        """Count the rejected and the duplicate lines between two line numbers."""

    def chunks(self, batch: int) -> Chunks:
        """Return how much of a list was uploaded so far."""

    def chunk(self, batch: int, number: int) -> ChunkRow | None:
        """Return one uploaded chunk, or None."""

    # -- domains -----------------------------------------------------------------------------------

    def domain(self, name: str) -> DomainRow | None:
        """Return what is remembered of a domain, its robots.txt included; None if nothing is."""

    def domains(
        self, *, owner: str | None = None, after: str = "", limit: int = -1, name: str | None = None
    ) -> list[DomainRow]:
        """Return domains by name without their robots.txt: those with items of ``owner``, or all."""

    def domains_named(self, names: Sequence[str]) -> list[DomainRow]:
        """Return those domains that are known, without their robots.txt; a seek for each."""

    def domains_at(self, host: str) -> list[DomainRow]:
        """Return a domain and those at other ports of the same host, by name, without their robots.txt."""

    def count_open_at(self, name: str) -> int:
        """Count a domain's open items in all batches that are not finished."""

    def rests(self, name: str) -> list[RestRow]:
        """Return the last rests of a domain, the newest first."""

    def overrides(self) -> dict[str, DomainOverride]:
        """Return the manual overrides by domain."""

    def domains_without_items(self, batch_id: str, names: Sequence[str]) -> list[str]:
        """Return those of ``names`` at which a batch has no item, neither at that domain nor at any port of that host."""

    # -- what the service keeps --------------------------------------------------------------------

    def tokens(self) -> list[TokenRow]:
        """Return every token, the oldest first."""

    def find_tokens(self, digests: Sequence[str]) -> dict[str, TokenRow]:
        """Return tokens by digest, without those that were revoked."""

    def requires_tokens(self) -> bool:
        """True once a token was created, even if all of them were revoked since."""

    def templates(self, owner: str) -> list[Template]:
        """Return an owner's templates by name."""

    def template(self, owner: str, name: str) -> Template | None:
        """Return one template, or None."""

    def schedules(self, owner: str | None = None) -> list[ScheduleRow]:
        """Return all schedules, or one owner's, the oldest first; without their work."""

    def schedule(self, schedule_id: str) -> ScheduleRow | None:
        """Return one schedule with its work, or None."""

    def has_due_notices(self, wall: float, underway: Underway = NOTHING_UNDERWAY) -> bool:
        """True if a delivery is due and its receiver and its owner are below their limits."""

    def deliveries(self, batch: int, limit: int = 1_000) -> list[DeliveryRow]:
        """Return a batch's notices with their attempts, the oldest first."""

    def deliveries_of(
        self, owner: str | None, *, before: int | None = None, limit: int
    ) -> list[tuple[int, str, DeliveryRow]]:
        """Return the notices of an owner's batches, or of all, the newest first: a number to continue before, the batch, the
        notice."""

    def delivery(self, owner: str | None, notice_id: str) -> tuple[str, DeliveryRow] | None:
        """Return the batch and a notice of it; None if there is none, or it is another owner's."""

    # -- events ------------------------------------------------------------------------------------

    def has_events(self) -> bool:
        """True if the outbox of events is not empty."""

    def events(self, source: str, limit: int) -> list[Event]:
        """Return the oldest events of the outbox; ``source`` is a part of their ids."""
