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
OTHER_LIFE_S: Final = 30.0
"""A snapshot of a later version that is no older belongs to a living coordinator, and this one was taken over from; an older one
to a home whose journal was restored from a copy."""
_STORED: Final = "stored"
_WRITE: Final = f"""
local version, at, owner, state, snapshot = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local since, items, is_complete, is_news, expires = ARGV[6], ARGV[7], ARGV[8], ARGV[9] == '1', ARGV[10] == '1'
local known = redis.call('HMGET', KEYS[1], 'version', 'at')
if tonumber(known[1] or '0') > tonumber(version) then
    if tonumber(at) - tonumber(known[2] or '0') < {OTHER_LIFE_S} then return 'behind' end
    redis.call('DEL', KEYS[2])
end
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local last_version = last and tonumber(string.match(last[1], '^%d+')) or 0
if last_version > tonumber(version) then redis.call('DEL', KEYS[2]) end
is_news = is_news and last_version ~= tonumber(version)
if is_news then
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', {MAX_ENTRIES}, version .. '-0',
        'since', since, 'items', items, 'items_complete', is_complete)
end
redis.call('HSET', KEYS[1], 'snapshot', snapshot, 'version', version, 'state', state, 'owner', owner, 'at', at)
if expires then
    redis.call('SET', KEYS[3], owner, 'EX', {SNAPSHOT_TTL_S})
    redis.call('EXPIRE', KEYS[1], {SNAPSHOT_TTL_S})
    redis.call('EXPIRE', KEYS[2], {CHANGES_TTL_S})
end
if is_news then
    redis.call('PUBLISH', KEYS[1], string.sub(snapshot, 1, -2) .. ',"since":' .. since .. ',"items":' .. items
        .. ',"items_complete":' .. is_complete .. '}}')
end
return 'stored'
"""
"""All of one update or nothing of it; an update whose answer was lost is stored once."""


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
        for update in updates:
            self._add(pipe, update, now)
        try:
            answers = await pipe.execute(raise_on_error=False)
        except TRANSLATED as error:
            self._lost(error)
            return set()
        if errors := [answer for answer in answers if isinstance(answer, Exception)]:
            self._lost(errors[0])
        return {
            update.message["batch_id"]
            for update, answer in zip(updates, answers, strict=True)
            if answer == _STORED
        }

    def _add(self, pipe: Pipeline, update: ProgressUpdate, now: float) -> None:
        message, keys = update.message, self._link.keys
        batch_id = message["batch_id"]
        snapshot = {name: value for name, value in message.items() if name not in ("items", "items_complete")}
        expires = update.is_last or now - self._expires.get(batch_id, -EXPIRE_EVERY_S) >= EXPIRE_EVERY_S
        if expires:
            self._note_expiry(batch_id, now, is_last=update.is_last)
        pipe.eval(
            _WRITE, 3,
            keys.batch(update.owner, batch_id), keys.changes(update.owner, batch_id), keys.owner(batch_id),
            message["version"], update.at, update.owner, message["state"], _dumps(snapshot),
            update.since, _dumps(message["items"]), "true" if message["items_complete"] else "false",
            int(update.is_news), int(expires),
        )  # fmt: skip

    def _note_expiry(self, batch_id: str, now: float, *, is_last: bool) -> None:
        self._expires.pop(batch_id, None)
        if not is_last:
            self._expires[batch_id] = now
            if len(self._expires) > MAX_EXPIRING:
                del self._expires[next(iter(self._expires))]

    def _lost(self, error: BaseException) -> None:
        self._expires.clear()  # it may come back empty
        self._link.failed(error)

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
