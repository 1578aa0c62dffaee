"""The Ray task that works one lease off. What it needs (aiohttp, Arrow, the parsers) is loaded by the worker alone."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tlray.cluster.workers.config import ScrapeConfig
from tlray.cluster.workers.task_setup import set_up
from tlray.errors import HomeUnusable
from tlray.io.disk.home import Home
from tlray.io.process.event_log import write_log


def scrape_lease(lease_id: str, terms: ScrapeConfig, coordinator: Any) -> int:
    """Work one lease off and return the number of items done; `HomeUnusable` where this node sees other storage."""
    from tlray.cluster.workers.ray_ports import worker_ports  # noqa: PLC0415
    from tlray.cluster.workers.scrape import ScrapeTask  # noqa: PLC0415
    from tlray.io.worker.crash_note import CrashNoteFile  # noqa: PLC0415

    with contextlib.ExitStack() as stack:
        stack.enter_context(set_up())
        write_log(terms.log)
        home = Home(Path(terms.home), terms.storage)
        if home.id != terms.home_id:
            if not home.has_objects:
                raise HomeUnusable(terms.home, "this node does not see the storage that the coordinator uses")
            # the note is then the node's own, and a task that dies here accuses all that it was doing
            home = Home(Path(stack.enter_context(TemporaryDirectory(prefix="tlray-"))))

        async def run() -> int:
            with CrashNoteFile(home, lease_id) as note:
                return await ScrapeTask(lease_id, terms, worker_ports(terms, coordinator, note)).run()

        return asyncio.run(run())
