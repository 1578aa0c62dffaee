"""Processes that can be killed at any moment.

A `Life` stands for one process. Whatever runs in it is labelled, so that a kill stops all of it at once. What a killed
process still does (the ``finally`` of a coroutine) reaches nobody: every port passes `Life.reach`, and from there a dead life
never returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

from .loop import VirtualLoop

T = TypeVar("T")
_LIFE: ContextVar[Life | None] = ContextVar("life", default=None)


class Life:
    """One process."""

    def __init__(self, loop: VirtualLoop, name: str) -> None:
        self.loop, self.name = loop, name
        self.is_dead = False
        self.died: asyncio.Future[None] = loop.create_future()
        self._tasks: dict[asyncio.Task[Any], None] = {}
        """Those that run, in the order of their starts."""

    def __repr__(self) -> str:
        return f"<Life {self.name}{', dead' if self.is_dead else ''}>"

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine in this process."""
        context = copy_context()
        context.run(_LIFE.set, self)
        return self.loop.create_task(work, context=context)

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        if not self.is_dead:
            self.is_dead = True
            if not self.died.done():
                self.died.set_result(None)
            for task in list(self._tasks):
                task.cancel()

    async def reach(self) -> None:
        """Return while the process lives; never in a dead one."""
        if self.is_dead:
            await self.loop.create_future()

    def label(self, task: asyncio.Task[Any]) -> None:
        """Count a task as running in this process."""
        self._tasks[task] = None
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)


def label_tasks(loop: VirtualLoop) -> None:
    """Let every task belong to the life that starts it."""

    def make(loop: Any, work: Any, **more: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **more)
        context = more.get("context")
        life = context.get(_LIFE) if context is not None else _LIFE.get()
        if life is not None:
            life.label(task)
        return task

    loop.set_task_factory(make)
