"""``/domains``: how each domain stands, its robots.txt, its rests; an admin sets its rate, pauses it, or ends its rest."""

from __future__ import annotations

import asyncio
import math
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tlray.core.model.progress import DomainStatus
from tlray.core.politeness.domain import PARKED
from tlray.core.politeness.rate_text import AUTO_BURST, parse_rate
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.paging import MAX_LIMIT
from tlray.service.http.problems import ProblemError
from tlray.service.page.batch_words import domain_state, reason_words
from tlray.service.page.calls import body_of, checked
from tlray.service.page.form import TheForm, field
from tlray.service.page.recent import answered
from tlray.service.page.rendering import render, see_other, wants_json
from tlray.service.page.text import plural
from tlray.service.page.words import GLYPHS, TONES
from tlray.service.routes import domains
from tlray.service.routes.dependencies import Admin, Reader, TheGateway
from tlray.service.schemas.batches import DomainPatch

router = APIRouter(prefix="/domains", include_in_schema=False)
SHOWN: Final = 60
MAX_BATCHES: Final = 20
WORDS: Final = {
    "parked": "given up",
    "resting": "rests",
    "paused": "paused",
    "fetching": "fetching",
    "waiting": "waiting",
    "idle": "nothing to do",
}
"""The states of a domain, in the order in which they are shown."""
GLYPH_OF: Final = {
    "resting": "rests",
    "fetching": "running",
    "waiting": "queued",
    "idle": "skipped",
}  # as in `words.GLYPHS`
CHANGES: Final[dict[str, dict[str, Any]]] = {
    "pause": {"paused": True},
    "resume": {"paused": None},
    "lift": {"lift": True},
}


def state_of(status: DomainStatus) -> str:
    """Return the state of a domain, one of `WORDS`."""
    if status["paused"]:
        return "paused"
    if status["cooling_until"] is not None:
        return "resting"
    if status["reason"]:
        return "parked"
    return "fetching" if status["in_flight"] else "waiting" if status["open"] else "idle"


def sentence(status: DomainStatus) -> str:
    """Return how a domain stands. The end of a rest follows it."""
    n, state = status["open"], state_of(status)
    itself = "goes on by itself" if n == 1 else "go on by themselves"
    if state == "paused":
        return f"Paused by an admin: nothing is fetched from it, for any batch. Open: {plural(n, 'item')}."
    if state == "resting":
        goes = f" Its {plural(n, 'item')} {itself}." if n else ""
        reason = reason_words(status["reason"] or "")
        return f"{reason[:1].upper()}{reason[1:]}.{goes} It rests"
    if state == "parked":
        why = (status["reason"] or "").removeprefix(f"{PARKED}: ")
        return f"Given up: {why}. Its items are dead letters; leave it alone for a day, then retry them."
    if state == "fetching":
        return f"In flight: {plural(status['in_flight'], 'page')}. Open: {plural(n, 'item')}."
    return f"Waiting for its turn: {plural(n, 'item')}." if n else "Nothing to fetch from it now."


def _row(status: DomainStatus) -> dict[str, Any]:
    state, ceiling, now = state_of(status), status["max_rate"], status["rate"]
    share = 100.0 if not ceiling or now is None else min(100.0, 100 * now / ceiling)
    name = GLYPH_OF.get(state, state)
    rate_text = domain_state(status | {"state": state}, of="")["rate_text"]
    why = {"resting": reason_words(status["reason"] or ""), "parked": status["reason"]}.get(state)
    return {
        **status, "state": state, "glyph": GLYPHS[name], "tone": TONES[name], "word": WORDS[state], "why": why or "",
        "sentence": sentence(status), "share": round(share, 1), "rate_text": rate_text,
    }  # fmt: skip


