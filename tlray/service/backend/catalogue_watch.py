"""The catalogue kept up to date while a service runs: every replica looks every few seconds, and one of them reads.

Changes are announced to the coordinator, which notes them for the webhooks of their batches.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from tlray.errors import TlrayError
from tlray.io.catalogue.announcing import announced, pending
from tlray.io.catalogue.catch_up import catch_up
from tlray.service.backend.gateway import Gateway

logger = logging.getLogger(__name__)
EVERY_S: Final = 3.0
AFTER_TROUBLE_S: Final = 15.0
AT_ONCE_S: Final = 10.0


class CatalogueWatch:
    """One replica's part."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def run(self) -> None:
        """Go on until it is cancelled."""
        while True:
            wait_s = EVERY_S
            try:
                await self.step()
            except TlrayError as error:  # the coordinator is away, the disk is full
                logger.warning("catalogue waits why=%s", error)
                wait_s = AFTER_TROUBLE_S
            except Exception:
                logger.exception("catalogue failed")
                wait_s = AFTER_TROUBLE_S
            await asyncio.sleep(wait_s)

    async def step(self) -> None:
        """Read what is missing, and announce what has changed."""
        home = self._gateway.home
        standing = await asyncio.to_thread(catch_up, home, within_s=AT_ONCE_S)
        if standing.n_behind:  # of a catalogue that is made anew, nothing is announced
            return
        announcements, mark = await asyncio.to_thread(pending, home)
        for batch_id, subject, sets in announcements:
            await self._gateway.coordinator.announce_changes(batch_id, subject, sets)
        if announcements:
            await asyncio.to_thread(announced, home, mark)
