"""``/api/v1/batch/{id}/append`` and ``/commit``: a long list in pieces, accepted as a whole or not at all.

No process holds more than one piece. A piece whose answer was lost is sent again under its number, with the same answer.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from tlray.service.http.problems import problems
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import BatchId, Submitter, TheGateway
from tlray.service.schemas.batches import (
    MAX_PIECE_LINES,
    CommitRequest,
    PieceReceipt,
    PieceRequest,
    Receipt,
)
from tlray.service.submission.list_body import list_body, read_list

router = APIRouter(prefix="/api/v1/batch", tags=["batches"], route_class=ApiRoute)
SMALLER: Final = "send it in smaller pieces"
COMMIT_TIMEOUT_S: Final = 300.0
"""Millions of lines are counted by domain before the batch begins."""
ANY_NUMBER: Final = CommitRequest()


@router.post(
    "/{batch_id}/append",
    response_model=PieceReceipt,
    openapi_extra=list_body("PieceRequest"),
    responses=problems(400, 404, 408, 409, 507),
)
async def append(
    request: Request,
    batch_id: BatchId,
    gateway: TheGateway,
    principal: Submitter,
    piece: Annotated[int, Query(ge=1, le=1_000_000, description="Counts from 1.", examples=[1])],
) -> JSONResponse:
    """Add a piece to a list that was opened with `?state=receiving`. After a 429, send the same piece again later."""
    await gateway.see(principal, batch_id)
    sent = await read_list(request, max_lines=MAX_PIECE_LINES, hint=SMALLER, model=PieceRequest)
    first_line, receipt = await gateway.coordinator.chunk_position(batch_id, piece, sent.digest)
    if receipt is None:
        chunk = await sent.chunk(gateway.settings, first_line=first_line)
        receipt = await gateway.coordinator.append_chunk(
            batch_id, piece, digest=sent.digest,
            first_line=first_line, n_lines=len(sent.texts), chunk=chunk,
        )  # fmt: skip
    return JSONResponse(receipt)


@router.post("/{batch_id}/commit", status_code=202, response_model=Receipt, responses=problems(404, 409, 507))
async def commit(
    batch_id: BatchId, gateway: TheGateway, principal: Submitter, body: CommitRequest = ANY_NUMBER
) -> JSONResponse:
    """Start the batch after all pieces of its list were sent. A second commit changes nothing and has the same answer."""
    await gateway.see(principal, batch_id)
    receipt = await gateway.within(COMMIT_TIMEOUT_S).commit_upload(batch_id, body.pieces)
    return JSONResponse(receipt, 202, {"Location": f"/api/v1/batch/{batch_id}/status"})
