"""``/batches/{id}``: one batch, live; and the actions on it, as forms."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from tlray.core.model.lifecycle import BatchEvent, ItemState
from tlray.core.model.progress import BatchStatus
from tlray.export.formats import all_formats
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.page import batch_words
from tlray.service.page.calls import body_of, checked
from tlray.service.page.estimate import estimate_of
from tlray.service.page.form import TheForm, field
from tlray.service.page.recent import answered
from tlray.service.page.rendering import render, see_other
from tlray.service.page.words import BATCH_WORDS, GLYPHS, ITEM_WORDS, TONES
from tlray.service.routes import dead_letters, items, lists, notifications
from tlray.service.routes.dependencies import BatchId, Reader, Submitter, TheGateway
from tlray.service.schemas.batches import RetryRequest

router = APIRouter(prefix="/batches", include_in_schema=False)
ROWS: Final = 50
MAX_DOMAINS: Final = 50
PAGE_CHARS: Final = 20_000
TOLD_S: Final = 1.0
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
    tab = shown.tab if shown.tab in TABS else "items"
    status, listed, found = await asyncio.gather(
        gateway.status(batch_id),
        _listed(tab, batch_id, gateway, principal, shown),
        _found_domains(batch_id, gateway, principal),
    )
    return render(
        request,
        "batch.html",
        batch=status,
        estimate=estimate_of(status),
        notes=batch_words.notes(status, may_submit="submit" in principal.scopes),
        domains=_domains(found, status["state"]),
        n_lines=_n_lines(status),
        priorities=("immediate", "normal", "low"),
        formats=all_formats(),
        tab=tab,
        listed=listed,
        chosen=shown,
        is_filtered=bool(shown.wanted or shown.domain or shown.q),
        words=ITEM_WORDS,
    )


async def _listed(
    tab: str, batch_id: str, gateway: Gateway, principal: Principal, shown: Shown
) -> dict[str, Any]:
    """Return what a tab lists."""
    cursor = shown.cursor or None
    if tab == "items":
        return dict(body_of(await _items(batch_id, gateway, principal, shown)))
    if tab == "lines":
        return dict(body_of(await lists.lines(batch_id, gateway, principal, cursor=cursor, limit=200)))
    if tab == "deliveries":
        return (await notifications.deliveries(batch_id, gateway, principal)).model_dump()
    return {}


def _n_lines(status: BatchStatus) -> int:
    """Return how many lines the list has that was given; items that pages of lists have added have lines of those."""
    added = status["found"] + status["lists"]
    return status["total"] - added + status["duplicates"] + status["n_rejected"]


async def _items(batch_id: str, gateway: Gateway, principal: Principal, shown: Shown) -> JSONResponse:
    cursor = shown.cursor or None
    return await items.items(
        batch_id, gateway, principal, state=shown.wanted, domain=shown.domain[:300] or None, q=shown.q[:200] or None,
        from_line=None if cursor else shown.from_line, cursor=cursor, limit=ROWS,
    )  # fmt: skip


async def _found_domains(batch_id: str, gateway: Gateway, principal: Principal) -> list[dict[str, Any]]:
    answer = await lists.batch_domains(batch_id, gateway, principal, cursor=None, limit=1000)
    return list(body_of(answer)["domains"])


def _domains(found: list[dict[str, Any]], state: str) -> list[dict[str, Any]]:
    """Return the domains of a batch, those with the most left first."""
    rows = sorted(found, key=lambda row: (-row["left"], row["domain"]))
    return [{**row, **batch_words.domain_state(row, of=state)} for row in rows]


@router.get("/{batch_id}/words")
async def words(request: Request, batch_id: BatchId, gateway: TheGateway, principal: Reader) -> Response:
    """Return the sentences of a batch, for the script: one place words them. For a second all are told the same."""
    await gateway.see(principal, batch_id)
    may_submit = "submit" in principal.scopes

    async def ask() -> dict[str, Any]:
        status, found = await asyncio.gather(
            gateway.status(batch_id), _found_domains(batch_id, gateway, principal)
        )
        estimate = estimate_of(status)
        name = status["state"]
        return {
            "state": {"glyph": GLYPHS[name], "tone": TONES[name], "word": BATCH_WORDS[name]},
            "eta": f"No end can be told yet: {estimate.reason}." if estimate.reason and not estimate.likely_by else "",
            "notes": [asdict(note) for note in batch_words.notes(status, may_submit=may_submit)],
            "domains": [
                {"domain": row["domain"], "glyph": row["glyph"], "tone": row["tone"], "word": row["word"],
                 "reason": row["reason"], "rate": row["rate_text"], "done": row["done"]}
                for row in _domains(found, name)[:MAX_DOMAINS]
            ],
        }  # fmt: skip

    return answered(
        request, await request.app.state.recent.get(("words", batch_id, may_submit), ask, for_s=TOLD_S)
    )


@router.get("/{batch_id}/items/{item_id}")
async def item(
    request: Request, batch_id: BatchId, item_id: items.ItemId, gateway: TheGateway, principal: Reader
) -> Response:
    """Show one item: its state, its attempts, its page as text."""
    found = body_of(await items.item(batch_id, item_id, gateway, principal))
    text = ""
    if found["has_page"]:
        page = await items.item_page(batch_id, item_id, gateway, principal)
        text = bytes(page.body).decode(errors="replace")[:PAGE_CHARS]
    status = await gateway.status(batch_id)
    return render(request, "item.html", batch=status, item=found, page_text=text)


@router.post("/{batch_id}/items/{item_id}/retry")
async def retry_item(
    request: Request,
    batch_id: BatchId,
    item_id: items.ItemId,
    gateway: TheGateway,
    principal: Submitter,
    form: TheForm,
) -> Response:
    """Queue one dead letter again."""
    await dead_letters.retry(batch_id, gateway, principal, checked(RetryRequest, item_ids=[item_id]))
    return see_other(request, f"/batches/{batch_id}/items/{item_id}")


@router.post("/{batch_id}/retry-dead")
async def retry(
    request: Request, batch_id: BatchId, gateway: TheGateway, principal: Submitter, form: TheForm
) -> Response:
    """Queue all dead letters of a batch again."""
    await dead_letters.retry(batch_id, gateway, principal, RetryRequest())
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
    if event is None:
        raise HTTPException(404, "there is no such action")
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
