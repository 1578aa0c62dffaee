"""Live progress for any number of clients, on one long poll for each batch and replica.

An actor takes a thousand calls at a time, so that clients must not each hold one. A `Channel` polls for one batch and keeps
the newest snapshot and the items that changed lately; a `Feed` is one client's way through it. Nothing is queued: a slow
client gets the newest frame, with all items that changed since its last one.

The poll waits a tick between two answers, and the tick follows the load: a frame costs about a millisecond of the
machine's time for each client (replica and proxy together).

A client may ask for few items a frame, and for a frame at most every so often (`View`): its frames are bounded, so it keeps up
with any number of changes. Clients of one view get their frames at the same moments, and so the same frame.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from tlray.core.model.lifecycle import BatchState
from tlray.core.model.printable import in_json
from tlray.core.model.progress import ItemUpdate, ProgressMessage, Snapshot
from tlray.core.scheduling.change_log import ChangeLog
from tlray.service.backend.gateway import Gateway

POLL_S: Final = 20.0
MIN_TICK_S: Final = 0.04
TICK_PER_CLIENT_S: Final = 0.001
MAX_TICK_S: Final = 2.0
ROUNDS_A_TICK: Final = 2.0
"""A tick is at least so many times what it took until each client had the last frame."""
IDLE_S: Final = 1.0
"""After an answer without news, which came because all is at a standstill, or the coordinator is away."""
BYTES_PER_S: Final = 64_000
"""What one client is sent. Ray Serve's proxy keeps whatever a client does not read, until it finds after 20 to 40 s that
nobody answers its pings; what fits in between is for the most part the kernel's."""
MAX_POLL_S: Final = 1.0
"""A client that wants a frame less often is polled for as often as this: the coordinator tells 500 items at a time."""
FINAL: Final = frozenset(state.value for state in BatchState if state.is_final)


@dataclass(frozen=True, slots=True)
class View:
    """What a client wants of each message."""

    most_items: int | None = None
    """The largest number of items in a frame, the newest ones; None: all that changed."""
    every_s: float = 0.0
    """The time between two frames, at least."""


WHOLE: Final = View()


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a batch's progress."""

    version: int
    text: str
    """JSON."""
    is_last: bool
    """True if the batch has come to its end, and nothing follows."""


def frame_of(told: Mapping[str, Any], view: View = WHOLE) -> Frame:
    """Return a snapshot with its items as a message."""
    items, is_complete = told["items"], told["items_complete"]
    n = told.get("n_changed", len(items) if is_complete else None)
    if view.most_items is not None and len(items) > view.most_items:
        items, is_complete = items[len(items) - view.most_items :], False
    told = {**told, "items": items, "items_complete": is_complete and len(items) == n, "n_changed": n}
    text = in_json(json.dumps(told, separators=(",", ":"), ensure_ascii=False))
    return Frame(told["version"], text, told["state"] in FINAL)


class Channel:
    """The newest of one batch."""

    def __init__(self, gateway: Gateway, batch_id: str, since: int) -> None:
        self._gateway = gateway
        self._batch_id = batch_id
        self.version = since
        self.told: Snapshot | None = None
        self.n_clients = 0
        self.ended = asyncio.Event()
        """Set when the batch has come to its end, or cannot be followed."""
        self._items: ChangeLog[ItemUpdate] = ChangeLog(known_since=since)
        self._frames: dict[tuple[int, int, int | None], Frame] = {}
        """By version, by what its reader had seen, and by the most items."""
        self._ticks: dict[View, tuple[int, Snapshot]] = {}
        """The last tick of each view, and the snapshot of it."""
        self.views: Counter[View] = Counter()
        """The clients' views."""
        self._news = asyncio.Event()
        self._error: Exception | None = None
        self._told_at = 0.0
        self._round_s = 0.0
        # in a context of its own: Ray ends all that a request asked for when its client leaves, and this is for all clients
        self.task = asyncio.create_task(self._follow(), context=Context())

    async def after(self, since: int) -> Snapshot:
        """Return the newest snapshot as soon as its version is above ``since``."""
        if self.told is None and since < self.version:
            return await self._gateway.watch(self._batch_id, since, 0.0)
        while True:
            if self._error is not None:
                raise self._error
            if self.told is not None and self.version > since:
                return self.told
            await self._news.wait()
            self._round_s = max(self._round_s, _now() - self._told_at)

    async def frame(self, since: int, view: View = WHOLE) -> Frame | None:
        """Return the newest frame as soon as its version is above ``since``; None where its reader has missed more than is
        kept here."""
        if self.told is None and since < self.version:
            return None
        told = self._of_tick(await self.after(since), view)
        if told["version"] <= since:  # it came back within a tick
            told = self.told or told
        key = told["version"], since, view.most_items
        frame = self._frames.get(key)
        if frame is None:
            items, n, is_complete = self._items.newest(since, view.most_items)
            if not is_complete:
                return None
            shown = {**told, "items": items, "items_complete": True, "n_changed": n}
            frame = self._frames[key] = frame_of(shown, view)
        return frame

    def _of_tick(self, told: Snapshot, view: View) -> Snapshot:
        """Return the snapshot that all clients of a view get in this tick; the end is told at once."""
        if not view.every_s or told["state"] in FINAL:
            return told
        tick = math.floor(_now() / view.every_s)
        kept = self._ticks.get(view)
        if kept is None or kept[0] != tick:
            kept = self._ticks[view] = tick, told
        return kept[1]

    async def _follow(self) -> None:
        try:
            while self.n_clients and (self.told is None or self.told["state"] not in FINAL):
                told = await self._gateway.watch(self._batch_id, self.version, POLL_S)
                if told["version"] > self.version:
                    self._take_in(told)
                    await self._tick()
                else:
                    await asyncio.sleep(IDLE_S if told["trouble"] or told["last_known"] else 0)
        except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it is
            self._error = error
            self._news.set()
        self.ended.set()

    def _take_in(self, told: ProgressMessage) -> None:
        version = told["version"]
        items, is_complete = told["items"], told["items_complete"]
        if not is_complete:
            self._items.reset(version=version)
        else:
            for item in items:
                self._items.add(int(item["item_id"]), item, version=version)
        self.version, self.told = version, told
        shared = {told["version"] for _, told in self._ticks.values()}
        self._frames = {key: frame for key, frame in self._frames.items() if key[0] in shared}
        self._told_at, self._round_s = _now(), 0.0
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _tick(self) -> None:
        """Wait until the clients have had time to take what there is."""
        least_s = MIN_TICK_S + TICK_PER_CLIENT_S * self.n_clients
        least_s = max(least_s, min(MAX_POLL_S, min((view.every_s for view in self.views), default=0.0)))
        await asyncio.sleep(min(MAX_TICK_S, least_s))
        await asyncio.sleep(min(MAX_TICK_S, ROUNDS_A_TICK * self._round_s) - least_s)


