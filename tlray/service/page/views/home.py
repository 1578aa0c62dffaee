"""``/``: the batches if there is one, else a new batch."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from tlray.service.page.rendering import HEADERS
from tlray.service.routes.dependencies import Reader, TheGateway

router = APIRouter(include_in_schema=False)


@router.get("/")
async def home(request: Request, gateway: TheGateway, principal: Reader) -> Response:
    """Redirect to where the work is; the address is relative, because a proxy may put us below a path."""
    found, _ = await gateway.coordinator.list_batches(owner=principal.sees, state=None, before=None, limit=1)
    can_begin = "submit" in principal.scopes
    return RedirectResponse("batches" if found or not can_begin else "new", 307, HEADERS)
