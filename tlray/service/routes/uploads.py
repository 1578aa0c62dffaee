"""``/api/v1/batch/{id}/append`` and ``/commit``: a list that is too long for one call comes in pieces, all of it or nothing.

No process ever holds more than a piece. A piece whose answer was lost is sent again under its number and answered the same.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from tlray.service.http.bodies import JSON, content_type, read_body, read_json
from tlray.service.http.problems import problems
from tlray.service.routes.dependencies import Submitter, TheGateway
from tlray.service.schemas.batches import MAX_PIECE_LINES, CommitRequest, PieceReceipt, PieceRequest, Receipt
from tlray.service.submission.list_body import list_body, read_list

router = APIRouter(prefix="/api/v1/batch", tags=["batches"])
SMALLER: Final = "send it in smaller pieces"
COMMIT_TIMEOUT_S: Final = 300.0
"""A list of millions is counted by domain before it begins."""
COMMIT_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "description": "Nothing, or how many pieces there must be.",
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/CommitRequest"}}},
    }
}


@router.post(
    "/{batch_id}/append",
    response_model=PieceReceipt,
    openapi_extra=list_body("PieceRequest"),
    responses=problems(400, 404, 409, 413, 415, 422, 429, 503, 507),
)
async def append(
    request: Request,
    batch_id: str,
    gateway: TheGateway,
    principal: Submitter,
    piece: Annotated[int, Query(ge=1, le=1_000_000, description="Pieces are counted from 1.")],
) -> JSONResponse:
    """Add a piece to a list that was opened with `?state=receiving`. 429 means: not now, the same piece again later."""
    await gateway.see(principal, batch_id)
    sent = await read_list(request, max_lines=MAX_PIECE_LINES, hint=SMALLER, model=PieceRequest)
    first_line, told = await gateway.coordinator.chunk_position(batch_id, piece, sent.digest)
    if told is None:
        chunk = await sent.chunk(gateway.settings, first_line=first_line)
        told = await gateway.coordinator.append_chunk(
            batch_id, piece, digest=sent.digest,
            first_line=first_line, n_lines=len(sent.texts), chunk=chunk,
        )  # fmt: skip
    return JSONResponse(told)


@router.post(
    "/{batch_id}/commit",
    status_code=202,
    response_model=Receipt,
    openapi_extra=COMMIT_BODY,
    responses=problems(400, 404, 409, 413, 415, 422, 503, 507),
)
async def commit(request: Request, batch_id: str, gateway: TheGateway, principal: Submitter) -> JSONResponse:
    """Make a list real, once all its pieces are there. Said again it changes nothing and is answered the same."""
    await gateway.see(principal, batch_id)
    body = await read_body(request)
    asked = CommitRequest()
    if body:
        content_type(request, (JSON,))
        asked = read_json(body, CommitRequest)
    told = await gateway.within(COMMIT_TIMEOUT_S).commit_upload(batch_id, asked.pieces)
    return JSONResponse(told, 202, {"Location": f"/api/v1/batch/{batch_id}/status"})
