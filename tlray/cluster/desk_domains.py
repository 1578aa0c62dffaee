"""The domains: how each stands, and what a person sets for it, which is journalled and holds at once and in every later life."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, ClassVar

from tlray.cluster.limiters import Limiters
from tlray.cluster.ports import Reader
from tlray.cluster.state import CoordinatorState
from tlray.core.domains import DomainState
from tlray.core.policy import DomainPolicy, Manners
from tlray.io.journal_domains import ListedDomain, domains_page, set_by_hand


class Domains:
    """The desk's part for domains."""

    ASKS: ClassVar = frozenset({"domains", "domain"})
    CHANGES: ClassVar = frozenset({"set_domain"})

    def __init__(self, state: CoordinatorState, limiters: Limiters, reading: Reader) -> None:
        self._state = state
        self._limiters = limiters
        self._reading = reading

    async def domains(
        self, *, owner: str | None, after: str, limit: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return domains by name: those at which an owner has items, or all."""
        rows = await self._reading.ask(domains_page, owner=owner, after=after, limit=limit)
        told = [self._told(row, owner) for row in rows]
        return told, rows[-1].name if len(rows) == limit else None

    async def domain(self, name: str, *, owner: str | None) -> dict[str, Any] | None:
        """Return one domain; None where it is not known."""
        rows = await self._reading.ask(domains_page, owner=owner, after="", limit=1, name=name)
        return self._told(rows[0], owner) if rows else None

    async def set_domain(self, name: str, changes: dict[str, object]) -> dict[str, Any]:
        """Set something for a domain, for all batches."""
        state, engine = self._state, self._state.engine
        was = engine.treatment.by_hand.get(name)
        setting = await state.write(state.journal.run, partial(set_by_hand, name=name, changes=changes))
        concerned = engine.treatment.set_by_hand(name, setting)
        state.renew_stops()
        for batch in {book.id for one in concerned for book in engine.presence.at(one)}:
            state.announce(batch)
        await self._limiters.update(concerned)
        if (was is not None and was.is_paused) != setting.is_paused:
            await self._limiters.spread_stops()
        state.wake.set()
        told = await self.domain(name, owner=None)
        return told or {}

    def _n_open(self, name: str, owner: str | None) -> int:
        """Return the open items of a domain: of all batches, or of an owner's."""
        here = self._state.engine.presence.at(name)
        return sum(book.open_by_domain.get(name, 0) for book in here if owner in (None, book.owner))

    def _told(self, row: ListedDomain, owner: str | None) -> dict[str, Any]:
        now, wall = self._state.now(), self._state.wall()
        state = self._state.engine.domains.get(row.name)
        cool_until, reason = row.cool_until, row.cool_reason
        if state is None:
            state = DomainState(
                row.name,
                Manners().policy(row.name),
                self._state.engine.treatment.by_hand_of(row.name),
                crawl_delay_s=row.crawl_delay_s,
            )
        elif state.is_cooling(now):
            cool_until, reason = wall + state.cool_until - now, state.cool_reason
        is_cooling = cool_until is not None and cool_until > wall
        ceiling = state.ceiling
        return {
            "domain": row.name,
            "paused": state.by_hand.is_paused,
            "max_rate": _rate(ceiling),
            "rate": _rate(state.effective),
            "concurrency": ceiling.concurrency,
            "set": {"max_rate": row.by_hand.rate, "concurrency": row.by_hand.concurrency},
            "crawl_delay_s": state.crawl_delay_s,
            "robots_at": row.robots_at,
            "open": self._n_open(row.name, owner),
            "in_flight": state.n_leased,
            "cooling_until": round(cool_until, 1) if is_cooling and cool_until is not None else None,
            "reason": state.parked or (reason if is_cooling else None),
            "blocks_in_a_row": max(row.n_blocks, state.n_blocks),
            "last_fetch_at": row.last_fetch_at,
        }


def _rate(policy: DomainPolicy) -> float | None:
    return None if math.isinf(policy.rate) else policy.rate
