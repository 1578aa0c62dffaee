"""Checks before any route: the Host header, requests that another site's page sent, content types that any page may send, the
size of a body. Every response gets the security headers of browsers.

The decisions are in `tlray.core.access.same_origin`; this is the ASGI middleware around them. Health checks are exempt: a load
balancer sends them by address, and they reveal nothing.
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
from tlray.service.http.problems import ProblemError, problem_response
from tlray.settings import Settings

CLIENT_HEADER: Final = "X-Tlray-Client"
"""A page of another site may send text/plain, but not this header: the browser asks us first, and we do not allow it."""
HEALTH: Final = frozenset({"/healthz", "/readyz"})
POLICY_VIOLATION: Final = 1008
MAX_BODY_BYTES: Final = 1_000_000
IMPORT: Final = "/api/v1/import"
"""Files may be larger than lists: `Settings.max_import_bytes`."""
MAX_DIGITS: Final = 18
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_DATA_CSP: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGE_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


class RequestGuard:
    """The outermost middleware of the app."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = settings.hosts
        self._max_import_bytes = settings.max_import_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        most = self._max_import_bytes if scope["path"].startswith(IMPORT) else MAX_BODY_BYTES
        problem = self._problem(HTTPConnection(scope), most)
        if scope["type"] == "websocket":
            if problem is None:
                await self._app(scope, receive, send)
            else:  # a refused handshake is a 403, from which a page learns nothing
                await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": ""})
            return
        send = _with_headers(send, scope["path"])
        if problem is None:
            await self._app(scope, _bounded(receive, scope["path"], most), send)
        else:
            await problem_response(Request(scope), problem)(scope, receive, send)

    def _problem(self, connection: HTTPConnection, most: int) -> ProblemError | None:
        path, headers = connection.scope["path"], connection.headers
        if path in HEALTH:
            return None
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""  # of two Host headers one is meant for another server
        if reason := refusal_of_host(host, self._hosts):
            return ProblemError(421, reason)
        is_socket = connection.scope["type"] == "websocket"
        method = "GET" if is_socket else connection.scope["method"]
        fetch_site = headers.get("sec-fetch-site")
        if is_socket or method not in SAFE_METHODS:
            reason = refusal_of_site(host=host, origin=headers.get("origin"), fetch_site=fetch_site)
        elif path.startswith(("/api/", "/metrics")):
            reason = refusal_of_read(
                host=host,
                origin=headers.get("origin"),
                fetch_site=fetch_site,
                fetch_mode=headers.get("sec-fetch-mode"),
                fetch_dest=headers.get("sec-fetch-dest"),
            )
        if reason:
            return ProblemError(403, f"this request is refused: {reason}")
        return None if method in SAFE_METHODS else _problem_of_body(headers, path, most)


def _problem_of_body(headers: Headers, path: str, most: int) -> ProblemError | None:
    length = headers.get("content-length", "")
    is_number = length.isascii() and length.isdigit()
    n_bytes = int(length[:MAX_DIGITS]) if is_number else 0
    if n_bytes > most:
        return too_large(path, most)
    kind = headers.get("content-type")
    is_page = not path.startswith("/api/")  # its forms show a CSRF token
    needs_no_preflight = (
        "authorization" not in headers and CLIENT_HEADER.lower() not in headers and not is_page
    )
    if needs_no_preflight and is_simple(kind, has_body=n_bytes > 0 or "transfer-encoding" in headers):
        what = f"Content-Type {kind!r}" if kind else "no Content-Type"
        return ProblemError(
            415,
            f"{what}: any web page can send this, so it needs a token or the header {CLIENT_HEADER} (with any value);"
            " or send application/json or application/x-ndjson",
        )
    return None


def too_large(path: str, most: int) -> ProblemError:
    """Return the problem (413) of a body above the limit."""
    is_list = not path.startswith(IMPORT)
    what = "a longer list" if is_list else "more files (TLRAY_MAX_IMPORT_BYTES)"
    call = "/api/v1/batch" if is_list else IMPORT
    return ProblemError(
        413,
        f"a body may have {most:,} bytes; send {what} in smaller pieces:"
        f" POST {call}?state=receiving, then /append, then /commit",
        headers={"Connection": "close"},
    )


def _bounded(receive: Receive, path: str, most: int) -> Receive:
    """Stop reading a body at the limit."""
    n_bytes = 0

    async def bounded() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > most:
            raise too_large(path, most)
        return message

    return bounded


def _with_headers(send: Send, path: str) -> Send:
    """Add the security headers to a response; a route's own headers stay."""

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            is_data = path.startswith(("/api/", "/openapi.json", "/metrics")) or path in HEALTH
            csp = {"Content-Security-Policy": _DATA_CSP if is_data else _PAGE_CSP}
            for name, value in (_HEADERS | csp | ({"Cache-Control": "no-store"} if is_data else {})).items():
                headers.setdefault(name, value)
        await send(message)

    return sending
