"""A coordinator's side of one batch without Ray and without a journal: the real books, watchers and versions, moved on by the
test; in the place of the gateway to a real one."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tlray.cluster.coordinator.batches import Batches
from tlray.cluster.coordinator.leasing import Leasing
from tlray.cluster.coordinator.state import CoordinatorSettings, CoordinatorState
from tlray.cluster.handlers.handlers import Parts
from tlray.cluster.handlers.watch import WatchHandlers
from tlray.cluster.ports.clock import SystemClock
from tlray.cluster.ports.coordinator import CoordinatorPorts
from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.model.progress import ProgressMessage
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import ItemChange
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.snapshot import snapshot
from tlray.errors import NoSuchBatch, TlrayError
from tlray.io.disk.home import Home
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.shutdown import Shutdown

BATCH = "b1"
DOMAIN = "a.test"
_NONE = cast(Any, None)


class LoopClock(SystemClock):
    """The time of the loop that asks, which may be virtual: how busy the machine is decides nothing then."""

    def monotonic(self) -> float:
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:  # a test's own thread
            return super().monotonic()


PORTS = CoordinatorPorts(
    LoopClock(), random.Random(1), _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, die=lambda: None
)
"""Of all that a coordinator works with, only the clock is asked here."""


class Stage:
    """One batch, all of whose items are leased."""

    def __init__(self, n_items: int) -> None:
        engine = Engine()
        self.state = CoordinatorState(
            Home(Path("unused")), cast(CoordinatorSettings, None), engine, cast(SqliteJournal, None), 1, PORTS
        )  # fmt: skip
        self.book = Batch(
            1, BATCH, "", Priority.NORMAL, BatchState.RUNNING, {ItemState.LEASED: n_items},
            open_by_domain={DOMAIN: n_items}, version=self.state.first_version,
        )  # fmt: skip
        engine.open(self.book, {}, now=0.0)
        workers = cast(Leasing, SimpleNamespace(n_working=1, n_waiting=0))
        self.watching = WatchHandlers(Parts(self.state, cast(Batches, self), _NONE, _NONE, workers, _NONE))
        self.n_done = 0
        self.n_polls = self.max_polls = 0
        self.trouble: TlrayError | None = None
        self.shutdown: Shutdown | None = None
        """Of the app that is served with this behind it."""
        self._last: dict[str, Any] | None = None
        self.redis = None

    # -- what the test does ------------------------------------------------------------------------

    def finish(self, n: int) -> None:
        """Let the next items succeed."""
        for number in range(self.n_done + 1, self.n_done + n + 1):
            item = FrontierItem(number, 1, DOMAIN, f"http://{DOMAIN}/{number}", f"f{number}")
            change = ItemChange(
                item, ItemState.LEASED, ItemState.SUCCEEDED, ItemEvent.FETCHED, 1, 0, 0, item.url, DOMAIN
            )
            self.book.log_change(change, now=self.state.now())
        self.n_done += n
        self.book.move(ItemState.LEASED, ItemState.SUCCEEDED, DOMAIN, now=self.state.now(), n=n)
        self.state.announce(1)

    def complete(self) -> None:
        """Bring the batch to its end."""
        self.book.state = BatchState.COMPLETED
        self._last = {**self._snapshot(), "version": self.book.version + 1}
        self.state.announce(1)
        self.state.engine.close(1, now=self.state.now())

    # -- what `WatchHandlers` asks of the batches -------------------------------------------------------

    async def status(self, batch_id: str) -> dict[str, Any]:
        if batch_id != BATCH:
            raise NoSuchBatch(batch_id, "")
        return dict(self._last or self._snapshot())

    def _snapshot(self) -> dict[str, Any]:
        told = snapshot(self.book, {}, now=self.state.now(), wall=self.state.wall())
        return {**told, "trouble": None, "elapsed_s": 0.0}

    # -- what the hub and the routers ask of a gateway ---------------------------------------------

    @property
    def gateway(self) -> Gateway:
        return cast(Gateway, self)

    async def watch(self, batch_id: str, since: int | None, timeout_s: float) -> ProgressMessage:
        await asyncio.sleep(0.001)
        if self.trouble is not None:
            raise self.trouble
        is_poll = timeout_s > 0
        self.n_polls += is_poll
        self.max_polls = max(self.max_polls, self.n_polls)
        try:
            return await self.watching.watch_items(batch_id, since, timeout_s, "test")
        finally:
            self.n_polls -= is_poll

    async def connect(self) -> None: ...

    async def close(self) -> None: ...

    @property
    def coordinator(self) -> Stage:
        return self

    def within(self, timeout_s: float) -> Stage:
        return self

    async def take_notices(self, **given: Any) -> None:
        await asyncio.sleep(60)

    async def requires_token(self) -> bool:
        return False

    token_holders = redeem_tickets = requires_token

    async def see(self, principal: object, batch_id: str) -> None:
        await self.status(batch_id)
