"""``GET /api/v1/batch/{id}/results``: sets as lines of JSON from any cursor on, also while the batch runs.

The order is that in which items succeeded, which never changes, so a cursor stays valid. A response is bounded (`MAX_BYTES`,
``limit``), because Ray Serve holds in memory what a slow client has not read. Each line has the cursor behind it; the header
``X-Next-Cursor`` has the last one, and is missing if nothing can follow.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tlray.core.access.cursor import decode, encode
from tlray.core.model.printable import in_json
from tlray.export.json_shape import encode as utf8
from tlray.export.json_shape import plain
from tlray.io.results.done_sets import read_done
from tlray.io.results.open_store import open_store
from tlray.io.results.store import PartMoved
from tlray.service.http.bodies import NDJSON
from tlray.service.http.paging import Cursor
from tlray.service.http.problems import problems
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import BatchId, Reader, TheGateway, TheHub, TheStreams

router = APIRouter(prefix="/api/v1/batch", tags=["results"], route_class=ApiRoute)
MAX_BYTES: Final = 4_000_000
ITEMS_AT_ONCE: Final = 100
FOLLOW_S: Final = 25.0
"""How long a response may wait for the first set."""
LOOK_EVERY_S: Final = 0.25
PART_TRIES: Final = 5

Place = tuple[int, int]
"""The number of the last item sent, and how many of its sets; 0: all of them."""
LINES_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "One set per line. `X-Next-Cursor` is the cursor of the next page; it is missing at the end.",
        "content": {NDJSON: {"schema": {"$ref": "#/components/schemas/SetLine"}}},
        "headers": {"X-Next-Cursor": {"schema": {"type": "string"}}},
    }
}


@router.get(
    "/{batch_id}/results",
    response_class=Response,
    responses={**LINES_RESPONSE, **problems(400, 404)},
)
async def results(
    batch_id: BatchId,
    gateway: TheGateway,
    hub: TheHub,
    streams: TheStreams,
    principal: Reader,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=5_000, description="The largest number of items.")] = 1_000,
    follow: Annotated[bool, Query(description="If there is no set yet, wait up to 25 s for one.")] = False,
) -> Response:
    """Return the sets of a batch from a cursor on."""
    await gateway.see(principal, batch_id)
    place: Place = decode(cursor, "results", int, int, of=batch_id) if cursor else (0, 0)
    deadline = time.monotonic() + (FOLLOW_S if follow else 0.0)
    version = 0
    while True:
        lines, place, is_end = await _read(gateway, batch_id, place, limit)
        left_s = deadline - time.monotonic()
        if lines or is_end or left_s <= 0 or streams.shutdown.has_begun:
            break
        with streams.counted(principal):
            told = await streams.shutdown.unless_begun(hub.news(batch_id, version, left_s))
        version = told["version"] if told else version
        await asyncio.sleep(LOOK_EVERY_S)  # a batch changes far more often than it gets a set
    headers = {} if is_end else {"X-Next-Cursor": encode("results", *place, of=batch_id)}
    return Response(b"".join(lines), media_type=NDJSON, headers=headers)


async def _read(
    gateway: TheGateway, batch_id: str, place: Place, limit: int
) -> tuple[list[bytes], Place, bool]:
    """Return the next lines, the place behind them, and True if nothing can follow."""
    lines: list[bytes] = []
    n_bytes = n_items = n_moved = 0
    while True:
        n_wanted = min(ITEMS_AT_ONCE, limit - n_items)
        # an item with unsent sets is read again
        rows, is_final = await gateway.coordinator.list_done(
            batch_id, after=place[0] - (place[1] > 0), limit=n_wanted
        )
        try:
            found = await asyncio.to_thread(read_done, open_store(gateway.home), batch_id, rows)
        except PartMoved:  # it is being merged or published just now
            n_moved += 1
            if n_moved >= PART_TRIES:
                raise
            await asyncio.sleep(0.1 * n_moved)
            continue
        for row, sets in zip(rows, found, strict=True):
            n_sent = place[1] if row.done_seq == place[0] else 0
            for number, tracklist in enumerate(sets[n_sent:], n_sent + 1):
                place = (row.done_seq, number if number < len(sets) else 0)
                shape = {**plain(tracklist), "cursor": encode("results", *place, of=batch_id)}
                lines.append(utf8(in_json(json.dumps(shape, ensure_ascii=False, allow_nan=False))) + b"\n")
                n_bytes += len(lines[-1])
                if n_bytes >= MAX_BYTES:
                    return lines, place, False
            place = (row.done_seq, 0)
        n_items += len(rows)
        if len(rows) < n_wanted:
            return lines, place, is_final
        if n_items >= limit:
            return lines, place, False
