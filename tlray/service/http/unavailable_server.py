"""A server at the service's port while the service starts or stops: it answers 503 with ``Retry-After``.

Ray takes some twenty seconds to start; without the server a call could not connect, and another program could take the port. It
shares the port with Ray Serve's proxy (``SO_REUSEPORT``, as the proxy does): the kernel gives each connection to one of the two.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from tlray.service.http.unavailable import unavailable_response

BODY_S: Final = 5.0
"""How long the body of a request is read; an unread body would reset the connection and lose the response."""


class UnavailableServer:
    """Answers 503 at an address inside its ``with`` block."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._server = uvicorn.Server(
            uvicorn.Config(
                _app, loop="asyncio", lifespan="off", ws="none", log_config=None, log_level="critical",
                timeout_graceful_shutdown=1,
            )
        )  # fmt: skip
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="tlray-unavailable", daemon=True)

    def __enter__(self) -> Self:
        if shares_ports():
            with suppress(OSError):  # the proxy reports what is wrong with the address
                self._socket = _listen(self._host, self._port)
                self._thread.start()
        return self

    def _run(self) -> None:
        assert self._socket is not None  # noqa: S101 - started by `__enter__` only
        with self._socket:  # a server that is stopped before it has started leaves it open
            self._server.run([self._socket])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering."""
        if self._thread.is_alive():
            self._server.should_exit = True
            self._thread.join()


def shares_ports() -> bool:
    """True if Ray Serve's proxy lets others listen at its port."""
    return hasattr(socket, "SO_REUSEPORT") and os.environ.get("SERVE_SOCKET_REUSE_PORT_ENABLED", "1") == "1"


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address and shares it."""
    family, kind, proto, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, proto)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(address)
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(BODY_S):
            while (await receive()).get("more_body"):
                pass
    await unavailable_response(Request(scope))(scope, receive, send)
