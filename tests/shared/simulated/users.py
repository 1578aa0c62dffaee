"""What users and admins do: they submit, pause, resume, cancel and retry, through the calls that the service makes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tlray.cluster.handlers.coordinator import Coordinator
from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchEvent
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.retry_policy import RetryPolicy
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.submission.lines import Chunk
from tlray.errors import Conflict, StorageFull
from tlray.io.intake.url_list import read_chunks
from tlray.io.journal.rows import BatchOptions

from .course import Course


class Users(Course):
    """Users of the coordinator."""

    def ask(self, question: Callable[[Coordinator], Awaitable[Any]]) -> asyncio.Task[Any]:
        """Make a user's call to the coordinator; it goes on while the loop runs."""
        task = self.loop.create_task(self._asked(question))
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
        return task

    async def _asked(self, question: Callable[[Coordinator], Awaitable[Any]]) -> Any:
        try:
            return await self.coordinator.call(question, caller=None)
        except (Conflict, StorageFull) as error:
            return error
        except Exception as error:  # noqa: BLE001 - a call that fails so is a fault
            self.failures.append(error)
            return error

    def pages(self, domain: str, n: int) -> list[str]:
        """Return URLs of pages that no batch has had."""
        return [f"http://{domain}/{next(self._ids)}" for _ in range(n)]

    def submit(
        self,
        urls: dict[str, int] | list[str],
        *,
        priority: Priority = Priority.NORMAL,
        rate: float | None = None,
        **retry: Any,
    ) -> Batch:
        """Submit a batch, ``urls`` is domain → how many new pages, or the list; return its book in the engine."""
        lines = (
            urls if isinstance(urls, list) else [u for name, n in urls.items() for u in self.pages(name, n)]
        )
        before = set(self.states())
        task = self.submit_lines(lines, priority=priority, rate=rate, **retry)
        self.until(task.done, within_s=120)
        (batch_id,) = set(self.states()) - before
        return self.book(batch_id)

    def book(self, batch_id: str) -> Batch:
        """Return a batch's book in the living engine."""
        return next(book for book in self.engine.batches.values() if book.batch_id == batch_id)

    def submit_lines(
        self,
        lines: list[str],
        *,
        priority: Priority = Priority.NORMAL,
        rate: float | None = None,
        fresh_for_s: float = 0.0,
        not_before_s: float | None = None,
        max_found: int = 0,
        **retry: Any,
    ) -> asyncio.Task[Any]:
        """Submit a list, as the service does."""
        batch_id = f"b{len(self.sizes) + 1}"
        self.sizes[batch_id] = len(lines)
        politeness = PolitenessOptions(rates=dict.fromkeys(self.sites, (rate, 1.0)) if rate else self.rates)
        not_before = None if not_before_s is None else self.loop.wall() + not_before_s
        options = BatchOptions(
            politeness,
            RetryPolicy(**retry),
            keeps_pages=False,
            fresh_for_s=fresh_for_s,
            not_before=not_before,
            terms=BatchConfig(max_found=max_found) if max_found else None,
        )

        async def submit(coordinator: Coordinator) -> Any:
            some = list(read_chunks(lines))
            chunk = Chunk([e for c in some for e in c.entries], [r for c in some for r in c.refused])
            return await coordinator.submit(
                batch_id, name="", priority=int(priority), options=options, owner="", chunk=chunk,
                key=batch_id, digest="",
            )  # fmt: skip

        return self.ask(submit)

    def control(self, book: Batch | str, event: BatchEvent) -> asyncio.Task[Any]:
        """Pause, resume or cancel a batch, as the service does; a conflict is the task's result."""
        batch_id = book if isinstance(book, str) else book.batch_id
        if event is BatchEvent.RESUME:
            self.stopped_at.pop(batch_id, None)
        task = self.ask(lambda c: c.control(batch_id, event))
        task.add_done_callback(lambda done: self._controlled(batch_id, event, done))
        return task

    def _controlled(self, batch_id: str, event: BatchEvent, done: asyncio.Task[Any]) -> None:
        if not done.cancelled():
            found = done.result()
            self.tell(f"{event} of {batch_id}: {found if isinstance(found, Exception) else found['state']}")
        if done.cancelled() or isinstance(done.result(), Exception):
            return
        if event is BatchEvent.RESUME and done.result()["state"] == "cancelling":
            self.failures.append(
                AssertionError(f"resume of {batch_id}, which is being cancelled, is no conflict")
            )
        if event is not BatchEvent.RESUME and done.result()["state"] in ("paused", "cancelling"):
            self.stopped_at.setdefault(batch_id, self.loop.now)

    def set_domain(self, name: str, changes: dict[str, object]) -> asyncio.Task[Any]:
        """Set something for a domain by hand, as an admin does."""
        return self.ask(lambda c: c.set_domain(name, changes))

    def retry(self, book: Batch | str) -> asyncio.Task[Any]:
        """Retry all dead letters of a batch."""
        batch_id = book if isinstance(book, str) else book.batch_id
        return self.ask(lambda c: c.retry(batch_id))

    def retried(self, book: Batch) -> Batch:
        """Retry all dead letters of a batch, and wait until that is done; return its book, which a finished batch has anew."""
        task = self.retry(book)
        self.until(task.done, within_s=120)
        return self.book(book.batch_id)
