"""Live progress in Redis: written by the coordinator, read by replicas of the service and by other programs.

A batch has a hash with its newest snapshot, a stream with the items that changed, and a channel on which each message is
published. The version of a message is its sequence number, and ``since`` is the version of the message before it: a subscriber
that has missed some sees it, and reads them from the stream (docs/redis.md).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from redis.asyncio.client import Pipeline
from redis.exceptions import OutOfMemoryError, ResponseError

from tlray.core.model.printable import in_json
from tlray.core.model.progress import ProgressMessage, ProgressUpdate
from tlray.io.redis.link import TRANSLATED, Link

SNAPSHOT_TTL_S: Final = 86_400
CHANGES_TTL_S: Final = 3_600
"""Changes are for subscribers that come back; nobody comes back later than this."""
EXPIRE_EVERY_S: Final = 60.0
MAX_ENTRIES: Final = 1_000
"""Messages in the stream of a batch, about."""
MAX_EXPIRING: Final = 10_000
_BEHIND: Final = "equal or smaller"
"""Of XADD: the stream has a later version, of a home whose journal was restored from a copy."""


class RedisProgress:
    """The coordinator's side; a `tlray.cluster.ports.coordinator.ProgressSink`."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._expires: dict[str, float] = {}
        """Batch → when its time to live was set last."""

    @property
    def is_ready(self) -> bool:
        """True while writing makes sense."""
        return self._link.is_up

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        await self._link.run()

    async def write(self, updates: Sequence[ProgressUpdate], *, now: float) -> set[str]:
        """Store and publish updates, one of a batch at most; return the batches that are stored. The others are to be sent
        again, with what changed meanwhile."""
        pipe = self._link.client.pipeline(transaction=False)
        counts = [self._add(pipe, update, now) for update in updates]
        try:
            answers = iter(await pipe.execute(raise_on_error=False))
        except TRANSLATED as error:
            self._lost(error)
            return set()
        stored = set()
        for update, n in zip(updates, counts, strict=True):
            batch_id = update.message["batch_id"]
            errors = [
                answer for _, answer in zip(range(n), answers, strict=False) if isinstance(answer, Exception)
            ]
            if not errors:
                stored.add(batch_id)
            elif any(isinstance(error, ResponseError) and _BEHIND in str(error) for error in errors):
                if await self._has_entry(update):
                    stored.add(batch_id)
            else:
                full = next((error for error in errors if isinstance(error, OutOfMemoryError)), errors[0])
                self._lost(full)
        return stored

    def _add(self, pipe: Pipeline, update: ProgressUpdate, now: float) -> int:
        """Add the commands of an update; return their number."""
        message, keys = update.message, self._link.keys
        batch_id, version = message["batch_id"], message["version"]
        key, changes = keys.batch(update.owner, batch_id), keys.changes(update.owner, batch_id)
        snapshot = {name: value for name, value in message.items() if name not in ("items", "items_complete")}
        body, items = _dumps(snapshot), _dumps(message["items"])
        is_complete = "true" if message["items_complete"] else "false"
        before = len(pipe.command_stack)
        if update.is_news:  # before the snapshot: who has read that finds its changes
            entry: dict[Any, Any] = {"since": update.since, "items": items, "items_complete": is_complete}
            pipe.xadd(changes, entry, id=f"{version}-0", maxlen=MAX_ENTRIES, approximate=True)
        pipe.hset(
            key,
            mapping={
                "snapshot": body, "version": version, "state": message["state"], "owner": update.owner, "at": update.at,
            },
        )  # fmt: skip
        if update.is_last or now - self._expires.get(batch_id, -EXPIRE_EVERY_S) >= EXPIRE_EVERY_S:
            self._note_expiry(batch_id, now, is_last=update.is_last)
            pipe.set(keys.owner(batch_id), update.owner, ex=SNAPSHOT_TTL_S)
            pipe.expire(key, SNAPSHOT_TTL_S)
            pipe.expire(changes, CHANGES_TTL_S)
        if update.is_news:
            pipe.publish(
                key, f'{body[:-1]},"since":{update.since},"items":{items},"items_complete":{is_complete}}}'
            )
        return len(pipe.command_stack) - before

    def _note_expiry(self, batch_id: str, now: float, *, is_last: bool) -> None:
        self._expires.pop(batch_id, None)
        if not is_last:
            self._expires[batch_id] = now
            if len(self._expires) > MAX_EXPIRING:
                del self._expires[next(iter(self._expires))]

    def _lost(self, error: BaseException) -> None:
        self._expires.clear()  # it may come back empty
        self._link.failed(error)

    async def _has_entry(self, update: ProgressUpdate) -> bool:
        """True if the stream has this very entry, of a call whose answer was lost; a stream of later versions is dropped."""
        client, key = self._link.client, self._link.keys.changes(update.owner, update.message["batch_id"])
        try:
            last = await client.xrevrange(key, count=1)
            if last and last[0][0] == f"{update.message['version']}-0":
                return True
            await client.delete(key)
        except TRANSLATED as error:
            self._lost(error)
        return False

    async def close(self) -> None:
        """Close the connection."""
        await self._link.close()


@dataclass(frozen=True, slots=True)
class StoredProgress:
    """What Redis knows of a batch."""

    message: ProgressMessage
    """Without items."""
    at: float
    """When the coordinator wrote it; epoch seconds."""


class ProgressReader:
    """The service's side. Every method returns None while Redis is away."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def owner(self, batch_id: str) -> str | None:
        """Return the owner of a batch."""
        return cast("str | None", await self._ask("get", self._link.keys.owner(batch_id)))

    async def stored(self, owner: str, batch_id: str) -> StoredProgress | None:
        """Return the newest snapshot of a batch."""
        found = await self._ask("hmget", self._link.keys.batch(owner, batch_id), "snapshot", "at")
        if found is None or None in found:
            return None
        try:
            message = {**json.loads(found[0]), "items": [], "items_complete": False}
            return StoredProgress(cast(ProgressMessage, message), float(found[1]))
        except (ValueError, TypeError):  # another program has written there
            return None

    async def _ask(self, method: str, *args: str) -> Any:
        if not self._link.is_up:
            return None
        try:
            return await getattr(self._link.client, method)(*args)
        except TRANSLATED as error:
            self._link.failed(error)
            return None


def _dumps(value: object) -> str:
    return in_json(json.dumps(value, separators=(",", ":")))
