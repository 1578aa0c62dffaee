"""Live progress: ``WS /ws/batch/{id}/progress`` and, the same messages as server-sent events, ``/api/v1/batch/{id}/events``.

The first message is a snapshot; each later one has a higher version and the items that changed since the one before. The last one
has the final state of the batch, and the connection closes at once. A client that returns with the last version it saw gets the
changes since then; if they are not known any more, ``items_complete`` is false and the items have to be listed again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Query, WebSocket, WebSocketDisconnect
from fastapi.responses import Response, StreamingResponse

from tlray.errors import NoSuchBatch, TlrayError
from tlray.service.auth.principal import Principal
from tlray.service.auth.stream_limits import RequestStreams
from tlray.service.backend.live_hub import Feed, Frame, View
from tlray.service.http.problems import ProblemError, problem_for, problems
from tlray.service.http.shutdown import WHY, Shutdown
from tlray.service.http.unavailable import service_unavailable
from tlray.service.routes.api_route import SECURITY, ApiRoute
from tlray.service.routes.dependencies import BatchId, Reader, TheGateway, TheHub, TheStreams, TicketReader

router = APIRouter(tags=["progress"], route_class=ApiRoute)
SEND_TIMEOUT_S: Final = 20.0
"""A client that takes longer for a message is disconnected."""
HEARTBEAT_S: Final = 15.0
BEAT: Final = "event: beat\ndata: {}\n\n"
"""A script sees it, unlike a comment: silence is a broken connection."""
MOST_ITEMS: Final[dict[str, int | None]] = {"none": 0, "20": 20, "all": None}
MAX_EVERY_MS: Final = 60_000
MAX_STREAM_BYTES: Final = 2_000_000
"""Of one event stream. A client that reads comes back for more (an EventSource by itself); one that does not costs no more memory
in Ray Serve's proxy, which hides the difference."""
RETRY_MS: Final = 1_000
"""The pause of an EventSource before it reconnects."""
MAX_VERSION: Final = 2**53
MAX_DIGITS: Final = len(str(MAX_VERSION))
DONE, LEAVING, TRY_AGAIN, NOT_VALID, UNKNOWN = 1000, 1012, 1013, 4400, 4404
"""Close codes of a socket; 4000 and more are 4000 + the HTTP status."""
EVENTS_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A message for every change, the same as on a socket; its `id` is the version. `beat` comes after 15 s"
        " without a message. The last event is `end`, or `leaving` if the service stops or is replaced.",
        "content": {
            "text/event-stream": {
                "schema": {
                    "type": "object",  # of one event
                    "required": ["data"],
                    "properties": {
                        "event": {"enum": ["message", "beat", "end", "leaving"]},
                        "id": {"type": "string"},
                        "data": {"type": "string", "contentMediaType": "application/json"},
                    },
                },
                "example": 'id: 418\ndata: {"version":418,"state":"running","items":[],"items_complete":true,'
                '"n_changed":0}\n\n',
            }
        },
    },
    204: {"description": "The batch has ended, and the client has seen its last version."},
    **problems(404),
}
Version = Annotated[
    int | None,
    Query(ge=0, le=MAX_VERSION, description="The last version that was seen; the changes since then follow."),
]


@router.websocket("/ws/batch/{batch_id}/progress")
async def progress(  # noqa: PLR0913, PLR0917 - each is a parameter of the socket
    socket: WebSocket,
    batch_id: BatchId,
    gateway: TheGateway,
    hub: TheHub,
    streams: TheStreams,
    principal: Reader,
    since: str | None = None,
    items: str = "all",
    every_ms: str = "0",
) -> None:
    """Send the progress of a batch until it ends."""
    streams.require_room(principal)
    await socket.accept()
    if since is not None and not _is_number(since):
        await socket.close(NOT_VALID, "since must be the version of a message")
        return
    if items not in MOST_ITEMS or not _is_number(every_ms) or int(every_ms) > MAX_EVERY_MS:
        await socket.close(NOT_VALID, f"items is none, 20 or all, every_ms at most {MAX_EVERY_MS}")
        return
    view = View(MOST_ITEMS[items], int(every_ms) / 1e3)
    code, reason = DONE, "the batch has ended"
    try:
        await gateway.see(principal, batch_id)
        with streams.counted(principal):
            async with hub.feed(batch_id, None if since is None else int(since), view) as feed:
                if not await _send_all(socket, feed, streams.shutdown):
                    return
        if streams.shutdown.has_begun:
            code, reason = LEAVING, WHY
    except TlrayError as error:
        code = UNKNOWN if isinstance(error, NoSuchBatch) else TRY_AGAIN
        reason = problem_for(error).detail
    await socket.close(code, reason.encode()[:120].decode(errors="ignore"))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


