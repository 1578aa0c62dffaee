"""``HEAD``: the response of ``GET`` without its body (RFC 9110 §9.3.2), for `curl -I`, load balancers and link checkers.

An event stream has no end, and answers no HEAD; the route of exports answers HEAD itself.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

EXCEPT: Final = ("/events", "/export")


class HeadRequests:
    """ASGI middleware that turns HEAD into GET and drops the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"].endswith(EXCEPT):
            await self._app(scope, receive, send)
            return

        async def without_body(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, without_body)
