"""The end of a coordinator that nobody needs any more, or that an operator ends with ``tlray stop``.

Three ways lead to the same end: *idle* (nothing has happened for ``idle_end_s``), *drain* (lease nothing more, and wait
until every lease has ended) and *now*. None of them changes a batch's state: what was running sleeps in the journal, and
the next coordinator goes on with it. At the end the journal is closed, the home's lock released, the limiters are killed,
and the actor kills itself so that Ray does not start it again. Its tasks end with it; their items are queued again and
blamed for nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum

from tlray.cluster.coordinator.handshake import PROTOCOL, Hello
from tlray.cluster.coordinator.leasing import Leasing
from tlray.cluster.coordinator.limiter_pool import LimiterPool
from tlray.cluster.coordinator.scheduler import Scheduler
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.scheduling.idle_timeout import IdleTimeout
from tlray.errors import CoordinatorEnded, CoordinatorEnding
from tlray.version import __version__

logger = logging.getLogger(__name__)
MOVING = frozenset({BatchState.RUNNING, BatchState.CANCELLING, BatchState.SCHEDULED})
"""States of a batch that something will happen to without anybody's doing."""
TELL_S = 1.0
"""Time for watchers to take the news of the end; they poll twice a second."""
SETTLE_S, NOW_S = 10.0, 1.0
"""Time for what runs beside the loop, such as a merge of parts, to end."""


class EndMode(StrEnum):
    """The ways to end."""

    DRAIN = "drain"
    NOW = "now"
    IF_IDLE = "if-idle"
    """Only if nothing is leased and no batch moves; else nothing happens."""


class Shutdown:
    """One coordinator's end."""

    def __init__(
        self,
        state: CoordinatorState,
        leasing: Leasing,
        limiters: LimiterPool,
        scheduler: Scheduler,
        *,
        n_drivers: Callable[[], int],
        is_receiving: Callable[[], bool] = lambda: False,
        close: Callable[[float], Awaitable[None]],
    ) -> None:
        self._state = state
        self._leasing = leasing
        self._limiters = limiters
        self._scheduler = scheduler
        self._n_drivers = n_drivers
        self._is_receiving = is_receiving
        self._close = close
        self._idleness = IdleTimeout(state.settings.idle_end_s, state.now())
        self._drain_until: float | None = None
        self._end: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        """True if the coordinator is on its way out."""
        return self._drain_until is not None or self._end is not None

    def touch(self) -> None:
        """Take in that somebody called."""
        self._idleness.touch(now=self._state.now())

    def require_open(self) -> None:
        """Take in a call that changes something; `CoordinatorEnding` where it comes too late."""
        if self.has_begun:
            raise CoordinatorEnding(str(self._state.home.path))
        self.touch()

    def hello(self) -> Hello:
        """Return who this is and how busy, in plain words that every version of tlray can read."""
        return {
            "version": __version__,
            "protocol": PROTOCOL,
            "incarnation": self._state.incarnation,
            "is_ending": self.has_begun,
            "is_served": self._scheduler.is_served,
            "n_leased": self._n_leased(),
            "n_moving": self._n_moving(),
            "n_drivers": self._n_drivers(),
            "settings": self._state.settings.shared(),
        }

    async def begin(self, how: EndMode) -> bool:
        """Begin to end; return whether it does. Again it changes nothing, but that *now* cuts a drain short."""
        if how is EndMode.IF_IDLE and (self._n_moving() or self._leasing.n_tasks or self._n_drivers()):
            return self.has_begun
        if how is EndMode.DRAIN and not self.has_begun:
            self._drain_until = self._state.now() + self._longest_fetch_s() + self._state.settings.lease_s
            self._state.is_draining = True
            self._state.renew_stops()
            self._hold_back()
            await self._limiters.spread_stops()
            self._state.wake.set()
        elif how is not EndMode.DRAIN:
            self._finish(how)
        return True

    @property
    def looks_at(self) -> float | None:
        """The moment at which `step` finds the coordinator idle for long enough, if nothing happens; None: it never does."""
        return None if self.has_begun else self._idleness.over_at

    def step(self, now: float) -> None:
        """Go on with a drain, or begin to end when nothing has happened for long enough."""
        if self._drain_until is not None:
            self._hold_back()
            if not self._leasing.n_tasks or now >= self._drain_until:
                self._finish(EndMode.DRAIN)
        elif self._idleness.is_over(is_busy=self._is_busy(), now=now):
            self._finish(EndMode.IF_IDLE)

    def _longest_fetch_s(self) -> float:
        """Return the time limit of the fetch that may take the longest."""
        default_s = self._state.settings.terms.limits.total_timeout_s
        terms = [book.terms for book in self._state.engine.batches.values()]
        return max((default_s if one is None else one.fetch_timeout_s for one in terms), default=default_s)

    def _hold_back(self) -> None:
        """Lease nothing more, and let every task end when what it fetches just now is reported."""
        for batch in list(self._state.engine.batches):
            self._state.engine.pause(batch, is_paused=True)
        self._leasing.end_all()

    def _is_busy(self) -> bool:
        is_served = self._scheduler.is_served or self._n_drivers() > 0
        is_at_work = bool(self._n_moving() or self._leasing.n_tasks or self._is_receiving())
        return is_served or (self._state.trouble is None and is_at_work)

    def _n_moving(self) -> int:
        return sum(1 for book in self._state.engine.batches.values() if book.state in MOVING)

    def _n_leased(self) -> int:
        return sum(book.counts.get(ItemState.LEASED, 0) for book in self._state.engine.batches.values())

    def _finish(self, how: EndMode) -> None:
        if self._end is None:
            logger.info("coordinator ends how=%s home=%s", how, self._state.home.path)
            self._end = asyncio.create_task(self._finish_in_order(how))

    async def _finish_in_order(self, how: EndMode) -> None:
        """Tell who watches, write what is being written, release the home, and leave Ray."""
        if how is not EndMode.IF_IDLE:
            self._state.halt(CoordinatorEnded(str(self._state.home.path)))
            await asyncio.sleep(TELL_S)
        try:
            await self._close(SETTLE_S if how is not EndMode.NOW else NOW_S)
        except Exception:  # it ends in any case, and the journal survives a kill
            logger.exception("coordinator does not end in order")
        await self._state.ports.leave()
