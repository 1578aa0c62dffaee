"""Counts for ``/metrics``: by state, never by URL, batch or user."""

from __future__ import annotations

from tlray.cluster.handlers.handlers import Handlers
from tlray.core.model.receipts import Stats
from tlray.core.scheduling.gauges import gauges


class StatsHandlers(Handlers):
    """Methods for metrics."""

    async def stats(self) -> Stats:
        """Return the counts."""
        by_state = await self._reader.ask(lambda journal: journal.count_batches())
        state = self._state
        now = gauges(state.engine, now=state.now(), wall=state.wall())
        return {
            "batches": by_state,
            "items": dict(now.items),
            "domains": dict(now.domains),
            "queue": dict(now.queue),
            "queue_oldest_s": dict(now.oldest_s),
            "incarnation": state.incarnation,
            "leases": now.leases,
            "items_in_flight": now.in_flight,
            "is_halted": int(state.trouble is not None),
            "redis_up": None if state.ports.progress is None else state.ports.progress.is_ready,
        }
