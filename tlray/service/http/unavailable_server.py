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

from starlette.requests import Request

from tlray.service.http.problems import problem_response
from tlray.service.http.unavailable import service_unavailable

HEAD_S: Final = 5.0
"""A slower request is dropped."""
LAST_S: Final = 0.5
"""How long open requests may take at the end."""
MAX_HEAD_BYTES: Final = 64_000


class UnavailableServer:
    """Answers 503 at an address inside its ``with`` block."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._taken: set[asyncio.Task[None]] = set()
        self._answers = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="tlray-unavailable", daemon=True
        )

    def __enter__(self) -> Self:
        if shares_ports():
            self._thread.start()
            self._answers.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering."""
        if self._thread.is_alive() and self._loop is not None:
            with suppress(RuntimeError):  # it is ending
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = None
        with suppress(OSError):  # the proxy reports what is wrong with the address
            server = await asyncio.start_server(
                self._take, self._host or None, self._port, reuse_port=True, limit=MAX_HEAD_BYTES
            )
        self._answers.set()
        if server is None:
            return
        await self._stopping.wait()
        server.close()
        if self._taken:
            await asyncio.wait(self._taken, timeout=LAST_S)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - inside a task
        self._taken.add(task)
        try:
            await _answer(reader, writer)
        except asyncio.CancelledError:
            pass  # the loop ends; asyncio would log it
        finally:
            self._taken.discard(task)
            writer.close()


def shares_ports() -> bool:
    """True if Ray Serve's proxy lets others listen at its port."""
    return hasattr(socket, "SO_REUSEPORT") and os.environ.get("SERVE_SOCKET_REUSE_PORT_ENABLED", "1") == "1"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        async with asyncio.timeout(HEAD_S):
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(_problem(head))
            await writer.drain()
            writer.write_eof()
            while await reader.read(
                MAX_HEAD_BYTES
            ):  # an unread body would reset the connection and lose the response
                pass


def _problem(head: bytes) -> bytes:
    """Return the raw response to a request."""
    line = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    path = line[1].split("?", 1)[0] if len(line) == 3 else "/"
    scope = {"type": "http", "path": path, "headers": [], "query_string": b"", "server": ("localhost", 80)}
    response = problem_response(Request(scope), service_unavailable())
    headers = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in response.raw_headers)
    body = b"" if line[0] == "HEAD" else bytes(response.body)
    return f"HTTP/1.1 503 Service Unavailable\r\n{headers}connection: close\r\n\r\n".encode("latin-1") + body
