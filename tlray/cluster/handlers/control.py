"""Whose is a batch, and may it be paused, resumed, cancelled, retried now? Two actions at once are a conflict, told as one."""

from __future__ import annotations

import logging
from typing import ClassVar

from tlray.cluster.coordinator.batches import Batches
from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.coordinator.submission import Receiving
from tlray.cluster.ports.coordinator import Reader
from tlray.core.model.lifecycle import BatchState
from tlray.core.model.progress import Retried, Snapshot
from tlray.errors import Conflict, TlrayError
from tlray.io.journal.rows import BatchRow

logger = logging.getLogger(__name__)


class Control:
    """The desk's part for single batches."""

    ASKS: ClassVar = frozenset({"owner"})
    CHANGES: ClassVar = frozenset({"control", "retry", "wake_sleeping"})

    def __init__(
        self, state: CoordinatorState, batches: Batches, receiving: Receiving, reading: Reader
    ) -> None:
        self._state = state
        self._batches = batches
        self._receiving = receiving
        self._reading = reading

    async def owner(self, batch_id: str) -> str:
        """Return whose a batch is; `NoSuchBatch` if there is none."""
        return (await self._row(batch_id)).owner

    async def control(self, batch_id: str, action: str) -> Snapshot:
        """Pause, resume or cancel a batch; `Conflict` where that does not go with its state."""
        row = await self._row(batch_id)
        if row.state is BatchState.RECEIVING and action == "cancel":
            told = await self._batches.status(batch_id)
            if await self._receiving.abandon(batch_id):
                counts = dict.fromkeys(told["counts"], 0) | {"cancelled": told["total"]}
                return {**told, "state": BatchState.CANCELLED.value, "counts": counts}
            row = await self._row(batch_id)  # it was made real just now
        if row.state is BatchState.RECEIVING:
            raise Conflict(f"batch {batch_id} is still being received; commit it first")
        if action == "resume":
            return await self._batches.resume(batch_id, is_strict=True)
        return await (self._batches.pause if action == "pause" else self._batches.cancel)(batch_id)

    async def retry(self, batch_id: str, *, item_ids: list[int] | None, reason: str | None) -> Retried:
        """Queue dead letters again: those named, those with a reason, or all; ``n_retried`` says how many."""
        row = await self._row(batch_id)
        if row.state is BatchState.RECEIVING:
            raise Conflict(f"batch {batch_id} is still being received; commit it first")
        return await self._batches.retry(batch_id, item_ids=item_ids, reason=reason)

    async def wake_sleeping(self) -> int:
        """Go on with every batch that sleeps since an earlier coordinator died; return how many."""
        journal = self._state.journal
        n = 0
        for batch_id, sleeps in await self._state.write(journal.open_batches):
            if sleeps:
                try:
                    await self._batches.wake(batch_id)
                except TlrayError as error:  # the others go on
                    logger.error("batch does not wake batch=%s why=%s", batch_id, error)  # noqa: TRY400 - it says all
                else:
                    n += 1
        return n

    async def _row(self, batch_id: str) -> BatchRow:
        return await self._reading.ask(lambda journal: journal.batch(batch_id))
