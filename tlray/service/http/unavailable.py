"""The answer where Ray Serve runs and the service is not there: 503 with ``Retry-After``, as a problem document.

Before an application is deployed and while it goes, Ray Serve's proxy answers 404 in plain text, as if the path were wrong. A
Ray of our own serves nothing else at any path, so the proxy of such a Ray gets this middleware, by the setting that Ray has for
it (``RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH``, see `tlray.cluster.driver.ray_processes`). On another's cluster its operator
may set it.
"""

from __future__ import annotations

from typing import Final

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tlray.service.http.problems import RETRY_AFTER_S, Refused, answer

OF_PROXY: Final = "/-/"
"""Paths of Ray Serve's own, such as ``/-/healthz``."""
SOCKET_CLOSED: Final = {
    "type": "websocket.close",
    "code": 1013,
    "reason": "the service is not there now; try again",
}


def middlewares() -> list[Middleware]:
    """Return what Ray Serve puts around its proxy."""
    return [Middleware(NotThere)]


def not_there() -> Refused:
    """Return the refusal of every call while the service begins or ends."""
    return Refused(
        503,
        "unavailable",
        "the service begins or ends just now; try again in a moment",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


class NotThere:
    """Puts a problem in the place of the proxy's own plain answers 404 and 503; the service itself gives none such."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
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
                    await answer(Request(scope), not_there())(scope, receive, send)
            elif not is_replaced:
                await send(message)

        await self._app(scope, receive, watched)


def _is_of_proxy(start: Message) -> bool:
    kind = next((value for name, value in start["headers"] if bytes(name).lower() == b"content-type"), b"")
    return start["status"] in (404, 503) and bytes(kind).startswith(b"text/plain")