def _live(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what of the rows changes with time, for the script."""
    names = (
        "paused",
        "glyph",
        "tone",
        "word",
        "why",
        "sentence",
        "cooling_until",
        "rate_text",
        "open",
        "in_flight",
    )
    return {row["domain"]: {name: row[name] for name in names} for row in rows}


@router.get("")
async def show_domains(
    request: Request, gateway: TheGateway, principal: Reader, state: str = "", q: str = "", cursor: str = ""
) -> Response:
    """Show the domains, those that need somebody first."""
    found = body_of(await domains.domains(gateway, principal, cursor=cursor or None, limit=MAX_LIMIT))
    order = {name: n for n, name in enumerate(WORDS)}
    wanted, part = state if state in WORDS else "", q.strip().casefold()
    rows = [
        row for row in map(_row, found["domains"]) if part in row["domain"] and wanted in ("", row["state"])
    ]
    rows.sort(key=lambda row: (order[row["state"]], -row["open"], row["domain"]))
    if wants_json(request):
        return answered(request, _live([_row(status) for status in found["domains"]]))
    return render(
        request,
        "domains.html",
        rows=rows[:SHOWN],
        n_more=max(0, len(rows) - SHOWN),
        next=found["next_cursor"],
        has_any=bool(found["domains"] or cursor),
        words=WORDS,
        chosen={"state": wanted, "q": q},
        is_filtered=bool(wanted or part),
    )


@router.get("/{domain}")
async def show_domain(
    request: Request, domain: domains.Domain, gateway: TheGateway, principal: Reader
) -> Response:
    """Show a domain."""
    if wants_json(request):
        return answered(request, _live([_row(body_of(await domains.domain(domain, gateway, principal)))]))
    return await _shown(request, gateway, principal, domain)


@router.post("/{domain}")
async def change_domain(
    request: Request, domain: domains.Domain, gateway: TheGateway, principal: Admin, form: TheForm
) -> Response:
    """Set the rate of a domain, pause it, or end its rest."""
    action = field(form, "do")
    try:
        changes: dict[str, Any] | None = CHANGES.get(action)
        if action == "set":
            changes = _limits(field(form, "rate"), field(form, "concurrency"))
        if changes is None:
            raise HTTPException(404, "there is no such action")
        await domains.set_domain(checked(DomainPatch, **changes), domain, gateway, principal)
    except ValueError as error:
        faults = [("rate", str(error))]
    except ProblemError as error:
        if error.status_code != 422 or not error.errors:
            raise
        faults = [
            ("concurrency" if where.endswith("concurrency") else "rate", what) for where, what in error.errors
        ]
    else:
        back = "/domains" if field(form, "back") == "list" else f"/domains/{quote(domain)}"
        return see_other(request, back)
    given = {name: field(form, name) for name in ("rate", "concurrency")}
    return await _shown(request, gateway, principal, domain, faults, given)


def _limits(rate_text: str, concurrency: str) -> dict[str, Any]:
    """Return the overrides of a form; an empty field removes one. ValueError says what is wrong."""
    per_s = None
    if rate_text:
        per_s, burst = parse_rate(rate_text)
        if burst == AUTO_BURST or ":" in rate_text:
            raise ValueError(f"rate {rate_text[:40]!r} is not of the form N/s, N/8s or N/m")
    if concurrency and not concurrency.isdecimal():
        raise ValueError(f"at once {concurrency[:40]!r} is no whole number")
    return {"max_rate": per_s, "concurrency": int(concurrency[:9]) if concurrency else None}


async def _shown(
    request: Request,
    gateway: Gateway,
    principal: Principal,
    domain: str,
    faults: list[tuple[str, str]] | None = None,
    given: dict[str, str] | None = None,
) -> Response:
    status = body_of(await domains.domain(domain, gateway, principal))
    override = status["set"]
    return render(
        request,
        "domain.html",
        status=422 if faults else 200,
        domain=_row(status),
        history=body_of(await domains.history(domain, gateway, principal)),
        batches=await _batches_at(gateway, principal, status["domain"]),
        faults=faults or [],
        given=given or {"rate": _typed(override["max_rate"]), "concurrency": override["concurrency"] or ""},
        reason_words=reason_words,
    )


def _typed(per_s: float | None) -> str:
    """Return a rate as it is typed: 2/s, 30/m, 1/8s."""
    if per_s is None:
        return ""
    if per_s >= 1:
        return f"{per_s:g}/s"
    if math.isclose(60 * per_s, round(60 * per_s)):
        return f"{round(60 * per_s)}/m"
    return f"1/{1 / per_s:.12g}s"


async def _batches_at(gateway: Gateway, principal: Principal, domain: str) -> list[dict[str, Any]]:
    """Return the open batches that have open items at a domain; of batches with many domains, those that it is large in."""
    found: list[str] = []
    for state in ("running", "paused"):
        rows, _ = await gateway.coordinator.list_batches(
            owner=principal.sees, state=state, before=None, limit=MAX_BATCHES
        )
        found += [row["batch_id"] for row in rows]
    stands = await asyncio.gather(*(gateway.status(batch_id) for batch_id in found))
    return [
        {
            "batch_id": one["batch_id"],
            "name": one["name"],
            "state": one["state"],
            "open": one["domains"][domain]["open"],
        }
        for one in stands
        if domain in one["domains"]
    ]
