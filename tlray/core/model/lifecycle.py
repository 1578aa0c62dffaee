"""The states of batches and items, and their transitions: two tables and one `advance`.

Items: a ``queued`` item may be leased now; a ``waiting`` one at a later moment (retry, snooze); ``succeeded``, ``dead``,
``skipped`` and ``cancelled`` are final. Two ways lead out of a final state, both from a dead letter: a person's retry, which is a
new attempt, on record; and `tlray reparse`, where a parser of today reads its archived page.

Batches: a batch is ``receiving`` until its whole list is journalled, and not visible before. It is ``completed`` as soon as no
item is open.

A missing entry raises `BadTransition`, which names the state and the event. ``docs/lifecycle.md`` draws these tables; a test
compares the drawing with them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from tlray.errors import TlrayError


class ItemState(StrEnum):
    """The state of an item."""

    QUEUED = "queued"
    WAITING = "waiting"
    LEASED = "leased"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """True if only a person can change it."""
        return self in _FINAL_ITEMS


class ItemEvent(StrEnum):
    """An event of an item."""

    LEASE = "lease"
    FETCHED = "fetched"
    ANSWERED = "answered"
    """A result of another batch was fresh enough."""
    RETRY = "retry"
    """The attempt failed; another will be made."""
    SNOOZE = "snooze"
    """Put off without spending an attempt."""
    DUE = "due"
    GIVE_BACK = "give-back"
    """Drained, stolen or lost with its worker: the lease ended before the item did."""
    HOP = "hop"
    """Redirected: the next URL is a fetch of its own."""
    EXHAUST = "exhaust"
    """Attempts used up, or a failure that a retry would not change."""
    SKIP = "skip"
    CANCEL = "cancel"
    REVIVE = "revive"
    """A person retries a dead letter."""
    REREAD = "reread"
    """Today's parsers find a set on the archived page of a dead letter."""


class BatchState(StrEnum):
    """The state of a batch."""

    RECEIVING = "receiving"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    COMPLETED = "completed"

    @property
    def is_final(self) -> bool:
        """True if it has no work left."""
        return self in (BatchState.CANCELLED, BatchState.COMPLETED)


class BatchEvent(StrEnum):
    """An event of a batch."""

    COMMIT = "commit"
    """The whole list is journalled."""
    COMMIT_LATER = "commit-later"
    """The same, for a batch that starts later."""
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    EMPTY = "empty"
    """No item is open any more."""
    RETRY = "retry"
    """A person retries dead letters of a finished batch."""


class BadTransition(TlrayError):  # noqa: N818 - named for what is wrong
    """An event without an entry for the state: a bug, or two actions at once."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(state, event)

    def __str__(self) -> str:
        return f"state '{self.args[0]}' does not know event '{self.args[1]}'"


_I, _E = ItemState, ItemEvent
ITEM_TRANSITIONS: Final[dict[tuple[ItemState, ItemEvent], ItemState]] = {
    (_I.QUEUED, _E.LEASE): _I.LEASED,
    (_I.QUEUED, _E.ANSWERED): _I.SUCCEEDED,
    (_I.QUEUED, _E.EXHAUST): _I.DEAD,
    (_I.QUEUED, _E.SNOOZE): _I.WAITING,
    (_I.LEASED, _E.FETCHED): _I.SUCCEEDED,
    (_I.LEASED, _E.ANSWERED): _I.SUCCEEDED,
    (_I.LEASED, _E.RETRY): _I.WAITING,
    (_I.LEASED, _E.SNOOZE): _I.WAITING,
    (_I.LEASED, _E.GIVE_BACK): _I.QUEUED,
    (_I.LEASED, _E.HOP): _I.QUEUED,
    (_I.LEASED, _E.EXHAUST): _I.DEAD,
    (_I.WAITING, _E.DUE): _I.QUEUED,
    (_I.WAITING, _E.ANSWERED): _I.SUCCEEDED,
    (_I.WAITING, _E.EXHAUST): _I.DEAD,
    (_I.DEAD, _E.REVIVE): _I.QUEUED,
    (_I.DEAD, _E.REREAD): _I.SUCCEEDED,
    **{(open_state, _E.SKIP): _I.SKIPPED for open_state in (_I.QUEUED, _I.WAITING, _I.LEASED)},
    **{(open_state, _E.CANCEL): _I.CANCELLED for open_state in (_I.QUEUED, _I.WAITING, _I.LEASED)},
}

_B, _V = BatchState, BatchEvent
BATCH_TRANSITIONS: Final[dict[tuple[BatchState, BatchEvent], BatchState]] = {
    (_B.RECEIVING, _V.COMMIT): _B.RUNNING,
    (_B.RECEIVING, _V.COMMIT_LATER): _B.SCHEDULED,
    (_B.SCHEDULED, _V.START): _B.RUNNING,
    (_B.SCHEDULED, _V.CANCEL): _B.CANCELLING,
    (_B.RUNNING, _V.PAUSE): _B.PAUSED,
    (_B.RUNNING, _V.CANCEL): _B.CANCELLING,
    (_B.RUNNING, _V.EMPTY): _B.COMPLETED,
    (_B.PAUSED, _V.RESUME): _B.RUNNING,
    (_B.PAUSED, _V.CANCEL): _B.CANCELLING,
    (_B.PAUSED, _V.EMPTY): _B.COMPLETED,
    (_B.CANCELLING, _V.EMPTY): _B.CANCELLED,
    (_B.COMPLETED, _V.RETRY): _B.RUNNING,
}

_FINAL_ITEMS = frozenset({_I.SUCCEEDED, _I.DEAD, _I.SKIPPED, _I.CANCELLED})
OPEN_ITEM_STATES: Final = tuple(state for state in ItemState if state not in _FINAL_ITEMS)


def advance(state: ItemState, event: ItemEvent) -> ItemState:
    """Return the state that follows, or raise `BadTransition`."""
    try:
        return ITEM_TRANSITIONS[state, event]
    except KeyError:
        raise BadTransition(state, event) from None


def advance_batch(state: BatchState, event: BatchEvent) -> BatchState:
    """Return the batch's state that follows, or raise `BadTransition`."""
    try:
        return BATCH_TRANSITIONS[state, event]
    except KeyError:
        raise BadTransition(state, event) from None
