"""The items of a batch: a window of the list, one with all its attempts, and its archived page as text."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from tlray.core.access.cursor import decode, encode
from tlray.core.model.lifecycle import ItemState
from tlray.io.journal.rows import ItemFilter
from tlray.io.reparse.page_text import TooLongError, read_page_text
from tlray.io.results.open_store import open_store
from tlray.io.results.store import PartMoved
from tlray.service.http.paging import Cursor, Limit, page
from tlray.service.http.problems import ProblemError, not_found, problems
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import BatchId, Reader, TheGateway
from tlray.service.schemas.batches import ITEM_ID
from tlray.service.schemas.lists import ItemDetails, ItemPage

router = APIRouter(prefix="/api/v1/batch", tags=["batches"], route_class=ApiRoute)
ItemId = Annotated[str, Path(pattern=ITEM_ID, examples=["17"])]
TRIES: Final = 5
"""How often a page is looked for whose part is being merged or published just now."""
AS_TEXT: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}
"""No browser takes the text for a page, whatever it holds."""
PAGE_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The beginning of the page as text, at most 1 MB. `X-Tlray-Truncated: true` if there is more.",
        "content": {
            "text/plain": {"schema": {"type": "string"}, "example": "<!doctype html>\n<title>A set</title>\n"}
        },
        "headers": {"X-Tlray-Truncated": {"schema": {"type": "string", "enum": ["true", "false"]}}},
    }
}
Text = Annotated[str | None, Query(min_length=1, max_length=200)]


@router.get("/{batch_id}/items", response_model=ItemPage, responses=problems(400, 404))
async def items(  # noqa: PLR0913, PLR0917 - each is a condition
    batch_id: BatchId,
    gateway: TheGateway,
    principal: Reader,
    state: Annotated[ItemState | None, Query(description="Only those in this state.")] = None,
    domain: Annotated[
        str | None, Query(max_length=300, description="Only those that are, or were last, at this domain.")
    ] = None,
    reason: Annotated[Text, Query(description="Only those whose reason contains this text.")] = None,
    q: Annotated[Text, Query(description="Only those whose URL or reason contains this text.")] = None,
    from_line: Annotated[
        int | None,
        Query(
            ge=1, le=2**53, description="Begin at this line of the list; a cursor goes on from its own place."
        ),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> JSONResponse:
    """List the items of a batch in the order of its list. A page may be shorter than the limit; the last has no `next_cursor`."""
    await gateway.see(principal, batch_id)
    after, first = (decode(cursor, "items", int, of=batch_id)[0], 0) if cursor else (0, from_line or 0)
    shown = ItemFilter(state, domain, reason, q)
    found, next_ = await gateway.coordinator.list_items(
        batch_id, shown, after=after, from_line=first, limit=limit
    )
    next_cursor = None if next_ is None else encode("items", next_, of=batch_id)
    return page("items", [as_json(item) for item in found], next_cursor)


@router.get("/{batch_id}/items/{item_id}", response_model=ItemDetails, responses=problems(404))
async def item(batch_id: BatchId, item_id: ItemId, gateway: TheGateway, principal: Reader) -> JSONResponse:
    """Return an item with its attempts, the first one first."""
    await gateway.see(principal, batch_id)
    found = await gateway.coordinator.get_item(batch_id, int(item_id))
    if found is None:
        raise not_found("item", item_id)
    return JSONResponse(as_json(found))


@router.get(
    "/{batch_id}/items/{item_id}/page",
    response_class=PlainTextResponse,
    responses={**PAGE_RESPONSE, **problems(404, 413)},
)
async def item_page(batch_id: BatchId, item_id: ItemId, gateway: TheGateway, principal: Reader) -> Response:
    """Return the page that was archived last for an item, as plain text."""
    await gateway.see(principal, batch_id)
    for n_tried in range(1, TRIES + 1):
        place = await gateway.coordinator.find_page(batch_id, int(item_id))
        if place is None:
            raise not_found("archived page of item", item_id)
        try:
            text, is_cut = await asyncio.to_thread(read_page_text, open_store(gateway.home), *place)
        except PartMoved:
            if n_tried == TRIES:
                raise
            await asyncio.sleep(0.1 * n_tried)
        except TooLongError as error:
            raise ProblemError(413, str(error)) from None
        else:
            break
    headers = {**AS_TEXT, "X-Tlray-Truncated": str(is_cut).lower()}
    return PlainTextResponse(text, headers=headers)


def as_json(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item for JSON, where ids are text."""
    answered_by = item.get("answered_by")
    return {
        **item,
        "item_id": str(item["item_id"]),
        **({} if answered_by is None else {"answered_by": str(answered_by)}),
    }
