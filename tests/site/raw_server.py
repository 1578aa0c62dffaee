"""A server on loopback that answers with the very bytes it is given, good HTTP or not."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
"""Bytes to send, or a coroutine that sends what it likes; the connection is closed afterwards."""


@dataclass
class Asked:
    """What arrived at the server."""

    url: str
    heads: list[bytes] = field(default_factory=list)
    n_connections: int = 0


def response(
    body: bytes = b"<html></html>", *, status: str = "200 OK", html: bool = True, **headers: str
) -> bytes:
    """Spell a whole answer; ``Content_Type="…"`` becomes a header."""
    if html:
        headers.setdefault("Content_Type", "text/html; charset=utf-8")
    headers.setdefault("Content_Length", str(len(body)))
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def gzipped(body: bytes, **headers: str) -> bytes:
    """Spell a whole answer with a gzip body."""
    return response(gzip.compress(body, 1), Content_Encoding="gzip", **headers)


@contextlib.asynccontextmanager
async def serve(answer: Answer, *, keep_alive: bool = False) -> AsyncIterator[Asked]:
    """Answer every request on a fresh port with ``answer``."""
    asked = Asked("")
    open_now: set[asyncio.StreamWriter] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.n_connections += 1
        open_now.add(writer)
        try:
            while True:
                asked.heads.append(await reader.readuntil(b"\r\n\r\n"))
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(writer)
                if not keep_alive:
                    break
        except (OSError, EOFError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            open_now.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    asked.url = f"http://{host}:{port}/set"
    try:
        yield asked
    finally:
        server.close()
        for writer in list(open_now):
            writer.transport.abort()
        await server.wait_closed()
        await asyncio.sleep(0)  # let the last handlers end
