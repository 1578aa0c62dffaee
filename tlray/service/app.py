"""The service as an ASGI app: routers, how errors are told, the document of it all. It knows no Ray; the gateway does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from fastapi import APIRouter, FastAPI

from tlray.service.auth.authentication import Access
from tlray.service.auth.stream_limits import StreamLimits
from tlray.service.backend.gateway import Gateway
from tlray.service.backend.live_hub import Hub
from tlray.service.backend.notifier import Postman
from tlray.service.http.head_requests import HeadRequests
from tlray.service.http.problems import add_problem_handlers
from tlray.service.http.request_guard import RequestGuard
from tlray.service.http.request_limits import RequestLimits
from tlray.service.http.shutdown import Shutdown
from tlray.service.openapi.document import document
from tlray.service.routes import (
    batches,
    docs,
    domains,
    exports,
    health,
    lists,
    metrics,
    notifications,
    progress,
    results,
    schedules,
    templates,
    tickets,
    tokens,
    uploads,
)
from tlray.settings import Settings
from tlray.version import __version__

ROUTERS: Final[tuple[APIRouter, ...]] = (
    batches.router,
    uploads.router,
    lists.router,
    results.router,
    exports.router,
    domains.router,
    progress.router,
    schedules.router,
    templates.router,
    notifications.router,
    tickets.router,
    tokens.router,
    health.router,
    metrics.router,
    docs.router,
)


def build_app(gateway: Gateway, settings: Settings) -> FastAPI:
    """Return the app of one replica."""

    shutdown = Shutdown()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await gateway.connect()
        beside = [asyncio.create_task(work) for work in (Postman(gateway, settings).run(), shutdown.watch())]
        yield
        shutdown.begin()
        for task in beside:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await gateway.close()

    app = FastAPI(
        title="tlray",
        version=__version__,
        summary="Catalogue DJ sets by the thousand: batches, progress, results, schedules.",
        lifespan=lifespan,
        redirect_slashes=False,  # a redirect would lose the body of a POST
        docs_url=None,  # `docs_page` has it
        redoc_url=None,
    )
    access = Access(gateway, settings)
    app.state.gateway, app.state.settings, app.state.hub = gateway, settings, Hub(gateway)
    app.state.access, app.state.streams = access, StreamLimits(shutdown=shutdown)
    app.add_middleware(HeadRequests)
    app.add_middleware(RequestLimits, settings=settings, known_user=access.known_user)
    app.add_middleware(RequestGuard, settings=settings)  # the outermost: the last that is added
    add_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app
