"""May more items be taken in? A bound on what is journalled but unfinished, in all and for each owner.

Counted are the items of batches that are being received, that run, that are paused and that sleep. The count of a batch in
memory is its books' (`Standing`); of the others it is kept here. A list that has no room now may wait for it, as long
as something is on its way to be finished; of lists that only wait for each other the youngest gives up. Moments are monotonic
seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

ABANDONED_AFTER_S = 3_600.0
"""A list whose sender was not heard of for so long may make room for others."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many items may be open."""

    in_all: int = 5_000_000
    per_owner: int = 2_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """A batch in memory."""

    owner: str
    n_open: int
    is_running: bool
    left_s: Callable[[], float | None] = lambda: None
    """When it will be done; asked only where somebody has to wait."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why items are not taken in now."""

    is_per_owner: bool
    bound: int
    n_open: int
    """Of that owner, or in all."""
    retry_after_s: float | None
    """When there may be room; None where nobody can say."""
    can_wait: bool
    """Whether room comes by itself."""


@dataclass(slots=True)
class _Aside:
    """A batch that is not in memory."""

    owner: str
    n_open: int
    is_receiving: bool
    heard_at: float
    began: int
    is_waiting: bool = False


class Backlog:
    """All items that are not final."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._aside: dict[str, _Aside] = {}
        self._n_begun = 0

    def keep(
        self, batch_id: str, owner: str, *, n_open: int = 0, is_receiving: bool = True, now: float
    ) -> None:
        """Count a batch that is being received, or that sleeps; one that is known stays as it is."""
        self._n_begun += 1
        self._aside.setdefault(batch_id, _Aside(owner, n_open, is_receiving, now, self._n_begun))

    def is_receiving(self, batch_id: str) -> bool:
        """Whether a batch is known as one that is being received."""
        aside = self._aside.get(batch_id)
        return aside is not None and aside.is_receiving

    @property
    def is_any_receiving(self) -> bool:
        """True while a list is being received."""
        return any(aside.is_receiving for aside in self._aside.values())

    def forget(self, batch_id: str) -> None:
        """Take in that a batch is in memory from now on, or is no more."""
        self._aside.pop(batch_id, None)

    def reserve(self, batch_id: str, n: int, live: Sequence[Standing], *, now: float) -> Refusal | None:
        """Count ``n`` more items of a batch that is being received; where they have no room, return why, and
        count nothing.

        Of what makes a list longer than a bound nothing is refused here: it may be duplicates; see `is_too_long`.
        """
        own = self._aside[batch_id]
        own.heard_at = now
        for is_per_owner, bound in ((True, self.bounds.per_owner), (False, self.bounds.in_all)):
            n_open = self._n_open(own.owner if is_per_owner else None, live)
            n_over = n_open + min(n, max(0, bound - own.n_open)) - bound
            if n_over > 0:
                own.is_waiting = True
                counted = [s for s in live if s.is_running and (not is_per_owner or s.owner == own.owner)]
                retry_after_s = _room_in_s(n_over, counted)
                return Refusal(
                    is_per_owner, bound, n_open, retry_after_s, self._can_wait(own, counted, is_per_owner)
                )
        own.is_waiting = False
        own.n_open += n
        return None

    def give_back(self, batch_id: str, n: int) -> None:
        """Count ``n`` items less: they were duplicates, or nothing came of them."""
        if (own := self._aside.get(batch_id)) is not None:
            own.n_open -= n

    def is_too_long(self, batch_id: str, *, less: int = 0) -> Refusal | None:
        """Return why a list can never have room, however empty all is; None if it can. ``less`` of its items are none."""
        own = self._aside[batch_id]
        for is_per_owner, bound in ((True, self.bounds.per_owner), (False, self.bounds.in_all)):
            if own.n_open - less > bound:
                return Refusal(is_per_owner, bound, own.n_open, None, can_wait=False)
        return None

    def abandoned(self, now: float) -> list[str]:
        """Return the lists whose senders are gone."""
        return [
            batch_id
            for batch_id, aside in self._aside.items()
            if aside.is_receiving and now - aside.heard_at > ABANDONED_AFTER_S
        ]

    def _n_open(self, owner: str | None, live: Iterable[Standing]) -> int:
        every: list[Standing | _Aside] = [*live, *self._aside.values()]
        return sum(batch.n_open for batch in every if owner in (None, batch.owner))

    def _can_wait(self, own: _Aside, running: Iterable[Standing], is_per_owner: bool) -> bool:
        if any(standing.n_open for standing in running):
            return True
        others = [
            aside
            for aside in self._aside.values()
            if aside is not own
            and aside.is_receiving
            and aside.n_open
            and (not is_per_owner or aside.owner == own.owner)
        ]
        return any(not other.is_waiting or other.began > own.began for other in others)


def _room_in_s(n: int, running: Sequence[Standing]) -> float | None:
    """Return when ``n`` items will have become final, at the pace that the batches' ends tell of."""
    if sum(standing.n_open for standing in running) < n:
        return None
    left = [(standing.n_open, left_s) for standing in running if (left_s := standing.left_s())]
    per_s = sum(n_open / left_s for n_open, left_s in left if math.isfinite(left_s))
    return n / per_s if per_s else None
