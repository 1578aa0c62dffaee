"""Lists in pages: batches, and the lines and domains of one."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from tlray.core.access.cursor import decode, encode
from tlray.core.model.lifecycle import BatchState
from tlray.service.http.paging import Cursor, Limit, page
from tlray.service.http.problems import problems
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import BatchId, Reader, TheGateway
from tlray.service.schemas.lists import BatchDomainPage, BatchPage, LinePage

router = APIRouter(prefix="/api/v1", route_class=ApiRoute)
_BATCHES: Final[list[str | Enum]] = ["batches"]


@router.get("/batch", response_model=BatchPage, responses=problems(400), tags=_BATCHES)
async def batches(
    gateway: TheGateway,
    principal: Reader,
    state: Annotated[BatchState | None, Query(description="Only those in this state.")] = None,
    schedule_id: Annotated[
        str | None, Query(max_length=64, description="Only those that this schedule submitted.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> JSONResponse:
    """List your batches, newest first."""
    before = decode(cursor, "batches", int)[0] if cursor else None
    found, next_ = await gateway.coordinator.list_batches(
        owner=principal.sees, state=state, before=before, limit=limit, schedule_id=schedule_id
    )
    return page("batches", found, None if next_ is None else encode("batches", next_))


@router.get("/batch/{batch_id}/lines", response_model=LinePage, responses=problems(400, 404), tags=_BATCHES)
async def lines(
    batch_id: BatchId, gateway: TheGateway, principal: Reader, cursor: Cursor = None, limit: Limit = 100
) -> JSONResponse:
    """List the lines that added no item: rejected lines, and duplicates of an earlier line."""
    await gateway.see(principal, batch_id)
    after = decode(cursor, "lines", int, of=batch_id)[0] if cursor else 0
    found, next_ = await gateway.coordinator.list_refused(batch_id, after=after, limit=limit)
    return page("lines", found, None if next_ is None else encode("lines", next_, of=batch_id))


@router.get(
    "/batch/{batch_id}/domains", response_model=BatchDomainPage, responses=problems(400, 404), tags=_BATCHES
)
async def batch_domains(
    batch_id: BatchId, gateway: TheGateway, principal: Reader, cursor: Cursor = None, limit: Limit = 100
) -> JSONResponse:
    """List all domains of a batch by name, those that are finished too."""
    await gateway.see(principal, batch_id)
    after = decode(cursor, "batch-domains", str, of=batch_id)[0] if cursor else ""
    found, next_ = await gateway.coordinator.list_batch_domains(batch_id, after=after, limit=limit)
    return page("domains", found, None if next_ is None else encode("batch-domains", next_, of=batch_id))
