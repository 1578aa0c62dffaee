"""Domains: their status, and manual overrides, which are journalled and apply at once."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import NamedTuple

from tlray.cluster.handlers.handlers import Handlers, Parts, command, read
from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState
from tlray.core.model.progress import BatchDomain, DomainHistory, DomainStatus, n_done, n_open
from tlray.core.model.receipts import DomainPreview
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.scheduling.eta import new_list_s
from tlray.core.scheduling.snapshot import batch_domain, domain_wait
from tlray.io.journal.domain_status import domain_status, stored_state
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import BatchOptions, BatchRow, DomainRow

logger = logging.getLogger(__name__)


COUNT_SHARE_OF_TIME = 20
"""Counting the items of one batch may take this part of the time: a twentieth."""
PREVIEWED_AT_ONCE = 100
"""Domains of a list that are looked at before anything else of the coordinator goes on."""
MAX_ROBOTS_CHARS = 100_000
MAX_COUNTED = 50
"""Batches whose counts are kept."""


class DomainCounts(NamedTuple):
    """Items of one domain of a batch, as they are stored."""

    total: int
    dead: int
    n_open: int
    done: int | None
    """None: all that are not open."""


class DomainHandlers(Handlers):
    """Methods for domains."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._counted: dict[str, tuple[float, BatchState, dict[str, DomainCounts]]] = {}
        """Batch → until when its counts stand, in which state, and the counts."""

    async def list_domains(
        self, *, owner: str | None, after: str, limit: int
    ) -> tuple[list[DomainStatus], str | None]:
        """Return domains by name: those at which an owner has items, or all."""
        rows = await self._reader.ask(lambda journal: journal.domains(owner=owner, after=after, limit=limit))
        told = [self._status_of(row, owner) for row in rows]
        return told, rows[-1].name if len(rows) == limit else None

    async def get_domain(self, name: str, *, owner: str | None) -> DomainStatus | None:
        """Return one domain; None where it is not known."""
        rows = await self._reader.ask(lambda journal: journal.domains(owner=owner, name=name))
        return self._status_of(rows[0], owner) if rows else None

    @read
    async def domain_history(self, name: str, *, owner: str | None) -> DomainHistory | None:
        """Return a domain's robots.txt and its last rests; None where it is not known, or an owner has no item there."""

        def query(journal: JournalReader) -> DomainHistory | None:
            row = journal.domain(name) if journal.domains(owner=owner, name=name) else None
            if row is None:
                return None
            text = row.robots_text
            return {
                "domain": name,
                "robots": None if text is None else {
                    "text": text[:MAX_ROBOTS_CHARS], "is_cut": len(text) > MAX_ROBOTS_CHARS, "fetched_at": row.robots_at,
                    "crawl_delay_s": row.crawl_delay_s,
                },
                "rests": [
                    {"began_at": rest.began_at, "until": rest.until, "reason": rest.reason} for rest in journal.rests(name)
                ],
            }  # fmt: skip

        return await self._reader.ask(query)

    async def preview_domains(
        self, counts: dict[str, int], options: BatchOptions, priority: int
    ) -> list[DomainPreview]:
        """Return how long the items of a list that is not submitted would take at each domain."""
        engine, wall = self._state.engine, self._state.wall()
        rows = await self._reader.ask(
            lambda journal: {row.name: row for row in journal.domains_named(list(counts))}
        )
        found: list[DomainPreview] = []
        for number, (name, n) in enumerate(counts.items(), 1):
            if number % PREVIEWED_AT_ONCE == 0:
                await asyncio.sleep(0)
            now = self._state.now()
            row = rows.get(name) or DomainRow(name)
            override = engine.registry.override_of(name)
            fresh = stored_state(row, options.politeness, override, now=now, wall=wall)
            state = engine.domains.get(name, fresh)
            rate = min(state.ceiling.rate, fresh.ceiling.rate)
            others = engine.domain_index.at(name)
            takes_s = new_list_s(state, n, rate, now=now, others=others, priority=Priority(priority))
            wait = domain_wait(state, now=now, wall=wall)
            found.append({
                "domain": name, "items": n, "paused": override.is_paused,
                "max_rate": None if math.isinf(rate) else rate, "cooling_until": wait.get("cooling_until"),
                "reason": wait.get("reason", wait.get("slow_because")),
                "takes_s": None if takes_s is None else round(takes_s, 1),
            })  # fmt: skip
        return sorted(found, key=lambda one: (-(one["takes_s"] or 0.0), -one["items"]))

    async def list_batch_domains(
        self, batch_id: str, *, after: str, limit: int
    ) -> tuple[list[BatchDomain], str | None]:
        """Return the domains of a batch by name, finished ones too, and the name to continue after."""
        row = await self._row(batch_id)
        counts = await self._count_by_domain(row)
        names = sorted(name for name in counts if name > after)[:limit]
        rows = {row.name: row for row in await self._reader.ask(lambda journal: journal.domains_named(names))}
        book, now, wall = self._state.book(batch_id), self._state.now(), self._state.wall()
        found = []
        for name in names:
            n = counts[name]
            state = self._state_of(rows.get(name) or DomainRow(name), row.options.politeness)
            left = n.n_open if book is None else max(0, book.open_by_domain.get(name, 0))
            total = max(n.total, left)
            found.append(
                batch_domain(state, total=total, dead=n.dead, left=left, done=n.done, now=now, wall=wall)
            )
        return found, names[-1] if len(names) == limit else None

    async def _count_by_domain(self, row: BatchRow) -> dict[str, DomainCounts]:
        """Return the counts of each domain; those of a long list are not counted again at each question."""
        now = self._state.now()
        kept = self._counted.get(row.batch_id)
        if kept is None or now >= kept[0] or row.state is not kept[1]:
            is_open = self._state.book(row.batch_id) is None and not row.state.is_final
            is_cancelled = row.state in (BatchState.CANCELLING, BatchState.CANCELLED)

            def query(journal: JournalReader) -> dict[str, DomainCounts]:
                by_state = journal.counts(row.id) if is_open or is_cancelled else {}
                return {
                    name: DomainCounts(
                        n,
                        dead,
                        n_open(by_state.get(name, {})),
                        n_done(by_state.get(name, {})) if is_cancelled else None,
                    )
                    for name, (n, dead) in journal.count_by_domain(row.id).items()
                }

            counts = await self._reader.ask(query)
            until = self._state.now() + COUNT_SHARE_OF_TIME * (self._state.now() - now)
            kept = self._counted[row.batch_id] = (until, row.state, counts)
            if len(self._counted) > MAX_COUNTED:
                del self._counted[next(iter(self._counted))]
        return kept[2]

    async def domains_of_host(self, name: str) -> list[DomainStatus]:
        """Return a domain, and of a host those at its ports."""
        rows = await self._reader.ask(lambda journal: journal.domains_at(name))
        return [self._status_of(row, None) for row in rows]

    @command
    async def set_domain(
        self, name: str, changes: dict[str, object], is_lifted: bool = False
    ) -> DomainStatus:
        """Set something for a domain, for all batches; ``is_lifted`` ends its rest."""
        state, engine = self._state, self._state.engine
        was = engine.registry.overrides.get(name)
        setting = await state.write(
            state.journal.set_domain, name, changes, lift_at=state.wall() if is_lifted else None
        )
        concerned = engine.registry.set_override(name, setting)
        if is_lifted:
            engine.registry.lift(name, now=state.now())
            logger.info("rest lifted domain=%s", name)
        state.renew_stops()
        for batch in {book.id for one in concerned for book in engine.domain_index.at(one)}:
            state.announce(batch)
        await self._limiters.update(concerned)
        if (was is not None and was.is_paused) != setting.is_paused:
            await self._limiters.spread_stops()
        state.wake.set()
        unknown = DomainRow(name, override=setting)
        return await self.get_domain(name, owner=None) or self._status_of(unknown, None)

    def _n_open(self, name: str, owner: str | None) -> int:
        """Return the open items of a domain: of all batches, or of an owner's."""
        here = self._state.engine.domain_index.at(name)
        return sum(book.open_by_domain.get(name, 0) for book in here if owner in (None, book.owner))

    def _status_of(self, row: DomainRow, owner: str | None) -> DomainStatus:
        now, wall = self._state.now(), self._state.wall()
        state = self._state_of(row, PolitenessOptions())
        return domain_status(row, state, now=now, wall=wall, n_open=self._n_open(row.name, owner))

    def _state_of(self, row: DomainRow, options: PolitenessOptions) -> DomainState:
        engine = self._state.engine
        state = engine.domains.get(row.name)
        if state is not None:
            return state
        override = engine.registry.override_of(row.name)
        return stored_state(row, options, override, now=self._state.now(), wall=self._state.wall())
