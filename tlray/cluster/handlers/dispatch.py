"""The coordinator's front desk: what the service asks beyond what a command line needs.

A part of the desk is a module of this package with one class: its ``ASKS`` names the methods that only look, its ``CHANGES``
those that change something. Nothing else can be called from outside. Looking is done in threads of the desk's own
(`tlray.cluster.adapters.reading_threads`), changing in the journal's.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar, Protocol

from tlray.cluster.coordinator.batches import Batches
from tlray.cluster.coordinator.limiter_pool import Limiters
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.coordinator.submission import Receiving
from tlray.cluster.handlers.access import Access
from tlray.cluster.handlers.control import Control
from tlray.cluster.handlers.domains import Domains
from tlray.cluster.handlers.events import Events
from tlray.cluster.handlers.listing import Listing
from tlray.cluster.handlers.outbox import Outbox
from tlray.cluster.handlers.scheduler import Clockwork
from tlray.cluster.handlers.schedules import Schedules
from tlray.cluster.handlers.stats import Figures
from tlray.cluster.handlers.submission import Submission
from tlray.cluster.handlers.templates import Templates
from tlray.cluster.handlers.uploads import InPieces
from tlray.errors import InvariantBroken


class Part(Protocol):
    """What the desk wants of its parts."""

    ASKS: ClassVar[frozenset[str]]
    CHANGES: ClassVar[frozenset[str]]


class Desk:
    """All parts of the desk, by question."""

    def __init__(
        self, state: CoordinatorState, batches: Batches, receiving: Receiving, limiters: Limiters
    ) -> None:
        reading = state.ports.reader
        whole = Submission(state, batches, receiving, reading)
        self.clockwork = Clockwork(state, batches, receiving, reading, whole)
        parts: tuple[Part, ...] = (
            whole,
            InPieces(state, receiving, reading, whole),
            Control(state, batches, receiving, reading),
            Access(state, reading),
            Listing(state, reading),
            Domains(state, limiters, reading),
            Figures(state, reading),
            Templates(state, reading),
            Schedules(state, reading, self.clockwork),
            Outbox(state, batches, reading, self.clockwork),
            Events(state, reading),
        )
        self._changes = frozenset().union(*(part.CHANGES for part in parts))
        self._answers: dict[str, Callable[..., Coroutine[Any, Any, Any]]] = {
            name: getattr(part, name) for part in parts for name in part.ASKS | part.CHANGES
        }

    def changes(self, question: str) -> bool:
        """Whether a question changes something."""
        return question in self._changes

    async def answer(self, question: str, given: Mapping[str, Any]) -> Any:
        """Answer a question."""
        if question not in self._answers:
            raise InvariantBroken(f"the desk knows no question {question!r}")
        return await self._answers[question](**given)
