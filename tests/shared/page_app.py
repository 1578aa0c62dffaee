"""The page on a real coordinator, without Ray and without scraping: ``python tests/shared/page_app.py PORT HOME``. What looks
need: a service in a second, with batches in every state. Nothing is scraped, so a batch moves only as `seeded` has moved it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from made_desk import Desk
from made_journal import change
from page_seeds import seed
from page_sets import seed_sets

from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset
from tlray.service.app import build_app
from tlray.service.backend.gateway import Gateway
from tlray.service.page.rendering import environment
from tlray.settings import Settings


class DeskGateway(Gateway):
    """The way to a coordinator in this process."""

    desk: Desk

    async def connect(self) -> None: ...

    async def _call(self, timeout_s: float, method: str, *args: Any, **given: Any) -> Any:
        async with asyncio.timeout(timeout_s):
            return await getattr(self.desk.coordinator, method)(*args, **given)


class Work:
    """What scraping would do to the batches of a service, as a test says."""

    def __init__(self, gateway: DeskGateway) -> None:
        self._gateway = gateway
        self.loop: asyncio.AbstractEventLoop | None = None

    def finish(self, batch_id: str, n: int, *, n_dead: int = 0, reason: str = "gone: 404") -> None:
        """Let the next queued items of a batch succeed, some of them die; from any thread."""
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(self._finish(batch_id, n, n_dead, reason), self.loop).result(30)

    def end(self, batch_id: str) -> None:
        """Let a batch end that has nothing open any more; from any thread."""
        assert self.loop is not None
        book = self._gateway.desk.state.book(batch_id)
        assert book is not None
        self.loop.call_soon_threadsafe(self._gateway.desk.batches.finish_soon, book.id)

    async def _finish(self, batch_id: str, n: int, n_dead: int, reason: str) -> None:
        state = self._gateway.desk.state
        book = state.book(batch_id)
        assert book is not None
        now, wall = state.now(), state.wall()
        for domain in list(book.open_by_domain):
            items = state.journal.load_lane(book.id, domain, after_id=0, limit=n)
            state.journal.mark_leased([item.id for item in items])
            changes = []
            for i, item in enumerate(items):
                kind = OutcomeKind.GONE if i < n_dead else OutcomeKind.FETCHED
                event = ItemEvent.EXHAUST if i < n_dead else ItemEvent.FETCHED
                outcome = Outcome(
                    item.id, kind, reason=reason if i < n_dead else None, started_at=wall, latency_s=0.2
                )
                made = change(item, event, reason=outcome.reason, outcome=outcome, stem=f"p{book.id}")
                changes.append(made)
                book.log_change(made, now=now)
                book.move(ItemState.QUEUED, made.after, domain, now=now)
            state.journal.commit(Changeset("L", changes), now=now, wall=wall, node="n")
            n_dead, n = max(0, n_dead - len(items)), n - len(items)
            if n <= 0:
                break
        state.announce(book.id)


def app_of(home: Path, **more: Any) -> FastAPI:
    """Return the app on a home that is made where it is not there."""
    settings = Settings(
        home=home, allow_private_hosts="127.0.0.0/8", contact="mailto:dev@example.org", **more
    )
    gateway = DeskGateway(settings)
    app = build_app(gateway, settings)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[None]:
        is_new = not (home / "state.db").exists()
        if is_new:
            seed(home)
            seed_sets(home)
        gateway.desk = Desk(home)
        await gateway.desk.coordinator._open_batches()
        await gateway.desk.coordinator.wake_batches()
        running.state.work.loop = asyncio.get_running_loop()
        async with inner(running):
            yield
        gateway.desk.close()

    app.router.lifespan_context = lifespan
    app.state.work = Work(gateway)
    return app


if __name__ == "__main__":
    environment.auto_reload = True
    uvicorn.run(app_of(Path(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
