"""Sending of an answer, whole or spoilt."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct

from aiohttp import web

from tlray.demo.answer import Answer

_MEGABYTE = b"<!-- nothing to see here, page after page of it -->\n".ljust(64, b" ") * (2**20 // 64)
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends RST instead of FIN."""


async def send(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Send ``answer`` to the client of ``request``."""
    if answer.delay_s:
        await asyncio.sleep(answer.delay_s)
    if answer.manner:
        return await _spoil(request, answer)
    if answer.headers.get("Content-Encoding") == "gzip" and "gzip" not in request.headers.get(
        "Accept-Encoding", ""
    ):
        return _plain(answer)
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def _plain(answer: Answer) -> web.Response:
    """Answer a client that takes no gzip; what cannot be expanded within reason goes as it is."""
    headers = answer.headers
    body = answer.body
    if answer.fault not in ("gzip-bomb", "gzip-bad", "gzip-cut"):
        body = gzip.decompress(body)
        headers = {name: value for name, value in headers.items() if name != "Content-Encoding"}
    return web.Response(status=answer.status, body=body, headers=headers)


async def _spoil(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    match answer.manner:
        case "hang":
            await _until_left()
        case "reset":
            _reset(request)
        case "close":
            _close(request)
        case "big-body":
            return await _big(request, answer)
        case _:
            return await _half(request, answer)
    return web.Response()


async def _until_left() -> None:
    """Wait for ever: until the client leaves (which cancels this) or the server stops."""
    await asyncio.Event().wait()


def _reset(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is not None:
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()


def _close(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.close()


async def _half(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Begin to send the body, and then misbehave in the middle of it."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    response.force_close()
    await response.prepare(request)
    if answer.manner == "drip":
        step = -(-len(answer.body) // 20)
        for start in range(0, len(answer.body), step):
            await response.write(answer.body[start : start + step])
            await asyncio.sleep(answer.value / 20)
        return response
    await response.write(answer.body[: len(answer.body) // 2])
    if answer.manner == "hang-body":
        await _until_left()
    elif answer.manner == "reset-body":
        await asyncio.sleep(0.05)  # a reset may throw away what the client has not yet read
        _reset(request)
    else:
        _close(request)
    return response


async def _big(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = int(answer.value) * len(_MEGABYTE)
    await response.prepare(request)
    for _ in range(int(answer.value)):
        await response.write(_MEGABYTE)
    return response
