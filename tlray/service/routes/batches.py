"""``/api/v1/batch``: submit a list, ask how far a batch is, pause, resume, cancel it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse

from tlray.core.model.lifecycle import BatchEvent
from tlray.service.backend.gateway import new_batch_id
from tlray.service.http.problems import problems, validation
from tlray.service.routes.dependencies import Reader, Submitter, TheGateway
from tlray.service.schemas.batches import MAX_URLS, NAME, BatchRequest, Priority, Receipt, Snapshot
from tlray.service.submission.batch_request import checked_options, start_of, with_template
from tlray.service.submission.list_body import IN_PIECES, list_body, read_list
from tlray.service.submission.permissions import require_quota
from tlray.service.submission.url_errors import require_some_url

router = APIRouter(prefix="/api/v1/batch", tags=["batches"])
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
    openapi_extra=list_body("BatchRequest"),
    responses=problems(400, 401, 403, 409, 413, 415, 422, 429, 503, 507),
)
async def submit(
    request: Request,
    gateway: TheGateway,
    principal: Submitter,
    key: Key = None,
    state: Annotated[
        Literal["receiving"] | None,
        Query(description="Only open a batch, for a list that comes in pieces: the body has no URLs then."),
    ] = None,
    name: Annotated[str, Query(max_length=200, pattern=NAME, description="Of a list of lines.")] = "",
    priority: Annotated[Priority, Query(description="Of a list of lines.")] = "normal",
) -> JSONResponse:
    """Submit a list of URLs: all of it or nothing. Lines that make no item are named in the answer."""
    sent = await read_list(request, max_lines=MAX_URLS, hint=IN_PIECES)
    if sent.are_urls:
        if name or priority != "normal":
            raise validation([("query", "say name and priority in the body")])
        asked = await with_template(gateway, principal, sent.asked)
        sent = replace(sent, asked=asked, texts=asked.urls)
    else:
        asked = BatchRequest(name=name, priority=priority)
    (
        batch,
        level,
    ) = await asyncio.to_thread(  # it reads the operator's file, and may have thousands of domains to compare
        checked_options, principal, asked, gateway.settings, not_before=start_of(asked)
    )
    await require_quota(gateway, principal)
    given: dict[str, Any] = {
        "batch_id": new_batch_id(), "name": asked.name, "priority": int(level), "options": batch,
        "owner": principal.user, "key": key, "digest": " ".join((sent.digest, state or "", priority, name)),
    }  # fmt: skip
    if state is None:
        chunk = await sent.chunk(gateway.settings)
        require_some_url(chunk, sent.place)
        told = await gateway.coordinator.submit(chunk=chunk, **given)
    elif any(text.strip() for text in sent.texts):
        raise validation([("body.urls", "a list that comes in pieces begins without any; append them")])
    else:
        told = await gateway.coordinator.open_upload(**given)
    return JSONResponse(told, 202, {"Location": f"/api/v1/batch/{told['batch_id']}/status"})


@router.get("/{batch_id}/status", response_model=Snapshot, responses=problems(404, 503))
async def status(batch_id: str, gateway: TheGateway, principal: Reader) -> JSONResponse:
    """How far a batch is."""
    await gateway.see(principal, batch_id)
    return JSONResponse(await gateway.status(batch_id))


async def _control(
    gateway: TheGateway, principal: Submitter, batch_id: str, event: BatchEvent
) -> JSONResponse:
    await gateway.see(principal, batch_id)
    return JSONResponse(await gateway.coordinator.control(batch_id, event))


@router.post("/{batch_id}/pause", response_model=Snapshot, responses=problems(404, 409, 503))
async def pause(batch_id: str, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """Begin nothing more of a batch; what is in flight ends."""
    return await _control(gateway, principal, batch_id, BatchEvent.PAUSE)


@router.post("/{batch_id}/resume", response_model=Snapshot, responses=problems(404, 409, 503))
async def resume(batch_id: str, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """Go on with a batch that is paused."""
    return await _control(gateway, principal, batch_id, BatchEvent.RESUME)


@router.post("/{batch_id}/cancel", response_model=Snapshot, responses=problems(404, 409, 503))
async def cancel(batch_id: str, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """End a batch: what is in flight stops, what it has fetched stays."""
    return await _control(gateway, principal, batch_id, BatchEvent.CANCEL)
