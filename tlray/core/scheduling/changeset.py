"""What follows from a report, before anything is done about it.

The engine decides a `Verdict` without changing itself; the journal writes it in one transaction; then the
engine takes it in. A crash between any two of these loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import Outcome
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.lease import PartNote


@dataclass(slots=True)
class ItemChange:
    """One item's move. Nothing changes it once it is made; frozen, it would cost three times as much to make."""

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
    """Whether it was being read when its worker died."""
    due: float | None = None
    """Until when it waits; monotonic."""
    snoozed_since: float | None = None
    reason: str | None = None
    outcome: Outcome | None = None
    """What came of it; None where the lease was lost."""
    stem: str | None = None
    """The part that has its rows or its page."""


@dataclass(frozen=True, slots=True)
class DomainChange:
    """A domain's cool-down."""

    domain: str
    until: float
    """Monotonic."""
    reason: str
    n_blocks: int = 0
    """Blocks in a row, with this one if it is one."""


@dataclass(frozen=True, slots=True)
class LaneDeath:
    """A batch's queued items of a domain that cannot be fetched at all."""

    batch: int
    domain: str
    reason: str


@dataclass(slots=True)
class Verdict:
    """Everything that follows from one report, from one lost lease, or (``lease_id`` is "") from the passing of time."""

    lease_id: str
    changes: list[ItemChange] = field(default_factory=list)
    parts: tuple[PartNote, ...] = ()
    cool_downs: list[DomainChange] = field(default_factory=list)
    """At most one a domain."""
    robots: tuple[RobotsAnswer, ...] = ()
    """What the lease found as robots.txt."""
    deaths: list[LaneDeath] = field(default_factory=list)
    """Lanes that end with it, after its changes."""
    turns: list[DomainChange] = field(default_factory=list)
    """Domains whose next turn is far off, at most once each. They are not written down: it depends on the rate, and the next life
    finds it out anew."""
