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
from page_seeds import seed

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
        gateway.desk = Desk(home)
        await gateway.desk.coordinator._open_batches()
        await gateway.desk.coordinator.wake_batches()
        async with inner(running):
            yield
        gateway.desk.close()

    app.router.lifespan_context = lifespan
    return app


if __name__ == "__main__":
    environment.auto_reload = True
    uvicorn.run(app_of(Path(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
