"""What is refused before a route is asked? Requests for hosts that we are not, requests that another site's web page sent,
bodies of a type that any page may send, bodies that are too long; and every answer gets the headers that a browser obeys.

The decisions are `tlray.core.access.same_origin`; this is the ASGI middleware around them. Health is exempt: a load balancer
asks for it by address, and it tells nothing.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tlray.core.access.same_origin import (
    SAFE_METHODS,
    is_simple,
    refusal_of_host,
    refusal_of_read,
    refusal_of_site,
)
from tlray.service.http.bodies import MAX_BYTES
from tlray.service.http.problems import Refused, answer
from tlray.service.routes.docs import CSP as DOCS_CSP
from tlray.settings import Settings

CLIENT_HEADER: Final = "X-Tlray-Client"
"""Any page may send text/plain to anybody, but no page this header: a browser asks us first, and we do not allow it."""
HEALTH: Final = frozenset({"/healthz", "/readyz"})
POLICY_VIOLATION: Final = 1008
MAX_BODY_BYTES: Final = MAX_BYTES + 64_000
MAX_DIGITS = 18
"""What a route's own bound, which knows how to mend it, does not catch."""
_ALL: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_DATA_CSP: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGE_CSP: Final = (
    "default-src 'self'; img-src 'self' data:; object-src 'none';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


class Guard:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = settings.hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(HTTPConnection(scope))
        if scope["type"] == "websocket":
            if refused is None:
                await self._app(scope, receive, send)
            else:  # before it was accepted: the handshake is answered by 403, and no page learns more
                await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": ""})
            return
        send = _with_headers(send, scope["path"])
        if refused is None:
            await self._app(scope, _bounded(receive), send)
        else:
            await answer(Request(scope), refused)(scope, receive, send)

    def _refusal(self, asked: HTTPConnection) -> Refused | None:
        path, headers = asked.scope["path"], asked.headers
        if path in HEALTH:
            return None
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""  # who sends two means one of them for somebody else
        if why := refusal_of_host(host, self._hosts):
            return Refused(421, "unknown-host", why)
        is_socket = asked.scope["type"] == "websocket"
        method = "GET" if is_socket else asked.scope["method"]
        fetch_site = headers.get("sec-fetch-site")
        if is_socket or method not in SAFE_METHODS:
            why = refusal_of_site(host=host, origin=headers.get("origin"), fetch_site=fetch_site)
        elif path.startswith(("/api/", "/metrics")):
            why = refusal_of_read(
                host=host,
                origin=headers.get("origin"),
                fetch_site=fetch_site,
                fetch_mode=headers.get("sec-fetch-mode"),
                fetch_dest=headers.get("sec-fetch-dest"),
            )
        if why:
            return Refused(403, "other-site", f"this request is refused: {why}")
        return None if method in SAFE_METHODS else _refusal_of_body(headers)


def _refusal_of_body(headers: Headers) -> Refused | None:
    length = headers.get("content-length", "")
    n_bytes = int(length[:MAX_DIGITS]) if length.isascii() and length.isdigit() else 0
    if n_bytes > MAX_BODY_BYTES:
        return too_long()
    kind = headers.get("content-type")
    is_unasked = "authorization" not in headers and CLIENT_HEADER.lower() not in headers
    if is_unasked and is_simple(kind, has_body=n_bytes > 0 or "transfer-encoding" in headers):
        told = repr(kind) if kind else "no type"
        return Refused(
            415, "content-type",
            f"Content-Type {told}: any web page may send that, so it is taken only with a token, or with the header"
            f" {CLIENT_HEADER} (its value means nothing); or send application/json or application/x-ndjson",
        )  # fmt: skip
    return None


def too_long() -> Refused:
    """Return the refusal of a body beyond every bound."""
    mend = "send a longer list in pieces: POST /api/v1/batch?state=receiving, then /append, then /commit"
    return Refused(
        413, "body-too-long", f"a body may have {MAX_BYTES:,} bytes; {mend}", headers={"Connection": "close"}
    )


def _bounded(receive: Receive) -> Receive:
    """Read no more of a body than any route takes, whoever reads it."""
    n_bytes = 0

    async def bounded() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > MAX_BODY_BYTES:
            raise too_long()
        return message

    return bounded


def _with_headers(send: Send, path: str) -> Send:
    """Add the headers that a browser obeys to every answer."""

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _ALL.items():
                headers.setdefault(name, value)
            is_data = path.startswith(("/api/", "/openapi.json", "/metrics")) or path in HEALTH
            csp = DOCS_CSP if path.startswith("/docs") else _DATA_CSP if is_data else _PAGE_CSP
            headers.setdefault("Content-Security-Policy", csp)
            if is_data:
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
