"""A replica's end: Ray Serve stops or replaces it, and what lasts (event streams, sockets) ends in a way that its client sees.

Ray Serve waits until a replica has answered all requests, and kills it after some seconds; the application is not told of it.
So the replica's own state is looked at, by private names of Ray (2.54 to 2.60); where Ray has them no more a stream is cut as
before, without a last event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")
LOOK_EVERY_S: Final = 0.25
WHY: Final = "the service stops or is replaced; connect again, with the last version that you saw"


class Leaving:
    """Whether this replica is to end."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    @property
    def has_begun(self) -> bool:
        """Whether the replica is to end."""
        return self._begun.is_set()

    def begin(self) -> None:
        """Let everything that lasts end."""
        self._begun.set()

    async def unless_begun(self, waiting: Coroutine[Any, Any, T]) -> T | None:
        """Wait for something; give it up and return None as soon as the replica is to end."""
        tasks = asyncio.create_task(waiting), asyncio.create_task(self._begun.wait())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return tasks[0].result() if tasks[0].done() else None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def watch(self) -> None:
        """Look at the replica until it is to end; return at once where there is none."""
        replica = _replica()
        while replica is not None and not self.has_begun:
            if getattr(replica, "_shutting_down", False):
                self.begin()
            await asyncio.sleep(LOOK_EVERY_S)


def _replica() -> Any:
    """Return Ray Serve's object of this process's replica; None outside of one."""
    import ray  # noqa: PLC0415
    from ray._private import worker  # noqa: PLC0415

    if not ray.is_initialized():
        return None
    actors = getattr(worker.global_worker, "actors", {})
    found = (getattr(actor, "_replica_impl", None) for actor in actors.values())
    return next((replica for replica in found if hasattr(replica, "_shutting_down")), None)
