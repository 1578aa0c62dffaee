"""``/notifications``: what was sent to whom, for all batches, with every attempt."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tlray.service.page.calls import body_of
from tlray.service.page.rendering import render
from tlray.service.routes import notifications
from tlray.service.routes.dependencies import Reader, TheGateway

router = APIRouter(prefix="/notifications", include_in_schema=False)
ROWS: Final = 40


@router.get("")
async def show_notifications(
    request: Request, gateway: TheGateway, principal: Reader, cursor: str = ""
) -> Response:
    """Show the notifications, the newest first."""
    found = body_of(await notifications.all_deliveries(gateway, principal, cursor=cursor or None, limit=ROWS))
    return render(
        request, "notifications.html", rows=found["deliveries"], next=found["next_cursor"], cursor=cursor
    )
