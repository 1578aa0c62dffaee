"""Lists in pages: batches, their items, lines and dead letters; and the retry of dead letters."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from tlray.core.access.cursor import decode, encode
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.progress import Retried
from tlray.service.http.paging import Cursor, Limit, page
from tlray.service.http.problems import problems, validation
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import BatchId, Reader, Submitter, TheGateway
from tlray.service.schemas.batches import RetryRequest
from tlray.service.schemas.lists import BatchPage, DeadLetterPage, ItemPage, LinePage

router = APIRouter(prefix="/api/v1", route_class=ApiRoute)
_BATCHES: Final[list[str | Enum]] = ["batches"]
_DEAD: Final[list[str | Enum]] = ["dead letters"]
ALL_DEAD: Final = RetryRequest()
Reason = Annotated[
    str | None, Query(max_length=200, description="Only those whose reason contains this text.")
]


@router.get("/batch", response_model=BatchPage, responses=problems(400), tags=_BATCHES)
async def batches(
    gateway: TheGateway,
    principal: Reader,
    state: Annotated[BatchState | None, Query(description="Only those in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> JSONResponse:
    """List your batches, newest first."""
    before = decode(cursor, "batches", int)[0] if cursor else None
    found, next_ = await gateway.coordinator.list_batches(
        owner=principal.sees, state=state, before=before, limit=limit
    )
    return page("batches", found, None if next_ is None else encode("batches", next_))


@router.get("/batch/{batch_id}/items", response_model=ItemPage, responses=problems(400, 404), tags=_BATCHES)
async def items(
    batch_id: BatchId,
    gateway: TheGateway,
    principal: Reader,
    state: Annotated[ItemState | None, Query(description="Only those in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> JSONResponse:
    """List the items of a batch in the order of its list. A page may be shorter than the limit; the last has no `next_cursor`."""
    await gateway.see(principal, batch_id)
    after = decode(cursor, "items", int, of=batch_id)[0] if cursor else 0
    found, next_ = await gateway.coordinator.list_items(batch_id, state=state, after=after, limit=limit)
    next_cursor = None if next_ is None else encode("items", next_, of=batch_id)
    return page("items", [_as_json(item) for item in found], next_cursor)


@router.get("/batch/{batch_id}/lines", response_model=LinePage, responses=problems(400, 404), tags=_BATCHES)
async def lines(
    batch_id: BatchId, gateway: TheGateway, principal: Reader, cursor: Cursor = None, limit: Limit = 100
) -> JSONResponse:
    """List the lines that added no item: rejected lines, and duplicates of an earlier line."""
    await gateway.see(principal, batch_id)
    after = decode(cursor, "lines", int, of=batch_id)[0] if cursor else 0
    found, next_ = await gateway.coordinator.list_refused(batch_id, after=after, limit=limit)
    return page("lines", found, None if next_ is None else encode("lines", next_, of=batch_id))


@router.post("/batch/{batch_id}/retry", response_model=Retried, responses=problems(404, 409), tags=_DEAD)
async def retry(
    batch_id: BatchId, gateway: TheGateway, principal: Submitter, body: RetryRequest = ALL_DEAD
) -> JSONResponse:
    """Queue dead letters again: those with these ids, those with a reason, or all. A completed batch opens again."""
    await gateway.see(principal, batch_id)
    if body.item_ids is not None and body.reason is not None:
        raise validation([("body", "give item_ids or reason, not both")])
    ids = None if body.item_ids is None else [int(item_id) for item_id in body.item_ids]
    return JSONResponse(await gateway.coordinator.retry(batch_id, item_ids=ids, reason=body.reason))


@router.get(
    "/dead-letters",
    response_model=DeadLetterPage,
    responses=problems(400, 404),
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
    """List the dead letters of your batches with all their attempts, newest batch first."""
    if batch_id is not None:
        await gateway.see(principal, batch_id)
    before = decode(cursor, "dead", int, int) if cursor else None
    found, next_ = await gateway.coordinator.list_dead_letters(
        owner=principal.sees, batch_id=batch_id, reason=reason, before=before, limit=limit
    )
    told = [{k: v for k, v in _as_json(letter).items() if k != "batch"} for letter in found]
    return page("dead_letters", told, None if next_ is None else encode("dead", *next_))


def _as_json(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item for JSON, where ids are text."""
    answered_by = item.get("answered_by")
    return {
        **item,
        "item_id": str(item["item_id"]),
        **({} if answered_by is None else {"answered_by": str(answered_by)}),
    }
