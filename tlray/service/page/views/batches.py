"""``/batches``: the open batches as cards, the others in a table."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tlray.core.access.cursor import decode, encode
from tlray.core.model.lifecycle import BatchState
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.page.estimate import estimate_of
from tlray.service.page.recent import answered
from tlray.service.page.rendering import render
from tlray.service.page.words import BATCH_WORDS
from tlray.service.routes.dependencies import Reader, TheGateway

router = APIRouter(include_in_schema=False)
CARDS: Final = 12
FIGURES: Final = ("batch_id", "state", "counts", "total", "rate_per_min")
TOLD_S: Final = 1.0
"""For so long what was told of the open batches is told again."""
ROWS: Final = 50
MAX_LOOKED_AT: Final = 2_000
"""Batches that are looked at for one page of a filter by name or owner."""
OPEN: Final = (BatchState.RUNNING, BatchState.PAUSED, BatchState.CANCELLING, BatchState.SCHEDULED)


@router.get("/batches")
async def batches(
    request: Request,
    gateway: TheGateway,
    principal: Reader,
    state: str = "",
    q: str = "",
    owner: str = "",
    cursor: str = "",
) -> Response:
    """Show the list."""
    wanted = state if state in BATCH_WORDS else ""
    rows, next_ = await _rows(gateway, principal, wanted, q.strip(), owner.strip(), cursor)
    is_first = not (wanted or q or owner or cursor)
    cards = await _cards(gateway, principal) if is_first else []
    shown = {card["batch_id"] for card in cards}
    return render(
        request,
        "batches.html",
        cards=cards,
        follows=is_first,
        rows=[row for row in rows if row["batch_id"] not in shown],
        next=next_,
        words=BATCH_WORDS,
        chosen={"state": wanted, "q": q, "owner": owner},
        is_filtered=bool(wanted or q or owner),
        has_any=bool(rows or cards),
        sees_all=principal.sees is None and bool(principal.user),
    )


@router.get("/batches/open")
async def open_batches(request: Request, gateway: TheGateway, principal: Reader) -> Response:
    """Return the figures of the open batches, for the script."""

    async def ask() -> list[dict[str, Any]]:
        return [
            {name: card[name] for name in FIGURES}
            | {
                "end": [card["estimate"].not_before, card["estimate"].likely_by],
                "why": card["estimate"].reason,
            }
            for card in await _cards(gateway, principal)
        ]

    found = await request.app.state.recent.get(("open batches", principal.sees), ask, for_s=TOLD_S)
    return answered(request, {"batches": found})


async def _cards(gateway: Gateway, principal: Principal) -> list[dict[str, Any]]:
    """Return the open batches, as they stand now."""
    found: list[str] = []
    for state in OPEN:
        rows, _ = await gateway.coordinator.list_batches(
            owner=principal.sees, state=state, before=None, limit=CARDS - len(found)
        )
        found += [row["batch_id"] for row in rows]
        if len(found) == CARDS:
            break
    stands = await asyncio.gather(*(gateway.status(batch_id) for batch_id in found))
    return [{**status, "estimate": estimate_of(status)} for status in stands]


async def _rows(
    gateway: Gateway, principal: Principal, state: str, q: str, owner: str, cursor: str
) -> tuple[Sequence[Any], str | None]:
    """Return a page of batches whose name and owner have some text."""
    before = decode(cursor, "batches", int)[0] if cursor else None
    rows: list[Any] = []
    n_looked_at = 0
    while True:
        found, next_ = await gateway.coordinator.list_batches(
            owner=principal.sees, state=BatchState(state) if state else None, before=before, limit=ROWS
        )
        rows += [row for row in found if _matches(row, q.casefold(), owner)]
        before, n_looked_at = next_, n_looked_at + len(found)
        if next_ is None or len(rows) >= ROWS or n_looked_at >= MAX_LOOKED_AT:
            return rows, None if next_ is None else encode("batches", next_)


def _matches(row: Any, q: str, owner: str) -> bool:
    return (q in row["name"].casefold() or q in row["batch_id"]) and (not owner or row["owner"] == owner)
