"""``/batches/{id}``: one batch, live; and the actions on it, as forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from tlray.core.model.lifecycle import BatchEvent, ItemState
from tlray.export.formats import all_formats
from tlray.service.page import batch_words
from tlray.service.page.calls import body_of
from tlray.service.page.estimate import estimate_of
from tlray.service.page.form import TheForm, field
from tlray.service.page.rendering import render, see_other
from tlray.service.page.words import ITEM_WORDS
from tlray.service.routes import lists
from tlray.service.routes.dependencies import BatchId, Reader, Submitter, TheGateway

router = APIRouter(prefix="/batches", include_in_schema=False)
ROWS: Final = 50
TABS: Final = ("items", "lines", "deliveries", "options")
ACTIONS: Final = {"pause": BatchEvent.PAUSE, "resume": BatchEvent.RESUME, "cancel": BatchEvent.CANCEL}


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a batch an address shows."""

    tab: str = "items"
    state: str = ""
    domain: str = ""
    q: str = ""
    line: str = ""
    cursor: str = ""
    item: str = ""

    @property
    def wanted(self) -> ItemState | None:
        """The state of the items that are listed."""
        return ItemState(self.state) if self.state in ITEM_WORDS else None

    @property
    def from_line(self) -> int:
        """The line that the list begins with."""
        return int(self.line[:9]) if self.line.isascii() and self.line.isdigit() else 1


@router.get("/{batch_id}")
async def batch(
    request: Request,
    batch_id: BatchId,
    gateway: TheGateway,
    principal: Reader,
    shown: Annotated[Shown, Depends()],
) -> Response:
    """Show a batch."""
    await gateway.see(principal, batch_id)
    status = await gateway.status(batch_id)
    tab = shown.tab if shown.tab in TABS else "items"
    cursor = shown.cursor or None
    listed: dict[str, Any] = {}
    if tab == "items":
        listed = body_of(
            await lists.items(batch_id, gateway, principal, state=shown.wanted, cursor=cursor, limit=ROWS)
        )
    elif tab == "lines":
        listed = body_of(await lists.lines(batch_id, gateway, principal, cursor=cursor, limit=200))
    elif tab == "deliveries":
        listed = {"deliveries": await gateway.coordinator.list_deliveries(batch_id)}
    return render(
        request,
        "batch.html",
        batch=status,
        estimate=estimate_of(status),
        notes=batch_words.notes(status),
        domains=batch_words.domain_rows(status),
        formats=all_formats(),
        tab=tab,
        listed=listed,
        chosen=shown,
        is_filtered=bool(shown.wanted or shown.domain or shown.q),
        words=ITEM_WORDS,
    )


@router.post("/{batch_id}/retry-dead")
async def retry(
    request: Request, batch_id: BatchId, gateway: TheGateway, principal: Submitter, form: TheForm
) -> Response:
    """Queue all dead letters of a batch again."""
    await gateway.see(principal, batch_id)
    await gateway.coordinator.retry(batch_id, item_ids=None, reason=None)
    return see_other(request, f"/batches/{batch_id}")


@router.post("/{batch_id}/{action}")
async def control(
    request: Request, batch_id: BatchId, action: str, gateway: TheGateway, principal: Submitter, form: TheForm
) -> Response:
    """Pause, resume or cancel a batch. A cancel is confirmed on a page of its own, where there is no script."""
    await gateway.see(principal, batch_id)
    if action == "cancel" and field(form, "sure") != "yes":
        await _pause_if_running(gateway, batch_id)
        return see_other(request, f"/batches/{batch_id}/cancel")
    event = ACTIONS.get(action)
    if event is not None:
        await gateway.coordinator.control(batch_id, event)
    return see_other(request, f"/batches/{batch_id}")


@router.get("/{batch_id}/cancel")
async def ask_cancel(
    request: Request, batch_id: BatchId, gateway: TheGateway, principal: Submitter
) -> Response:
    """Ask whether a paused batch is to be cancelled."""
    await gateway.see(principal, batch_id)
    return render(request, "cancel.html", batch=await gateway.status(batch_id))


async def _pause_if_running(gateway: TheGateway, batch_id: str) -> None:
    if (await gateway.status(batch_id))["state"] == "running":
        await gateway.coordinator.control(batch_id, BatchEvent.PAUSE)
