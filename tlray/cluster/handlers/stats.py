"""How do things stand, in numbers? What ``/metrics`` shows: counts by state, never a URL, a batch or a user."""

from __future__ import annotations

from typing import Any, ClassVar

from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.ports.coordinator import Reader
from tlray.core.model.lifecycle import ItemState


class Figures:
    """The desk's part for numbers."""

    ASKS: ClassVar = frozenset({"figures"})
    CHANGES: ClassVar = frozenset[str]()

    def __init__(self, state: CoordinatorState, reading: Reader) -> None:
        self._state = state
        self._reading = reading

    async def figures(self) -> dict[str, Any]:
        """Return the counts."""
        by_state = await self._reading.ask(lambda journal: journal.count_batches())
        state, engine, now = self._state, self._state.engine, self._state.now()
        books, domains = engine.books.values(), engine.domains.values()
        return {
            "batches": by_state,
            "items": {one.value: sum(book.counts.get(one, 0) for book in books) for one in ItemState},
            "domains": {
                "cooling": sum(domain.is_cooling(now) for domain in domains),
                "paused": sum(setting.is_paused for setting in engine.treatment.by_hand.values()),
                "parked": sum(domain.parked is not None for domain in domains),
                "slowed": sum(domain.slow_because is not None for domain in domains),
            },
            "incarnation": state.incarnation,
            "leases": len(engine.leases),
            "items_in_flight": sum(len(lease.items) for lease in engine.leases.values()),
            "is_halted": int(state.trouble is not None),
        }
