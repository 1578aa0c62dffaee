"""503 with ``Retry-After`` while Ray Serve runs without the service.

Before the application is deployed and while it is removed, Ray Serve's proxy answers 404 in plain text, as for a wrong path.
The proxy of our own Ray, which serves nothing else, gets this middleware by ``RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH`` (see
`tlray.cluster.driver.ray_processes`). The operator of another cluster may set it, too.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tlray.service.http.problems import RETRY_AFTER_S, ProblemError, problem_response, wants_page

_STYLE: Final = (
    ":root{color-scheme:light dark;font:14px/1.45 system-ui,sans-serif;background:light-dark(#fbfbfa,#131514);"
    "color:light-dark(#1b1d1c,#e8eae8)}main{max-width:52ch;margin:20vh auto;padding:0 16px;text-align:center}"
    "h1{font-size:20px}p{color:light-dark(#555b58,#a4aba7)}"
)
_PAGE: Final = f"""\
<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Starting · tlray</title><style>{_STYLE}</style>
<main><h1>The service is being started again</h1><p>Nothing is lost, and this page goes on by itself.</p></main></html>
"""
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
_PAGE_HEADERS: Final = {
    "Retry-After": str(RETRY_AFTER_S),
    "Refresh": "3",
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'",
}
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


def unavailable_response(request: HTTPConnection) -> Response:
    """Return the answer to a call while the service starts or stops; a browser gets a page that asks again."""
    if wants_page(request):
        return HTMLResponse(_PAGE, 503, _PAGE_HEADERS)
    return problem_response(request, service_unavailable())


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
                    await unavailable_response(Request(scope))(scope, receive, send)
            elif not is_replaced:
                await send(message)

        await self._app(scope, receive, watched)


def _is_of_proxy(start: Message) -> bool:
    kind = next((value for name, value in start["headers"] if bytes(name).lower() == b"content-type"), b"")
    return start["status"] in (404, 503) and bytes(kind).startswith(b"text/plain")
