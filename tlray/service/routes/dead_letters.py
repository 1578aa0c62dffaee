"""Dead letters: the list of them, counted by kind and domain, and the retry."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from tlray.core.access.cursor import decode, encode
from tlray.core.model.progress import Retried, RetriedGroup
from tlray.core.model.receipts import DeadGroups
from tlray.io.journal.rows import SeenGroup
from tlray.service.http.paging import Cursor, Limit, page
from tlray.service.http.problems import problems, validation
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import BatchId, Reader, Submitter, TheGateway
from tlray.service.routes.items import as_json
from tlray.service.schemas.batches import GroupRequest, RetryRequest
from tlray.service.schemas.lists import DeadLetterPage

router = APIRouter(prefix="/api/v1", tags=["dead letters"], route_class=ApiRoute)
ALL_DEAD = RetryRequest()
OfBatch = Annotated[str | None, Query(description="Only those of this batch.")]


@router.post("/batch/{batch_id}/retry", response_model=Retried, responses=problems(404, 409))
async def retry(
    batch_id: BatchId, gateway: TheGateway, principal: Submitter, body: RetryRequest = ALL_DEAD
) -> JSONResponse:
    """Queue dead letters again: some ids, those with a reason, of a kind at a domain, or all. A completed batch opens again."""
    await gateway.see(principal, batch_id)
    given = [body.item_ids, body.reason, body.kind]
    if sum(value is not None for value in given) > 1:
        raise validation([("body", "give one of item_ids, reason, and kind with domain")])
    if (body.kind is None) != (body.domain is None) or (body.up_to_version is not None and body.kind is None):
        raise validation([("body.kind", "give kind and domain together, with or without up_to_version")])
    seen = None
    if body.kind is not None and body.domain is not None:
        seen = SeenGroup(body.kind, body.domain, body.up_to_version)
    ids = None if body.item_ids is None else [int(item_id) for item_id in body.item_ids]
    return JSONResponse(
        await gateway.coordinator.retry(batch_id, item_ids=ids, reason=body.reason, seen=seen)
    )


@router.get("/dead-letters", response_model=DeadLetterPage, responses=problems(400, 404))
async def dead_letters(
    gateway: TheGateway,
    principal: Reader,
    batch_id: OfBatch = None,
    reason: Annotated[
        str | None, Query(max_length=200, description="Only those whose reason contains this text.")
    ] = None,
    kind: Annotated[
        str | None, Query(max_length=50, description="Only those of this kind.", examples=["timeout"])
    ] = None,
    domain: Annotated[str | None, Query(max_length=300, description="Only those at this domain.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> JSONResponse:
    """List the dead letters of your batches with all their attempts, newest batch first."""
    if batch_id is not None:
        await gateway.see(principal, batch_id)
    before = decode(cursor, "dead", int, int) if cursor else None
    found, next_ = await gateway.coordinator.list_dead_letters(
        owner=principal.sees,
        batch_id=batch_id,
        reason=reason,
        kind=kind,
        domain=domain,
        before=before,
        limit=limit,
    )
    shown = [{k: v for k, v in as_json(letter).items() if k != "batch"} for letter in found]
    return page("dead_letters", shown, None if next_ is None else encode("dead", *next_))


@router.get("/dead-letters/groups", response_model=DeadGroups, responses=problems(404))
async def dead_groups(gateway: TheGateway, principal: Reader, batch_id: OfBatch = None) -> JSONResponse:
    """Count the dead letters of your batches, or of one, by kind and domain, and say whether a retry helps."""
    if batch_id is not None:
        await gateway.see(principal, batch_id)
    return JSONResponse(await gateway.coordinator.dead_groups(owner=principal.sees, batch_id=batch_id))


@router.post("/dead-letters/retry", response_model=RetriedGroup)
async def retry_group(body: GroupRequest, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """Queue a group of dead letters again, in all your batches. Batches that are cancelled stay so."""
    seen = SeenGroup(body.kind, body.domain, body.up_to_version)
    return JSONResponse(await gateway.coordinator.retry_group(principal.sees, seen))
