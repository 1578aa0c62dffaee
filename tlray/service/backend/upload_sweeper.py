"""Deletion of uploaded files that nobody needs any more, in the background of a replica."""

from __future__ import annotations

import asyncio
import logging
import time

from tlray.core.model.receipts import UploadRecord
from tlray.errors import TlrayError
from tlray.io.intake.uploads import KEPT_DEAD_S, KEPT_UNKNOWN_S, batches_with_uploads, delete_uploads
from tlray.service.backend.gateway import Gateway

logger = logging.getLogger(__name__)
EVERY_S = 600.0
MAX_ASKED = 1_000


class UploadSweeper:
    """One replica's sweeper. Two at once do no harm."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def run(self) -> None:
        """Sweep now and then until it is cancelled."""
        while True:
            try:
                await self.sweep(now=time.time())
            except TlrayError:  # the coordinator is away
                pass
            except Exception:
                logger.exception("sweep of uploads failed")
            await asyncio.sleep(EVERY_S)

    async def sweep(self, *, now: float) -> list[str]:
        """Delete the files of batches that have read them all, or do not exist; return these batches."""
        home = self._gateway.home
        came_at = dict(await asyncio.to_thread(lambda: list(batches_with_uploads(home))))
        names, deleted = sorted(came_at), []
        for first in range(0, len(names), MAX_ASKED):
            some = names[first : first + MAX_ASKED]
            known = {row["batch_id"]: row for row in await self._gateway.coordinator.uploads(some)}
            for name in some:
                row, age_s = known.get(name), now - came_at[name]
                if not _is_needed(row, age_s):
                    await asyncio.to_thread(delete_uploads, home, name)
                    deleted.append(name)
        return deleted


def _is_needed(row: UploadRecord | None, age_s: float) -> bool:
    if row is None:
        return age_s < KEPT_UNKNOWN_S
    return row["is_open"] or (row["n_dead"] > 0 and age_s < KEPT_DEAD_S)
