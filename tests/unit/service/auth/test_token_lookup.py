"""Tokens and tickets are looked up together; a ticket opens one request, whoever else shows it at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from virtual_time import in_virtual_time

from tlray.errors import CoordinatorLost
from tlray.service.auth.token_lookup import MAX_AT_ONCE, TokenLookup


class Coordinator:
    """Knows one digest, and takes a second for each question."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.is_lost = False

    async def holders(self, digests: Sequence[str]) -> dict[str, Any]:
        self.asked.append(len(digests))
        await asyncio.sleep(1.0)
        if self.is_lost:
            raise CoordinatorLost("gone")
        return {"good": {"user": "ada"}} if "good" in digests else {}


def test_what_comes_while_a_question_is_asked_is_asked_together() -> None:
    async def story() -> None:
        coordinator = Coordinator()
        lookups = TokenLookup(coordinator.holders)
        first = asyncio.create_task(lookups.row("first"))
        await asyncio.sleep(0.5)
        digests = [*(f"wrong {n}" for n in range(MAX_AT_ONCE)), "good", "good"]
        found = await asyncio.gather(first, *map(lookups.row, digests))
        assert found == [None] * (MAX_AT_ONCE + 1) + [{"user": "ada"}] * 2
        assert coordinator.asked == [1, MAX_AT_ONCE, 1]
        assert await lookups.row("good") == {"user": "ada"}

    in_virtual_time(story())


def test_a_ticket_that_two_requests_show_at_once_opens_one() -> None:
    async def story() -> None:
        lookups = TokenLookup(Coordinator().holders, once=True)
        assert await asyncio.gather(lookups.row("good"), lookups.row("good")) == [{"user": "ada"}, None]

    in_virtual_time(story())


def test_a_coordinator_that_is_lost_is_told_to_all_who_wait_and_asked_again_by_the_next() -> None:
    async def story() -> None:
        coordinator = Coordinator()
        coordinator.is_lost = True
        lookups = TokenLookup(coordinator.holders)
        waiting = [asyncio.create_task(lookups.row(digest)) for digest in ("good", "good", "other")]
        await asyncio.sleep(0.5)
        waiting[2].cancel()  # who has left is not missed
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(error) for error in told] == [CoordinatorLost, CoordinatorLost, asyncio.CancelledError]
        coordinator.is_lost = False
        assert await lookups.row("good") == {"user": "ada"}

    in_virtual_time(story())
