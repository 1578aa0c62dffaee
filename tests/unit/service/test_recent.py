"""Many pages that ask for the same are one question to the coordinator; a failure is not kept."""

from __future__ import annotations

import asyncio

import pytest

from tlray.service.page import recent
from tlray.service.page.recent import Recent


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_many_who_ask_at_once_are_one_question_until_its_time_is_over() -> None:
    clock, n_asked = Clock(), 0
    kept = Recent(clock)

    async def ask() -> int:
        nonlocal n_asked
        n_asked += 1
        await asyncio.sleep(0)
        return n_asked

    assert kept.last("a") is None
    assert await asyncio.gather(*(kept.get("a", ask, for_s=1.0) for _ in range(50))) == [1] * 50
    assert await kept.get("b", ask, for_s=1.0) == 2
    clock.now = 0.99
    assert await kept.get("a", ask, for_s=1.0) == 1
    clock.now = 1.0
    assert await kept.get("a", ask, for_s=1.0) == 3
    assert kept.last("a") == 3


async def test_a_question_that_failed_is_asked_again_and_goes_on_without_whoever_left() -> None:
    kept, is_open = Recent(Clock()), asyncio.Event()

    async def fail() -> int:
        raise ValueError("away")

    async def wait() -> int:
        await is_open.wait()
        return 7

    for _ in range(2):
        with pytest.raises(ValueError, match="away"):
            await kept.get("a", fail, for_s=9.0)
    assert kept.last("a") is None
    first = asyncio.create_task(kept.get("a", wait, for_s=9.0))
    await asyncio.sleep(0)
    first.cancel()
    assert kept.last("a") is None
    is_open.set()
    assert await kept.get("a", fail, for_s=9.0) == 7


async def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MAX_KEPT", 3)
    kept = Recent(Clock())

    async def ask() -> int:
        return 1

    for key in range(5):
        await kept.get(key, ask, for_s=9.0)
    assert [key for key in range(5) if kept.last(key)] == [2, 3, 4]
