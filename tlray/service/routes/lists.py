"""``GET /api/v1/batch``, its items and lines, its retry, and ``/api/v1/dead-letters``: lists, a page at a time."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from tlray.core.access.cursor import decode, encode
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.service.http.bodies import JSON, content_type, read_body, read_json
from tlray.service.http.paging import Cursor, Limit, page
from tlray.service.http.problems import problems, validation
from tlray.service.routes.dependencies import Reader, Submitter, TheGateway
from tlray.service.schemas.batches import Retried, RetryRequest
from tlray.service.schemas.lists import BatchPage, DeadLetterPage, ItemPage, LinePage

router = APIRouter(prefix="/api/v1")
_BATCHES: Final[list[str | Enum]] = ["batches"]
_DEAD: Final[list[str | Enum]] = ["dead letters"]
Reason = Annotated[str | None, Query(max_length=200, description="Only those whose reason contains this.")]


@router.get("/batch", response_model=BatchPage, responses=problems(400, 422, 503), tags=_BATCHES)
async def batches(
    gateway: TheGateway,
    principal: Reader,
    state: Annotated[BatchState | None, Query(description="Only those in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> JSONResponse:
    """Your batches, the newest first."""
    before = decode(cursor, "batches", int)[0] if cursor else None
    found, next_ = await gateway.coordinator.list_batches(
        owner=principal.sees, state=state, before=before, limit=limit
    )
    return page("batches", found, None if next_ is None else encode("batches", next_))


@router.get(
    "/batch/{batch_id}/items", response_model=ItemPage, responses=problems(400, 404, 422, 503), tags=_BATCHES
)
async def items(
    batch_id: str,
    gateway: TheGateway,
    principal: Reader,
    state: Annotated[ItemState | None, Query(description="Only those in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> JSONResponse:
    """A batch's items, in the order of its list. A page may be shorter than the limit; the last has no `next_cursor`."""
    await gateway.see(principal, batch_id)
    after = decode(cursor, "items", int, of=batch_id)[0] if cursor else 0
    found, next_ = await gateway.coordinator.list_items(batch_id, state=state, after=after, limit=limit)
    next_cursor = None if next_ is None else encode("items", next_, of=batch_id)
    return page("items", [_told(item) for item in found], next_cursor)


@router.get(
    "/batch/{batch_id}/lines", response_model=LinePage, responses=problems(400, 404, 422, 503), tags=_BATCHES
)
async def lines(
    batch_id: str, gateway: TheGateway, principal: Reader, cursor: Cursor = None, limit: Limit = 100
) -> JSONResponse:
    """The lines of a batch's list that made no item: rejected ones, and duplicates of an earlier line."""
    await gateway.see(principal, batch_id)
    after = decode(cursor, "lines", int, of=batch_id)[0] if cursor else 0
    found, next_ = await gateway.coordinator.list_refused(batch_id, after=after, limit=limit)
    return page("lines", found, None if next_ is None else encode("lines", next_, of=batch_id))


RETRY_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "Nothing, or `{}`: all dead letters.",
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/RetryRequest"}}},
    }
}


@router.post(
    "/batch/{batch_id}/retry",
    response_model=Retried,
    openapi_extra=RETRY_BODY,
    responses=problems(400, 404, 409, 413, 415, 422, 503),
    tags=_DEAD,
)
async def retry(request: Request, batch_id: str, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """Queue dead letters again: those named, those with a reason, or all. A completed batch opens again."""
    await gateway.see(principal, batch_id)
    body = await read_body(request)
    asked = RetryRequest()
    if body:
        content_type(request, (JSON,))
        asked = read_json(body, RetryRequest)
    if asked.item_ids is not None and asked.reason is not None:
        raise validation([("body", "say item_ids or reason, not both")])
    ids = None if asked.item_ids is None else [int(item_id) for item_id in asked.item_ids]
    told = await gateway.coordinator.retry(batch_id, item_ids=ids, reason=asked.reason)
    return JSONResponse(told)


@router.get(
    "/dead-letters",
    response_model=DeadLetterPage,
    responses=problems(400, 404, 422, 503),
    tags=_DEAD,
)
async def dead_letters(
    gateway: TheGateway,
    principal: Reader,
    batch_id: Annotated[str | None, Query(description="Only those of this batch.")] = None,
    reason: Reason = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> JSONResponse:
    """The dead letters of your batches, each with every attempt that was made; those of the newest batch first."""
    if batch_id is not None:
        await gateway.see(principal, batch_id)
    before = decode(cursor, "dead", int, int) if cursor else None
    found, next_ = await gateway.coordinator.list_dead_letters(
        owner=principal.sees, batch_id=batch_id, reason=reason, before=before, limit=limit
    )
    told = [{k: v for k, v in _told(letter).items() if k != "batch"} for letter in found]
    return page("dead_letters", told, None if next_ is None else encode("dead", *next_))


def _told(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as it is told: ids are words, not numbers to count with."""
    told = {**item, "item_id": str(item["item_id"])}
    if told.get("answered_by") is not None:
        told["answered_by"] = str(told["answered_by"])
    return told