class Feed:
    """One client's way through a batch's progress: ``async with hub.feed(…) as feed``."""

    def __init__(self, hub: Hub, batch_id: str, since: int | None, view: View = WHOLE) -> None:
        self._hub = hub
        self._batch_id = batch_id
        self._since = since
        self._view = view
        self._channel: Channel | None = None
        self._not_before = 0.0
        """When what it was sent last has had its time; monotonic."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._channel is not None:
            self._hub.leave(self._batch_id, self._channel, self._view)

    async def first(self) -> Frame:
        """Return how things stand now, whatever the client has seen; `NoSuchBatch` where there is no such batch."""
        return await self._ask(self._since)

    async def next(self, timeout_s: float) -> Frame | None:
        """Return the next frame; None where there is none within ``timeout_s``."""
        assert self._since is not None, "ask for the first one first"  # noqa: S101
        if self._channel is None:
            self._channel = self._hub.join(self._batch_id, self._since, self._view)
        try:
            async with asyncio.timeout(timeout_s):
                await self._pause(self._channel)
                frame = await self._channel.frame(self._since, self._view)
        except TimeoutError:
            return None
        if frame is None:
            return await self._ask(self._since)
        return self._sent(frame)

    async def _pause(self, channel: Channel) -> None:
        """Leave the client time for what it was sent last; its end is told at once all the same."""
        left_s = self._not_before - _now()
        if left_s > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await channel.ended.wait()

    def _sent(self, frame: Frame) -> Frame:
        self._since = frame.version
        every_s = self._view.every_s
        self._not_before = _now() + len(frame.text) / BYTES_PER_S
        if every_s:  # the next of the moments that all clients of this view have
            self._not_before = (math.floor(self._not_before / every_s) + 1) * every_s
        return frame

    async def _ask(self, since: int | None) -> Frame:
        told = await self._hub.gateway.watch(self._batch_id, since, 0.0)
        return self._sent(frame_of(told, self._view))


def _now() -> float:
    """Return the moment of the loop's clock, which is monotonic."""
    return asyncio.get_running_loop().time()


class Hub:
    """All batches that are being watched through this replica."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._channels: dict[str, Channel] = {}

    def feed(self, batch_id: str, since: int | None, view: View = WHOLE) -> Feed:
        """Return a client's way through a batch's progress; ``since`` is the last version that it saw."""
        return Feed(self, batch_id, since, view)

    async def news(self, batch_id: str, since: int, timeout_s: float) -> Snapshot | None:
        """Return the newest snapshot as soon as its version is above ``since``; None after ``timeout_s``."""
        channel = self.join(batch_id, since)
        try:
            async with asyncio.timeout(timeout_s):
                return await channel.after(since)
        except TimeoutError:
            return None
        finally:
            self.leave(batch_id, channel)

    def join(self, batch_id: str, since: int, view: View = WHOLE) -> Channel:
        """Return the channel of a batch, with one client more."""
        channel = self._channels.get(batch_id)
        if channel is None or channel.task.done():
            channel = self._channels[batch_id] = Channel(self.gateway, batch_id, since)
        channel.n_clients += 1
        channel.views[view] += 1
        return channel

    def leave(self, batch_id: str, channel: Channel, view: View = WHOLE) -> None:
        """Let go of a channel; the last one ends it."""
        channel.n_clients -= 1
        channel.views -= Counter([view])
        if not channel.n_clients:
            channel.task.cancel()
            if self._channels.get(batch_id) is channel:
                del self._channels[batch_id]
