"""Live progress for a replica of the service: a subscription for each watched batch, in place of calls to the coordinator.

Only what is complete is told: where messages are missing in the stream, the answer is None, and the coordinator is asked.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from tlray.core.model.progress import ItemUpdate, ProgressMessage
from tlray.io.redis.link import TRANSLATED, Link, client_of

MAX_BATCHES: Final = 200
"""Each has a connection of its own; beyond, the coordinator is asked."""
UNUSED_S: Final = 60.0
MAX_MESSAGES: Final = 500
"""Messages that are taken together."""


@dataclass(slots=True)
class _Subscription:
    key: str
    pubsub: PubSub
    used_at: float
    seen: int = 0
    """The newest version that was taken from it."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class LiveProgress:
    """The subscriptions of one replica."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._client = client_of(link.address, max_connections=MAX_BATCHES + 8)
        self._subscriptions: dict[str, _Subscription] = {}

    async def news(self, owner: str, batch_id: str, since: int, timeout_s: float) -> ProgressMessage | None:
        """Return the newest message of a batch as soon as its version is above ``since``, with all items that changed since; None
        after ``timeout_s``, and where Redis cannot tell."""
        await self._close_unused()
        key = self._link.keys.batch(owner, batch_id)
        known = self._subscriptions.get(key)
        if not self._link.is_up or (known is None and len(self._subscriptions) >= MAX_BATCHES):
            return None
        try:
            if known is None:
                if timeout_s <= 0:  # who only looks once needs no subscription
                    told = await _stored(self._client, key, since)
                    return told if told is not None and told["items_complete"] else None
                known = self._subscriptions[key] = await self._subscribed(key)
            async with known.lock:
                known.used_at = time.monotonic()
                told = await self._next(known, since, time.monotonic() + timeout_s)
                return told if told is not None and told["items_complete"] else None
        except TRANSLATED as error:
            self._link.failed(error)
            await self._close(key)
        except (ValueError, KeyError, TypeError):  # another program has written there
            await self._close(key)
        return None

    async def _subscribed(self, key: str) -> _Subscription:
        pubsub = self._client.pubsub()
        await pubsub.subscribe(key)
        return _Subscription(key, pubsub, time.monotonic())

    async def _next(self, known: _Subscription, since: int, deadline: float) -> ProgressMessage | None:
        is_behind = known.seen > since  # an answer was lost on its way
        while True:
            left_s = 0.0 if is_behind else max(0.0, deadline - time.monotonic())
            messages, is_new = await _taken(known.pubsub, left_s)
            later = [message for message in messages if message["version"] > since]
            told = _joined(later, since) if later else None
            if is_behind or is_new or (later and told is None):
                told = await _stored(self._client, known.key, since)
            if told is not None:
                known.seen = told["version"]
                return told
            if time.monotonic() >= deadline:
                return None
            is_behind = False

    async def _close(self, key: str) -> None:
        known = self._subscriptions.pop(key, None)
        if known is not None:
            with suppress(*TRANSLATED):
                await known.pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _close_unused(self) -> None:
        before = time.monotonic() - UNUSED_S
        for key, known in list(self._subscriptions.items()):
            if known.used_at < before and not known.lock.locked():
                await self._close(key)

    async def close(self) -> None:
        """End all subscriptions."""
        for key in list(self._subscriptions):
            await self._close(key)
        with suppress(*TRANSLATED):
            await self._client.aclose()
            await self._client.connection_pool.disconnect()


async def _taken(pubsub: PubSub, timeout_s: float) -> tuple[list[dict[str, Any]], bool]:
    """Return all messages that are there, at least one within ``timeout_s``, and whether this is a new connection."""
    messages: list[dict[str, Any]] = []
    is_new = False
    while len(messages) < MAX_MESSAGES:
        message = await pubsub.get_message(timeout=0.0 if messages or is_new else timeout_s)
        if message is None:
            break
        if message["type"] == "message":
            messages.append(json.loads(message["data"]))
        else:
            is_new = True
    return messages, is_new


def _joined(messages: list[dict[str, Any]], since: int) -> ProgressMessage | None:
    """Return consecutive messages as one; None if some are missing between ``since`` and the last."""
    seen, items, is_complete = since, _Items(), True
    for message in messages:
        if message["since"] > seen:
            return None
        seen = message["version"]
        items.add(message["items"])
        is_complete = is_complete and message["items_complete"]
    last = {name: value for name, value in messages[-1].items() if name != "since"}
    return cast(ProgressMessage, {**last, "items": items.newest(), "items_complete": is_complete})


async def _stored(client: Redis, key: str, since: int) -> ProgressMessage | None:
    """Return the snapshot, and the items that changed since as far as they are known; None if it is not newer."""
    text = await client.hget(key, "snapshot")
    if text is None:
        return None
    snapshot = json.loads(text)
    if snapshot["version"] <= since:
        return None
    seen, items, is_complete = since, _Items(), True
    entries: list[tuple[str, dict[str, str]]] = await client.xrange(f"{key}:changes", f"({since}-0")  # type: ignore[assignment]
    for name, entry in entries:
        is_complete = is_complete and int(entry["since"]) <= seen and entry["items_complete"] == "true"
        seen = int(name.partition("-")[0])
        items.add(json.loads(entry["items"]))
    is_complete = is_complete and seen >= snapshot["version"]
    return cast(ProgressMessage, {**snapshot, "items": items.newest(), "items_complete": is_complete})


class _Items:
    """Changed items, the newest change of each."""

    def __init__(self) -> None:
        self._items: dict[str, ItemUpdate] = {}

    def add(self, items: list[ItemUpdate]) -> None:
        for item in items:
            self._items.pop(item["item_id"], None)
            self._items[item["item_id"]] = item

    def newest(self) -> list[ItemUpdate]:
        return list(self._items.values())
