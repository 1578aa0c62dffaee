"""``/api/v1/batch``: submit a list, ask how far a batch is, pause, resume, cancel it."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse

from tlray.io.intake import CHUNK_LINES, Chunk, check_contact, read_chunks, read_line
from tlray.io.journal_rows import Entry
from tlray.scrape_options import ScrapeOptions
from tlray.service.bodies import JSON, LINES, content_type, read_body, read_json, read_lines
from tlray.service.gateway import new_batch_id
from tlray.service.parts import Reader, Submitter, TheGateway
from tlray.service.problems import Refused, problems
from tlray.service.schemas import MAX_URLS, BatchAsked, Receipt, Snapshot

router = APIRouter(prefix="/api/v1/batch", tags=["batches"])
IN_PIECES: Final = (
    "send a longer list in pieces: POST /api/v1/batch?state=receiving, then /append, then /commit"
)
LIST_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/BatchAsked"}},
            **{
                kind: {
                    "schema": {"type": "string"},
                    "example": "https://www.1001tracklists.com/tracklist/1pn8l919/a-set.html\n",
                }
                for kind in LINES
            },
        },
    }
}
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Sent again under the same key, a list makes no second batch.",
    ),
]


@router.post(
    "",
    status_code=202,
    response_model=Receipt,
    openapi_extra=LIST_BODY,
    responses=problems(400, 409, 413, 415, 422, 429, 503, 507),
)
async def submit(
    request: Request,
    gateway: TheGateway,
    principal: Submitter,
    key: Key = None,
    name: Annotated[str, Query(max_length=200, description="Of a list of lines.")] = "",
    priority: Annotated[str, Query(description="Of a list of lines.")] = "normal",
) -> JSONResponse:
    """Submit a list of URLs: all of it or nothing. Lines that make no item are named in the answer."""
    kind = content_type(request, (JSON, *LINES))
    body = await read_body(request, mend=IN_PIECES)
    if kind == JSON:
        asked = read_json(body, BatchAsked)
        options = ScrapeOptions(
            name=asked.name, priority=asked.priority, **asked.options.model_dump(exclude_none=True)
        )
        chunks = await asyncio.to_thread(_chunks_of_urls, asked.urls)
    else:
        options = ScrapeOptions(name=name, priority=priority)
        chunks = await asyncio.to_thread(lambda: list(read_chunks(read_lines(body, kind))))
    if sum(len(chunk.entries) + len(chunk.refused) for chunk in chunks) > MAX_URLS:
        raise Refused(413, "list-too-long", f"a list may have {MAX_URLS:,} URLs in one call; {IN_PIECES}")
    for chunk in chunks:
        check_contact(chunk.entries, gateway.settings.contact)
    batch, level = options.checked(gateway.settings)
    told = await gateway.ask(
        "submit", batch_id=new_batch_id(), name=options.name, priority=int(level), options=batch,
        owner=principal.user, chunks=chunks, key=key, digest=hashlib.sha256(body).hexdigest(),
    )  # fmt: skip
    return JSONResponse(told, 202, {"Location": f"/api/v1/batch/{told['batch_id']}/status"})


def _chunks_of_urls(urls: list[str]) -> list[Chunk]:
    """Read the URLs of a JSON body; there each one counts, be it empty."""
    chunks = []
    for start in range(0, len(urls), CHUNK_LINES):
        chunk = Chunk([], [])
        for number, url in enumerate(urls[start : start + CHUNK_LINES], start + 1):
            found = read_line(number, url.strip())
            if isinstance(found, Entry):
                chunk.entries.append(found)
            else:
                chunk.refused.append(found)
        chunks.append(chunk)
    return chunks


@router.get("/{batch_id}/status", response_model=Snapshot, responses=problems(404, 503))
async def status(batch_id: str, gateway: TheGateway, principal: Reader) -> JSONResponse:
    """How far a batch is."""
    await gateway.see(principal, batch_id)
    return JSONResponse(await gateway.status(batch_id))


async def _control(gateway: TheGateway, principal: Submitter, batch_id: str, action: str) -> JSONResponse:
    await gateway.see(principal, batch_id)
    return JSONResponse(await gateway.ask("control", batch_id=batch_id, action=action))


@router.post("/{batch_id}/pause", response_model=Snapshot, responses=problems(404, 409, 503))
async def pause(batch_id: str, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """Begin nothing more of a batch; what is in flight ends."""
    return await _control(gateway, principal, batch_id, "pause")


@router.post("/{batch_id}/resume", response_model=Snapshot, responses=problems(404, 409, 503))
async def resume(batch_id: str, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """Go on with a batch that is paused."""
    return await _control(gateway, principal, batch_id, "resume")


@router.post("/{batch_id}/cancel", response_model=Snapshot, responses=problems(404, 409, 503))
async def cancel(batch_id: str, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """End a batch: what is in flight stops, what it has fetched stays."""
    return await _control(gateway, principal, batch_id, "cancel")
