"""``/api/v1/batch``: submit a list; read the status of a batch; pause, resume or cancel it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse

from tlray.core.model.item import Priority as Level
from tlray.core.model.lifecycle import BatchEvent
from tlray.core.model.progress import Snapshot
from tlray.core.model.receipts import ListPreview
from tlray.io.catalogue.batch_quality import batch_quality
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway, new_batch_id
from tlray.service.http.problems import problems, validation
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import BatchId, Reader, Submitter, TheGateway
from tlray.service.schemas.batches import MAX_URLS, NAME, BatchPatch, BatchRequest, Priority, Receipt
from tlray.service.schemas.catalogue import StatusResponse
from tlray.service.submission.batch_request import checked_options, start_of, with_template
from tlray.service.submission.dry_run import preview
from tlray.service.submission.list_body import IN_PIECES, SentList, list_body, read_list
from tlray.service.submission.permissions import require_quota
from tlray.service.submission.url_errors import require_some_url

router = APIRouter(prefix="/api/v1/batch", tags=["batches"], route_class=ApiRoute)
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="A list that is sent again with the same key creates no second batch.",
    ),
]


@router.post(
    "",
    status_code=202,
    response_model=Receipt,
    openapi_extra=list_body("BatchRequest"),
    responses={200: {"model": ListPreview, "description": "With `dry_run`."}, **problems(400, 408, 409, 507)},
)
async def submit(
    request: Request,
    gateway: TheGateway,
    principal: Submitter,
    key: Key = None,
    state: Annotated[
        Literal["receiving"] | None,
        Query(description="Open a batch for a list in pieces; the body has no URLs then."),
    ] = None,
    name: Annotated[str, Query(max_length=200, pattern=NAME, description="For a list of lines.")] = "",
    priority: Annotated[Priority, Query(description="For a list of lines.")] = "normal",
    dry_run: Annotated[
        bool,
        Query(description="Make no batch: say what would become of the list, and how long it would take."),
    ] = False,
) -> JSONResponse:
    """Submit a list of URLs, as a whole or not at all. The answer names the lines that add no item."""
    if dry_run and state is not None:
        raise validation([("query.dry_run", "a list in pieces is not checked before; check its beginning")])
    sent = await read_list(request, max_lines=MAX_URLS, hint=IN_PIECES)
    if sent.are_urls:
        if name or priority != "normal":
            raise validation([("query", "put name and priority into the body")])
        fields = await with_template(gateway, principal, sent.fields)
        sent = replace(sent, fields=fields, texts=fields.urls)
    else:
        sent = replace(sent, fields=BatchRequest(name=name, priority=priority))
    digest = " ".join((sent.digest, state or "", priority, name))
    return await take_list(gateway, principal, sent, key=key, digest=digest, state=state, dry_run=dry_run)


async def take_list(
    gateway: Gateway,
    principal: Principal,
    sent: SentList,
    *,
    key: str | None,
    digest: str,
    state: str | None = None,
    dry_run: bool = False,
) -> JSONResponse:
    """Submit a list that was read, or only check it."""
    fields = sent.fields
    # in a thread: it reads the operator's file, and may compare thousands of domains
    options, level = await asyncio.to_thread(
        checked_options, principal, fields, gateway.settings, not_before=start_of(fields)
    )
    if dry_run:
        chunk = await sent.chunk(gateway.settings)
        return JSONResponse(await preview(gateway, chunk, options, level))
    await require_quota(gateway, principal)
    given: dict[str, Any] = {
        "batch_id": new_batch_id(), "name": fields.name, "priority": int(level), "options": options,
        "owner": principal.user, "key": key, "digest": digest,
    }  # fmt: skip
    if state is None:
        chunk = await sent.chunk(gateway.settings)
        require_some_url(chunk, sent.place)
        async with gateway.submission_keys.claimed(principal.user, key, given["batch_id"]):
            receipt = await gateway.coordinator.submit(chunk=chunk, **given)
    elif any(text.strip() for text in sent.texts):
        raise validation([("body.urls", "a list in pieces is opened without URLs; append them")])
    else:
        async with gateway.submission_keys.claimed(principal.user, key, given["batch_id"]):
            receipt = await gateway.coordinator.open_upload(**given)
    return JSONResponse(receipt, 202, {"Location": f"/api/v1/batch/{receipt['batch_id']}/status"})


@router.get("/{batch_id}/status", response_model=StatusResponse, responses=problems(404))
async def status(batch_id: BatchId, gateway: TheGateway, principal: Reader) -> JSONResponse:
    """Return the status of a batch."""
    await gateway.see(principal, batch_id)
    snapshot = await gateway.status(batch_id)
    quality = await asyncio.to_thread(batch_quality, gateway.home, batch_id)
    return JSONResponse({**snapshot, "quality": quality})


@router.patch("/{batch_id}", response_model=Snapshot, responses=problems(404))
async def change(
    body: BatchPatch, batch_id: BatchId, gateway: TheGateway, principal: Submitter
) -> JSONResponse:
    """Change the name or the priority of a batch. Items that tasks hold already keep their turn."""
    await gateway.see(principal, batch_id)
    level = None if body.priority is None else int(Level[body.priority.upper()])
    return JSONResponse(await gateway.coordinator.change_batch(batch_id, name=body.name, priority=level))


async def _control(
    gateway: TheGateway, principal: Submitter, batch_id: BatchId, event: BatchEvent
) -> JSONResponse:
    await gateway.see(principal, batch_id)
    return JSONResponse(await gateway.coordinator.control(batch_id, event, by=principal.user))


@router.post("/{batch_id}/pause", response_model=Snapshot, responses=problems(404, 409))
async def pause(batch_id: BatchId, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """Pause a batch. Fetches in flight end normally."""
    return await _control(gateway, principal, batch_id, BatchEvent.PAUSE)


@router.post("/{batch_id}/resume", response_model=Snapshot, responses=problems(404, 409))
async def resume(batch_id: BatchId, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """Resume a paused batch."""
    return await _control(gateway, principal, batch_id, BatchEvent.RESUME)


@router.post("/{batch_id}/cancel", response_model=Snapshot, responses=problems(404, 409))
async def cancel(batch_id: BatchId, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """Cancel a batch. Fetches in flight are stopped; results are kept."""
    return await _control(gateway, principal, batch_id, BatchEvent.CANCEL)
