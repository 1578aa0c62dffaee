"""Counts for ``/metrics``: by state, never by URL, batch or user."""

from __future__ import annotations

from tlray.cluster.handlers.handlers import Handlers
from tlray.core.model.lifecycle import ItemState
from tlray.core.model.receipts import Stats


class StatsHandlers(Handlers):
    """Methods for metrics."""

    async def stats(self) -> Stats:
        """Return the counts."""
        by_state = await self._reader.ask(lambda journal: journal.count_batches())
        state, engine, now = self._state, self._state.engine, self._state.now()
        books, domains = engine.batches.values(), engine.domains.values()
        return {
            "batches": by_state,
            "items": {one.value: sum(book.counts.get(one, 0) for book in books) for one in ItemState},
            "domains": {
                "cooling": sum(domain.is_cooling(now) for domain in domains),
                "paused": sum(setting.is_paused for setting in engine.registry.overrides.values()),
                "parked": sum(domain.parked is not None for domain in domains),
                "slowed": sum(domain.slow_because is not None for domain in domains),
            },
            "incarnation": state.incarnation,
            "leases": len(engine.leases),
            "items_in_flight": sum(len(lease.items) for lease in engine.leases.values()),
            "is_halted": int(state.trouble is not None),
            "redis_up": None if state.ports.progress is None else state.ports.progress.is_ready,
        }
