"""The Ray task that works one lease off. What it needs (aiohttp, Arrow, the parsers) is loaded by the worker alone."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import ray

from tlray.cluster.limiter import FoundLimiters
from tlray.cluster.terms import ScrapeTerms
from tlray.errors import HomeUnusable
from tlray.io.allocator import keep_freed_memory
from tlray.io.home import Home


def scrape_lease(lease_id: str, terms: ScrapeTerms, coordinator: Any) -> int:
    """Work one lease off and return the number of items done; `HomeUnusable` where this node sees other storage."""
    from tlray.cluster.scrape import ScrapeTask  # noqa: PLC0415
    from tlray.io.node_gauge import NodeGauge  # noqa: PLC0415

    keep_freed_memory()
    if Home(Path(terms.home)).id != terms.home_id:
        raise HomeUnusable(terms.home, "this node does not see the storage that the coordinator uses")

    async def run() -> int:
        gauge = NodeGauge(ray.get_runtime_context().get_node_id(), now=time.monotonic())
        return await ScrapeTask(lease_id, terms, coordinator, FoundLimiters(terms.home_id), gauge).run()

    return asyncio.run(run())
