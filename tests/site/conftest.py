"""The demo site for tests: started on free ports of loopback, gone when the test is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from tlray.demo.server import DemoSites

StartDemo = Callable[..., Awaitable[DemoSites]]


@pytest.fixture
async def start_demo() -> AsyncIterator[StartDemo]:
    """Start demos: ``demo = await start_demo(n_sites=2, n_sets=20, faults="429=0.5")``, see `DemoSites`."""
    async with AsyncExitStack() as stack:

        async def start(**options: object) -> DemoSites:
            return await stack.enter_async_context(DemoSites(**options))  # type: ignore[arg-type]

        yield start


@pytest.fixture
async def demo(start_demo: StartDemo) -> DemoSites:
    """Two sites with twenty sets in all, well behaved."""
    return await start_demo(n_sites=2, n_sets=20)
