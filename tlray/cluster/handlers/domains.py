"""The domains: how each stands, and what a person sets for it, which is journalled and holds at once and in every later life."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from tlray.cluster.coordinator.limiter_pool import Limiters
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.ports.coordinator import Reader
from tlray.io.journal.domain_status import domain_status, stored_domain_state
from tlray.io.journal.rows import DomainRow

logger = logging.getLogger(__name__)


class Domains:
    """The desk's part for domains."""

    ASKS: ClassVar = frozenset({"domains", "domain", "domains_at"})
    CHANGES: ClassVar = frozenset({"set_domain"})

    def __init__(self, state: CoordinatorState, limiters: Limiters, reading: Reader) -> None:
        self._state = state
        self._limiters = limiters
        self._reading = reading

    async def domains(
        self, *, owner: str | None, after: str, limit: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return domains by name: those at which an owner has items, or all."""
        rows = await self._reading.ask(lambda journal: journal.domains(owner=owner, after=after, limit=limit))
        told = [self._told(row, owner) for row in rows]
        return told, rows[-1].name if len(rows) == limit else None

    async def domain(self, name: str, *, owner: str | None) -> dict[str, Any] | None:
        """Return one domain; None where it is not known."""
        rows = await self._reading.ask(lambda journal: journal.domains(owner=owner, name=name))
        return self._told(rows[0], owner) if rows else None

    async def domains_at(self, name: str) -> list[dict[str, Any]]:
        """Return a domain, and of a host those at its ports."""
        rows = await self._reading.ask(lambda journal: journal.domains_at(name))
        return [self._told(row, None) for row in rows]

    async def set_domain(
        self, name: str, changes: dict[str, object], is_lifted: bool = False
    ) -> dict[str, Any]:
        """Set something for a domain, for all batches; ``is_lifted`` ends its rest."""
        state, engine = self._state, self._state.engine
        was = engine.treatment.by_hand.get(name)
        setting = await state.write(
            state.journal.set_domain, name, changes, lift_at=state.wall() if is_lifted else None
        )
        concerned = engine.treatment.set_by_hand(name, setting)
        if is_lifted:
            engine.treatment.lift(name, now=state.now())
            logger.info("rest lifted domain=%s", name)
        state.renew_stops()
        for batch in {book.id for one in concerned for book in engine.presence.at(one)}:
            state.announce(batch)
        await self._limiters.update(concerned)
        if (was is not None and was.is_paused) != setting.is_paused:
            await self._limiters.spread_stops()
        state.wake.set()
        unknown = DomainRow(name, override=setting)
        return await self.domain(name, owner=None) or self._told(unknown, None)

    def _n_open(self, name: str, owner: str | None) -> int:
        """Return the open items of a domain: of all batches, or of an owner's."""
        here = self._state.engine.presence.at(name)
        return sum(book.open_by_domain.get(name, 0) for book in here if owner in (None, book.owner))

    def _told(self, row: DomainRow, owner: str | None) -> dict[str, Any]:
        engine = self._state.engine
        state = engine.domains.get(row.name) or stored_domain_state(
            row, engine.treatment.by_hand_of(row.name)
        )
        n_open = self._n_open(row.name, owner)
        return domain_status(row, state, now=self._state.now(), wall=self._state.wall(), n_open=n_open)
