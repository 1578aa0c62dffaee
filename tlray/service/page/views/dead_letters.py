"""``/dead-letters``: dead letters by kind and domain, what they mean, and the retry of one, of a group, or of a batch."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.page.calls import body_of, checked
from tlray.service.page.form import TheForm, field
from tlray.service.page.recent import answered
from tlray.service.page.rendering import DEAD_COUNT, MAX_COUNTED, count_text, render, see_other
from tlray.service.page.words import advice, kind_words
from tlray.service.routes import dead_letters
from tlray.service.routes.dependencies import Reader, Submitter, TheGateway
from tlray.service.schemas.batches import GroupRequest, RetryRequest

router = APIRouter(prefix="/dead-letters", include_in_schema=False)
LETTERS: Final = 50
HELPED: Final = ("yes", "maybe")
"""Groups of which a retry may make sets now."""
COUNTED_S: Final = 10.0
"""For so long a count is told again."""


@router.get("")
async def show(
    request: Request,
    gateway: TheGateway,
    principal: Reader,
    *,
    batch: str = "",
    kind: str = "",
    domain: str = "",
    cursor: str = "",
    retried: str = "",
) -> Response:
    """Show the groups, and the letters of one."""
    found = body_of(await dead_letters.dead_groups(gateway, principal, batch_id=batch or None))
    groups: list[dict[str, Any]] = found["groups"]
    chosen = next((one for one in groups if (one["kind"], one["domain"]) == (kind, domain)), None)
    listed: dict[str, Any] = {"dead_letters": [], "next_cursor": None}
    if chosen is not None:
        listed = body_of(
            await dead_letters.dead_letters(
                gateway, principal, batch_id=batch or None, reason=None, kind=kind, domain=domain,
                cursor=cursor or None, limit=LETTERS,
            )
        )  # fmt: skip
    return render(
        request,
        "dead_letters.html",
        total=found["total"],
        seen=found["version"],
        kinds=_by_kind(groups),
        n_helped=_n_helped(groups),
        chosen=chosen,
        letters=listed["dead_letters"],
        next=listed["next_cursor"],
        batch=batch,
        retried=retried if retried.isascii() and retried.isdigit() else "",
    )


@router.get("/retry-all")
async def ask_retry_all(
    request: Request, gateway: TheGateway, principal: Submitter, *, batch: str = ""
) -> Response:
    """Ask which dead letters are to be queued again, where there is no script."""
    found = body_of(await dead_letters.dead_groups(gateway, principal, batch_id=batch or None))
    return render(
        request,
        "retry_all.html",
        total=found["total"],
        seen=found["version"],
        n_helped=_n_helped(found["groups"]),
        batch=batch,
    )


def _n_helped(groups: list[dict[str, Any]]) -> int:
    """Return for how many dead letters a retry may help now."""
    return sum(group["n"] for group in groups if group["retry_helps"] in HELPED)


@router.get("/count")
async def count(request: Request, gateway: TheGateway, principal: Reader) -> Response:
    """Return how many dead letters there are, for the navigation of all open pages."""
    n = await request.app.state.recent.get(
        (DEAD_COUNT, principal.sees),
        lambda: gateway.coordinator.count_dead(principal.sees, MAX_COUNTED + 1),
        for_s=COUNTED_S,
    )
    return answered(request, {"n": n, "text": count_text(n)})


def _by_kind(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups under their kinds, the largest kind first."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for group in groups:
        kinds.setdefault(group["kind"], []).append(group)
    rows = [
        {
            "kind": kind, "words": kind_words(kind), "advice": advice(kind), "n": sum(group["n"] for group in of_kind),
            "helps": of_kind[0]["retry_helps"], "groups": of_kind,
        }
        for kind, of_kind in kinds.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: -row["n"])


@router.post("/retry")
async def retry(request: Request, gateway: TheGateway, principal: Submitter, form: TheForm) -> Response:
    """Queue a group again, as far as it was seen; or one letter."""
    batch, item, seen = field(form, "batch"), field(form, "item"), field(form, "seen")
    if item:
        one = checked(RetryRequest, item_ids=[item])
        answer = await dead_letters.retry(batch, gateway, principal, one)
        return see_other(request, f"/dead-letters?retried={body_of(answer)['n_retried']}")
    if which := field(form, "all"):
        n = await _retry_all(gateway, principal, batch, seen, only_helped=which == "helped")
        return see_other(request, f"/dead-letters?retried={n}" + (f"&batch={quote(batch)}" if batch else ""))
    if marked := form.getlist("marked"):
        n = await _retry_marked(gateway, principal, [one for one in marked if isinstance(one, str)])
        return see_other(request, f"/dead-letters?retried={n}" + (f"&batch={quote(batch)}" if batch else ""))
    group = {
        "kind": field(form, "kind"), "domain": field(form, "domain"), "up_to_version": int(seen) if seen.isdecimal() else None
    }  # fmt: skip
    if batch:
        answer = await dead_letters.retry(batch, gateway, principal, checked(RetryRequest, **group))
    else:
        answer = await dead_letters.retry_group(checked(GroupRequest, **group), gateway, principal)
    n = body_of(answer)["n_retried"]
    return see_other(request, f"/dead-letters?retried={n}" + (f"&batch={quote(batch)}" if batch else ""))


async def _retry_all(
    gateway: Gateway, principal: Principal, batch: str, seen: str, *, only_helped: bool
) -> int:
    """Queue all groups again as far as they were seen, or those where it may help; return how many letters were queued."""
    found = body_of(await dead_letters.dead_groups(gateway, principal, batch_id=batch or None))
    until = int(seen) if seen.isdecimal() else found["version"]
    n = 0
    for group in found["groups"]:
        if only_helped and group["retry_helps"] not in HELPED:
            continue
        wanted = {"kind": group["kind"], "domain": group["domain"], "up_to_version": until}
        if batch:
            answer = await dead_letters.retry(batch, gateway, principal, checked(RetryRequest, **wanted))
        else:
            answer = await dead_letters.retry_group(checked(GroupRequest, **wanted), gateway, principal)
        n += body_of(answer)["n_retried"]
    return n


async def _retry_marked(gateway: Gateway, principal: Principal, marked: list[str]) -> int:
    """Queue letters again that were marked, each as its batch and item; return how many were queued."""
    by_batch: dict[str, list[str]] = {}
    for one in marked[:LETTERS]:
        batch, _, item = one.partition("/")
        by_batch.setdefault(batch, []).append(item)
    n = 0
    for batch, items in by_batch.items():
        answer = await dead_letters.retry(batch, gateway, principal, checked(RetryRequest, item_ids=items))
        n += body_of(answer)["n_retried"]
    return n
