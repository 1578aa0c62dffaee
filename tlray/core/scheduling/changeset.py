"""A changeset: the consequences of a report, before any of them is applied.

`decide` makes it without a change to the engine; the journal writes it in one transaction; then the engine applies it. A crash
between two of these loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tlray.core.model.discovery import PageFound
from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.lease import PartRecord

LOST: Final = "lost"
"""The kind of an attempt whose worker died."""


@dataclass(slots=True)
class ItemChange:
    """One item's transition. Nothing changes it later; a frozen class would cost three times as much to make."""

    item: FrontierItem
    before: ItemState
    after: ItemState
    event: ItemEvent
    attempt: int
    """The attempt that comes next (or was the last)."""
    n_lost: int
    n_hops: int
    url: str
    domain: str
    from_public: bool = False
    is_suspect: bool = False
    """True if it was being read when its worker died."""
    due: float | None = None
    """The moment until which it waits; monotonic."""
    snoozed_since: float | None = None
    reason: str | None = None
    outcome: Outcome | None = None
    """Its outcome; None if its lease was lost."""
    stem: str | None = None
    """The part that has its rows or its page."""

    @property
    def attempted(self) -> str | None:
        """The kind of the attempt that ends with it; None if none had begun. Ask before it is applied."""
        if self.outcome is None:
            return LOST if self.n_lost > self.item.n_lost else None
        return None if self.outcome.kind is OutcomeKind.NOT_BEGUN else self.outcome.kind


@dataclass(frozen=True, slots=True)
class DomainChange:
    """A domain's cool-down."""

    domain: str
    until: float
    """Monotonic."""
    reason: str
    n_blocks: int = 0
    """Blocks in a row, this one included."""
    prolongs: bool = False
    """True if the domain rests already: what was in flight tells of the same rest."""


@dataclass(frozen=True, slots=True)
class LaneDeath:
    """The end of a lane: its items cannot be fetched."""

    batch: int
    domain: str
    reason: str


@dataclass(slots=True)
class Changeset:
    """The consequences of one report, of one lost lease, or (``lease_id`` is "") of the passing of time."""

    lease_id: str
    changes: list[ItemChange] = field(default_factory=list)
    parts: tuple[PartRecord, ...] = ()
    cool_downs: list[DomainChange] = field(default_factory=list)
    """At most one a domain."""
    robots: tuple[RobotsAnswer, ...] = ()
    """The answers to requests for robots.txt."""
    deaths: list[LaneDeath] = field(default_factory=list)
    """Lanes that end with it, after its other changes."""
    turns: list[DomainChange] = field(default_factory=list)
    """Domains whose next turn is far off, at most one entry each. They are not journalled: they follow from the rate."""
    found: list[PageFound] = field(default_factory=list)
    """What pages list, which the journal adds to their batches."""

    @property
    def is_stored(self) -> bool:
        """True if it has anything for the journal."""
        return bool(self.changes or self.parts or self.cool_downs or self.robots or self.deaths)
