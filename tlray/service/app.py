"""The service as an ASGI app: middleware, routers, error handlers, OpenAPI document. Only the gateway imports Ray."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from fastapi import APIRouter, FastAPI

from tlray.service.auth.authentication import Authenticator, find_caller
from tlray.service.auth.stream_limits import StreamLimits
from tlray.service.backend.catalogue_watch import CatalogueWatch
from tlray.service.backend.gateway import Gateway
from tlray.service.backend.live_hub import Hub
from tlray.service.backend.notifier import Postman
from tlray.service.backend.upload_sweeper import UploadSweeper
from tlray.service.http.head_requests import HeadRequests
from tlray.service.http.problems import add_problem_handlers
from tlray.service.http.request_guard import RequestGuard
from tlray.service.http.request_limits import RequestLimits
from tlray.service.http.shutdown import Shutdown
from tlray.service.openapi.document import document
from tlray.service.page.problem_pages import problem_page
from tlray.service.page.recent import Recent
from tlray.service.page.rendering import prepare
from tlray.service.page.views import VIEWS
from tlray.service.routes import (
    batches,
    catalogue,
    catalogue_exports,
    dead_letters,
    docs,
    domains,
    exports,
    health,
    imports,
    items,
    lists,
    metrics,
    names,
    notifications,
    progress,
    results,
    schedules,
    templates,
    tickets,
    tokens,
    uploads,
)
from tlray.service.submission.uploaded_files import places
from tlray.settings import Settings
from tlray.version import __version__

ROUTERS: Final[tuple[APIRouter, ...]] = (
    batches.router,
    uploads.router,
    imports.router,
    lists.router,
    items.router,
    dead_letters.router,
    results.router,
    names.router,
    catalogue_exports.router,
    catalogue.router,
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
        works = [
            Postman(gateway, settings).run(),
            CatalogueWatch(gateway).run(),
            UploadSweeper(gateway).run(),
            shutdown.watch(),
            prepare(),
        ]
        if gateway.redis is not None:
            works.append(gateway.redis.run())
        tasks = [asyncio.create_task(work) for work in works]
        yield
        shutdown.begin()
        for task in tasks:
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
        docs_url=None,  # tlray.service.routes.docs
        redoc_url=None,
    )
    authenticator = Authenticator(gateway, settings)
    app.state.gateway, app.state.settings, app.state.hub = gateway, settings, Hub(gateway)
    app.state.imports, app.state.recent = places(), Recent()
    app.state.problem_page, app.state.find_caller = problem_page, find_caller
    app.state.views = frozenset(getattr(route, "path", "") for router in VIEWS for route in router.routes)
    app.state.authenticator, app.state.streams = authenticator, StreamLimits(shutdown=shutdown)
    app.add_middleware(HeadRequests)
    app.add_middleware(RequestLimits, settings=settings, known_user=authenticator.known_user)
    app.add_middleware(RequestGuard, settings=settings)  # added last: the outermost
    add_problem_handlers(app)
    for router in (*ROUTERS, *VIEWS):
        app.include_router(router)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app
