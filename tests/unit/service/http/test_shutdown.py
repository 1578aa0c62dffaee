"""What lasts ends with a last word when its replica is to end."""

from __future__ import annotations

import asyncio

import pytest

from tlray.service.http.shutdown import Shutdown

SOON_S = 20.0


async def test_what_is_waited_for_comes_unless_the_replica_is_to_end() -> None:
    shutdown = Shutdown()
    assert await shutdown.unless_begun(asyncio.sleep(0, "news")) == "news"
    waiting = asyncio.create_task(shutdown.unless_begun(asyncio.sleep(600, "news")))
    await asyncio.sleep(0)
    shutdown.begin()
    async with asyncio.timeout(SOON_S):
        assert await waiting is None


async def test_what_goes_wrong_while_it_waits_is_told() -> None:
    async def fails() -> None:
        raise ValueError("no such batch")

    with pytest.raises(ValueError, match="no such batch"):
        await Shutdown().unless_begun(fails())


async def test_outside_of_a_replica_there_is_nothing_to_look_at() -> None:
    shutdown = Shutdown()
    async with asyncio.timeout(SOON_S):
        await shutdown.watch()
    assert not shutdown.has_begun
