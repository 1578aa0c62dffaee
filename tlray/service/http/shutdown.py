"""The shutdown of a replica, so that streams and sockets end with a last message.

Ray Serve waits some seconds for a replica's requests and then kills it; the application gets no signal. So the replica's state
is polled by private names of Ray (2.54 to 2.60). Without them a stream is cut, without a last event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")
POLL_S: Final = 0.25
WHY: Final = "the service is stopping or being replaced; connect again with the last version that you saw"


class Shutdown:
    """The shutdown of this replica, before and after it begins."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    @property
    def has_begun(self) -> bool:
        """True once the replica is stopping."""
        return self._begun.is_set()

    def begin(self) -> None:
        """End all streams."""
        self._begun.set()

    async def unless_begun(self, waiting: Coroutine[Any, Any, T]) -> T | None:
        """Wait for a result; cancel it and return None when the shutdown begins."""
        tasks = asyncio.create_task(waiting), asyncio.create_task(self._begun.wait())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return tasks[0].result() if tasks[0].done() else None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def watch(self) -> None:
        """Poll the replica until its shutdown; return at once if there is none."""
        replica = _replica()
        while replica is not None and not self.has_begun:
            if getattr(replica, "_shutting_down", False):
                self.begin()
            await asyncio.sleep(POLL_S)


def _replica() -> Any:
    """Return Ray Serve's object of this replica; None outside of one."""
    import ray  # noqa: PLC0415
    from ray._private import worker  # noqa: PLC0415

    if not ray.is_initialized():
        return None
    actors = getattr(worker.global_worker, "actors", {})
    found = (getattr(actor, "_replica_impl", None) for actor in actors.values())
    return next((replica for replica in found if hasattr(replica, "_shutting_down")), None)
