"""503 with ``Retry-After`` while Ray Serve runs without the service.

Before the application is deployed and while it is removed, Ray Serve's proxy answers 404 in plain text, as for a wrong path.
The proxy of our own Ray, which serves nothing else, gets this middleware by ``RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH`` (see
`tlray.cluster.driver.ray_processes`). The operator of another cluster may set it, too.
"""

from __future__ import annotations

from typing import Final

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tlray.service.http.problems import RETRY_AFTER_S, ProblemError, problem_response

OF_PROXY: Final = "/-/"
"""Paths of Ray Serve's own, such as ``/-/healthz``."""
SOCKET_CLOSED: Final = {
    "type": "websocket.close",
    "code": 1013,
    "reason": "the service is not available now; try again",
}


def middlewares() -> list[Middleware]:
    """Return the middleware of Ray Serve's proxy."""
    return [Middleware(UnavailableMiddleware)]


def service_unavailable() -> ProblemError:
    """Return the problem of every call while the service starts or stops."""
    return ProblemError(
        503,
        "the service is starting or stopping; try again in a moment",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


class UnavailableMiddleware:
    """Replaces the proxy's own plain 404 and 503 by a problem document; the service sends none such."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, and check its response."""
        if scope["type"] not in ("http", "websocket") or scope["path"].startswith(OF_PROXY):
            await self._app(scope, receive, send)
            return
        is_replaced = False

        async def watched(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and _is_of_proxy(message):
                is_replaced = True
                if scope["type"] == "websocket":
                    await send(SOCKET_CLOSED)
                else:
                    await problem_response(Request(scope), service_unavailable())(scope, receive, send)
            elif not is_replaced:
                await send(message)

        await self._app(scope, receive, watched)


def _is_of_proxy(start: Message) -> bool:
    kind = next((value for name, value in start["headers"] if bytes(name).lower() == b"content-type"), b"")
    return start["status"] in (404, 503) and bytes(kind).startswith(b"text/plain")
