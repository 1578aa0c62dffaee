"""Snapshot of a batch that is not in memory, because it is over, sleeps or is still being received.

It is made from the journal, in the shape of a living batch's (`tlray.core.scheduling.snapshot`).
"""

from __future__ import annotations

from collections.abc import Iterable

from tlray.cluster.coordinator.state import CoordinatorState
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.progress import Snapshot
from tlray.core.politeness.domain import DomainState
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.snapshot import MAX_DOMAINS_SHOWN, shown, snapshot
from tlray.io.journal.domain_status import stored_state
from tlray.io.journal.rows import BatchRow, Counts, totals


def fatal_error_text(state: CoordinatorState) -> str | None:
    """Return why nothing goes on; None while all is well."""
    return str(state.trouble) if state.trouble else None


async def stored_snapshot(state: CoordinatorState, row: BatchRow) -> Snapshot:
    """Return the snapshot of a batch that is not in memory."""
    book = await _read(state, row)
    if row.state.is_final:
        book.open_by_domain = dict.fromkeys(await _had(state, book), 0)
    domains = await _remembered(state, book, shown(book))
    starts_at = row.options.not_before if row.state is BatchState.SCHEDULED else None
    now, wall = state.now(), state.wall()
    told = snapshot(
        book,
        domains,
        now=now,
        wall=wall,
        elapsed_s=row.elapsed_s,
        starts_at=starts_at,
        trouble=fatal_error_text(state),
    )
    return {
        **told, "estimated_completion": None, "estimated_between": None, "estimate_waits_on": None,
        "estimate_missing": None,
    }  # fmt: skip


async def last_domains(state: CoordinatorState, book: Batch) -> dict[str, DomainState]:
    """Return the domains of a batch that has nothing open any more: those that are told of it from now on, in every life."""
    remembered = await _remembered(state, book, await _had(state, book))
    return {name: state.engine.domains.get(name, domain) for name, domain in remembered.items()}


async def _read(state: CoordinatorState, row: BatchRow) -> Batch:
    if row.state is BatchState.RECEIVING:
        # it may be a million by now, and is not to be counted at each question
        book = book_of(row, {})
        so_far = await state.write(state.journal.chunks, row.id)
        book.counts[ItemState.QUEUED] = so_far.n_items
        return book
    if row.state.is_final and row.counts is not None:
        return stored_book(row)
    book = book_of(row, await state.write(state.journal.counts, row.id))
    book.version = max(state.first_version, row.version)
    return book


async def _had(state: CoordinatorState, book: Batch) -> list[str]:
    return await state.write(state.journal.batch_domains, book.id, limit=MAX_DOMAINS_SHOWN)


async def _remembered(state: CoordinatorState, book: Batch, names: Iterable[str]) -> dict[str, DomainState]:
    rows = await state.write(lambda: [state.journal.domain(name) for name in names])
    now, wall = state.now(), state.wall()
    domains: dict[str, DomainState] = {}
    for row in rows:
        if row is not None:
            override = state.engine.registry.override_of(row.name)
            domains[row.name] = stored_state(row, book.politeness, override, now=now, wall=wall)
    return domains


def stored_book(row: BatchRow) -> Batch:
    """Return the books of a finished batch, whose row has its counts."""
    book = book_of(row, {"": row.counts or {}})
    book.version = row.version
    return book


def book_of(row: BatchRow, counts: Counts, *, since: float | None = None) -> Batch:
    """Return the books of a batch, as the journal has them; ``since``: when its items were queued, if not at its beginning."""
    open_by_domain = {
        domain: n for domain, by in counts.items() if (n := sum(c for s, c in by.items() if not s.is_final))
    }
    waits_since = max(row.created_at, row.options.not_before or 0.0, since or 0.0)
    return Batch(
        row.id, row.batch_id, row.name, row.priority, row.state, totals(counts),
        politeness=row.options.politeness, retry=row.options.retry, owner=row.owner, keeps_pages=row.options.keeps_pages,
        n_duplicates=row.n_duplicates, n_rejected=row.n_rejected, n_sets=row.n_sets, n_tracks=row.n_tracks,
        n_retries=row.n_retries, n_blocked=row.n_blocked, n_answered=row.n_answered, n_found=row.n_found,
        n_lists=row.n_lists, created_at=row.created_at, waits_since=waits_since,
        open_by_domain=open_by_domain, fresh_for_s=row.options.fresh_for_s, networks=row.options.networks,
        is_matching=row.options.fresh_for_s > 0 and not row.state.is_final, terms=row.options.terms,
    )  # fmt: skip
