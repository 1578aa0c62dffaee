"""Domains: their status, and manual overrides, which are journalled and apply at once."""

from __future__ import annotations

import logging

from tlray.cluster.handlers.handlers import Handlers, command
from tlray.core.model.progress import DomainStatus
from tlray.core.politeness.policy import PolitenessOptions
from tlray.io.journal.domain_status import domain_status, stored_state
from tlray.io.journal.rows import DomainRow

logger = logging.getLogger(__name__)


class DomainHandlers(Handlers):
    """Methods for domains."""

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
        engine, now, wall = self._state.engine, self._state.now(), self._state.wall()
        state = engine.domains.get(row.name)
        if state is None:
            override = engine.registry.override_of(row.name)
            state = stored_state(row, PolitenessOptions(), override, now=now, wall=wall)
        return domain_status(row, state, now=now, wall=wall, n_open=self._n_open(row.name, owner))