@router.websocket("/{path:path}")
async def no_such_socket(socket: WebSocket, path: str) -> None:
    """Refuse a socket at any other path."""
    raise ProblemError(404, "there is no such socket; use /ws/batch/{id}/progress")


async def _send_all(socket: WebSocket, feed: Feed, shutdown: Shutdown) -> bool:
    """Send all frames; False if the client has disconnected, or does not read."""
    sending = asyncio.create_task(_send(socket, feed, shutdown))
    receiving = asyncio.create_task(_receive(socket))
    try:
        await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
        return sending.done() and sending.result()
    finally:
        sending.cancel()
        receiving.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)


async def _send(socket: WebSocket, feed: Feed, shutdown: Shutdown) -> bool:
    frame: Frame | None = await feed.first()
    while not shutdown.has_begun:
        if frame is not None:
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await socket.send_text(frame.text)
            except (TimeoutError, WebSocketDisconnect, RuntimeError):
                return False
            if frame.is_last:
                return True
        frame = await shutdown.unless_begun(feed.next(HEARTBEAT_S))
    return True


async def _receive(socket: WebSocket) -> None:
    """Return when the client disconnects; its messages are ignored."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


@router.get(
    "/api/v1/batch/{batch_id}/events",
    response_class=StreamingResponse,
    responses=EVENTS_RESPONSE,
    openapi_extra={"security": [SECURITY, {"ticket": []}]},
)
async def events(  # noqa: PLR0913, PLR0917 - each is a parameter of the stream
    batch_id: BatchId,
    gateway: TheGateway,
    hub: TheHub,
    streams: TheStreams,
    principal: TicketReader,
    since: Version = None,
    items: Annotated[
        Literal["none", "20", "all"],
        Query(
            description="The changed items in a message: none, the last 20, or all; `n_changed` counts them."
        ),
    ] = "all",
    every_ms: Annotated[
        int,
        Query(
            ge=0,
            le=MAX_EVERY_MS,
            description="The time between two messages, at least; the end comes at once.",
        ),
    ] = 0,
    last_event_id: Annotated[
        int | None,
        Header(
            alias="Last-Event-ID", ge=0, le=MAX_VERSION, description="Like `since`; an EventSource sends it."
        ),
    ] = None,
) -> Response:
    """Stream the progress of a batch as server-sent events, until it ends. A WebSocket has the same messages:
    `/ws/batch/{batch_id}/progress` (without `/api/v1`), with the same `since` and `ticket`."""
    streams.require_room(principal)
    if streams.shutdown.has_begun:
        raise service_unavailable()
    await gateway.see(principal, batch_id)
    view = View(MOST_ITEMS[items], every_ms / 1e3)
    feed = hub.feed(batch_id, last_event_id if last_event_id is not None else since, view)
    first = await feed.first()
    if first.is_last and first.version == last_event_id:
        return Response(status_code=204)  # an EventSource does not reconnect after a 204
    return StreamingResponse(
        _stream(feed, first, streams, principal),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(
    feed: Feed, first: Frame, streams: RequestStreams, principal: Principal
) -> AsyncIterator[str]:
    with streams.counted(principal):
        async with aclosing(_events(feed, first, streams.shutdown)) as texts:
            async for text in texts:
                yield text


async def _events(feed: Feed, first: Frame, shutdown: Shutdown) -> AsyncGenerator[str, None]:
    async with feed:
        frame: Frame | None = first
        version = first.version
        n_bytes = 0
        yield f"retry: {RETRY_MS}\n"
        while n_bytes < MAX_STREAM_BYTES:
            yield BEAT if frame is None else f"id: {frame.version}\ndata: {frame.text}\n\n"
            version = version if frame is None else frame.version
            n_bytes += 0 if frame is None else len(frame.text)
            if frame is not None and frame.is_last:
                yield _last_event("end", version)
                return
            try:
                frame = await shutdown.unless_begun(feed.next(HEARTBEAT_S))
            except TlrayError:
                return  # the client reconnects, and gets the problem then
            if shutdown.has_begun:
                yield _last_event("leaving", version, reason=WHY)
                return


def _last_event(name: str, version: int, **more: str) -> str:
    data = json.dumps({"version": version, **more}, separators=(",", ":"))
    return f"event: {name}\nid: {version}\ndata: {data}\n\n"
