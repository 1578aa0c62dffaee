"""``/notifications``: what was sent to whom, for all batches, with every attempt."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tlray.service.page.calls import body_of
from tlray.service.page.form import TheForm, field
from tlray.service.page.rendering import render, see_other
from tlray.service.routes import notifications
from tlray.service.routes.dependencies import Reader, Submitter, TheGateway

router = APIRouter(prefix="/notifications", include_in_schema=False)
ROWS: Final = 40


@router.get("")
async def show_notifications(
    request: Request, gateway: TheGateway, principal: Reader, cursor: str = "", again: str = ""
) -> Response:
    """Show the notifications, the newest first."""
    found = body_of(await notifications.all_deliveries(gateway, principal, cursor=cursor or None, limit=ROWS))
    return render(
        request,
        "notifications.html",
        rows=found["deliveries"],
        next=found["next_cursor"],
        cursor=cursor,
        again=bool(again),
    )


@router.post("/{delivery_id}")
async def send_again(
    request: Request,
    delivery_id: notifications.DeliveryId,
    gateway: TheGateway,
    principal: Submitter,
    form: TheForm,
) -> Response:
    """Send a notification again that was given up."""
    if field(form, "do") != "retry":
        raise HTTPException(404, "there is no such action")
    sent = await notifications.retry_delivery(delivery_id, gateway, principal)
    of_batch = field(form, "back") == "batch"
    return see_other(
        request, f"/batches/{sent.batch_id}?tab=deliveries" if of_batch else "/notifications?again=1"
    )
