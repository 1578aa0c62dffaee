"""``HEAD``: what a ``GET`` would answer, without the body (RFC 9110 §9.3.2). `curl -I`, load balancers and link checkers ask so.

An event stream has no end to wait for, and answers no HEAD; an export's route knows the method itself, and makes no range of it.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

LEFT_ALONE: Final = ("/events", "/export")


class Heads:
    """An ASGI layer that asks the app for GET, and keeps the body back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"].endswith(LEFT_ALONE):
            await self._app(scope, receive, send)
            return

        async def without_body(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, without_body)
