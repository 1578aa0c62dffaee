"""``/batches/{id}``: one batch, live; and the actions on it, as forms."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from tlray.core.model.lifecycle import BatchEvent, ItemState
from tlray.core.model.progress import BatchStatus
from tlray.export.formats import all_formats
from tlray.io.catalogue.item_sets import sets_of_item
from tlray.service.auth.principal import Principal
from tlray.service.backend.catalogue_questions import questions_of
from tlray.service.backend.gateway import Gateway
from tlray.service.page import batch_words
from tlray.service.page.addresses import set_path
from tlray.service.page.batch_words import Facts
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
FIRST_DOMAINS: Final = 8
MAX_DOMAINS: Final = 200
MAX_GROUPED: Final = 100_000
"""Dead letters of a batch that are counted by kind for a sentence; of more the dead letters' own view tells."""
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
    domains: str = ""
    """``all``: more than the first few are listed."""

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
    facts, listed = await asyncio.gather(
        _facts(batch_id, gateway, principal),
        _listed(tab, batch_id, gateway, principal, shown),
    )
    status, rows = facts.status, _domains(facts)
    return render(
        request,
        "batch.html",
        batch=status,
        estimate=estimate_of(status),
        ended=_ended(facts),
        notes=batch_words.notes(facts, may_submit="submit" in principal.scopes),
        domains=rows,
        n_shown=MAX_DOMAINS if shown.domains == "all" else FIRST_DOMAINS,
        resting=batch_words.resting_text(rows),
        n_lines=_n_lines(status),
        priorities=("immediate", "normal", "low"),
        formats=all_formats(),
        tab=tab,
        listed=listed,
        chosen=shown,
        is_filtered=bool(shown.wanted or shown.domain or shown.q),
        words=ITEM_WORDS,
    )


async def _facts(batch_id: str, gateway: Gateway, principal: Principal) -> Facts:
    """Return what the sentences of a batch are made of."""
    status, found = await asyncio.gather(
        gateway.status(batch_id), lists.batch_domains(batch_id, gateway, principal, cursor=None, limit=1000)
    )
    facts = Facts(status, domains=_sorted(body_of(found)["domains"]))
    if status["state"] != "running":
        facts = replace(facts, origin=await gateway.coordinator.batch_origin(batch_id))
    if 0 < status["counts"]["dead"] <= MAX_GROUPED:
        dead = body_of(await dead_letters.dead_groups(gateway, principal, batch_id=batch_id))
        facts = replace(facts, dead=dead["groups"], seen=dead["version"])
    return facts


def _ended(facts: Facts) -> dict[str, Any] | None:
    """Return what was said of the end of a batch at half way, and when it ended."""
    origin = facts.origin
    if facts.status["state"] != "completed" or origin is None or origin["half_way"] is None:
        return None
    return {"said": origin["half_way"], "at": origin["finished_at"]}


def _sorted(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the domains of a batch, those with the most left first."""
    return sorted(found, key=lambda row: (-row["left"], row["domain"]))


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
    return dict(await gateway.coordinator.batch_origin(batch_id))


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


def _domains(facts: Facts) -> list[dict[str, Any]]:
    """Return the domains of a batch as their rows show them."""
    return [{**row, **batch_words.domain_state(row, of=facts.status["state"])} for row in facts.domains]


@router.get("/{batch_id}/words")
async def words(request: Request, batch_id: BatchId, gateway: TheGateway, principal: Reader) -> Response:
    """Return the sentences of a batch, for the script: one place words them. For a second all are told the same."""
    await gateway.see(principal, batch_id)
    may_submit = "submit" in principal.scopes

    async def ask() -> dict[str, Any]:
        facts = await _facts(batch_id, gateway, principal)
        estimate = estimate_of(facts.status)
        name = facts.status["state"]
        rows = _domains(facts)
        return {
            "name": name,
            "dead": facts.status["counts"]["dead"],
            "state": {"glyph": GLYPHS[name], "tone": TONES[name], "word": BATCH_WORDS[name]},
            "eta": f"No end can be told yet: {estimate.reason}." if estimate.reason and not estimate.likely_by else "",
            "ended": _ended(facts),
            "notes": [asdict(note) for note in batch_words.notes(facts, may_submit=may_submit)],
            "resting": batch_words.resting_text(rows),
            "domains": [
                {"domain": row["domain"], "glyph": row["glyph"], "tone": row["tone"], "word": row["word"],
                 "reason": row["reason"], "until": row["cooling_until"],
                 "rate": row["rate_text"], "done": row["done"], "left": row["left"]}
                for row in rows[:MAX_DOMAINS]
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
    status, sets = await asyncio.gather(gateway.status(batch_id), _sets_of(gateway, batch_id, item_id))
    return render(request, "item.html", batch=status, item=found, page_text=text, sets=sets)


async def _sets_of(gateway: Gateway, batch_id: str, item_id: str) -> list[dict[str, str]]:
    """Return the sets of the catalogue that came of an item."""
    _, found = await questions_of(gateway.home).ask(lambda db: sets_of_item(db, batch_id, int(item_id)))
    return [{"title": title, "path": set_path(site, source_id)} for site, source_id, title in found]


@router.get("/{batch_id}/items/{item_id}/sets")
async def item_sets(
    request: Request, batch_id: BatchId, item_id: items.ItemId, gateway: TheGateway, principal: Reader
) -> Response:
    """Return the sets of an item, for its panel."""
    await gateway.see(principal, batch_id)
    return answered(request, {"sets": await _sets_of(gateway, batch_id, item_id)})


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
    """Queue all dead letters of a batch again, or those of one kind at one domain as far as they were seen."""
    kind, domain, seen = (field(form, name) for name in ("kind", "domain", "seen"))
    wanted = RetryRequest()
    if kind:
        until = int(seen) if seen.isdecimal() else None
        wanted = checked(RetryRequest, kind=kind, domain=domain, up_to_version=until)
    await dead_letters.retry(batch_id, gateway, principal, wanted)
    return see_other(request, f"/batches/{batch_id}")


@router.post("/{batch_id}/{action}")
async def control(
    request: Request, batch_id: BatchId, action: str, gateway: TheGateway, principal: Submitter, form: TheForm
) -> Response:
    """Pause, resume or cancel a batch. A cancel is confirmed on a page of its own, where there is no script."""
    await gateway.see(principal, batch_id)
    if action == "cancel" and field(form, "sure") != "yes":
        await _pause_if_running(gateway, principal, batch_id)
        return see_other(request, f"/batches/{batch_id}/cancel")
    event = ACTIONS.get(action)
    if event is None:
        raise HTTPException(404, "there is no such action")
    await gateway.coordinator.control(batch_id, event, by=principal.user)
    return see_other(request, f"/batches/{batch_id}")


@router.get("/{batch_id}/cancel")
async def ask_cancel(
    request: Request, batch_id: BatchId, gateway: TheGateway, principal: Submitter
) -> Response:
    """Ask whether a paused batch is to be cancelled."""
    await gateway.see(principal, batch_id)
    return render(request, "cancel.html", batch=await gateway.status(batch_id))


async def _pause_if_running(gateway: Gateway, principal: Principal, batch_id: str) -> None:
    if (await gateway.status(batch_id))["state"] == "running":
        await gateway.coordinator.control(batch_id, BatchEvent.PAUSE, by=principal.user)
