"""``/dj/…``, ``/artist/…``, ``/label/…``, ``/track/…``: where a name occurs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tlray.io.catalogue.names import NameKind
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import ProblemError
from tlray.service.page.addresses import name_path, search_path, set_path
from tlray.service.page.calls import body_of
from tlray.service.page.missing import missing
from tlray.service.page.rendering import render
from tlray.service.routes import names
from tlray.service.routes.dependencies import Reader, TheGateway

router = APIRouter(include_in_schema=False)
MAX_NAME: Final = 500
MAX_SHOWN: Final = 120
WORDS: Final = {
    NameKind.DJ: "DJ",
    NameKind.ARTIST: "artist",
    NameKind.LABEL: "label",
    NameKind.TRACK: "track",
}
LEAST_HIGH: Final = 3
"""Sets a month that a chart is high at least: one set is no full bar."""
MAX_MONTHS: Final = 120


@router.get("/dj/{name:path}")
async def dj(request: Request, gateway: TheGateway, principal: Reader, name: str) -> Response:
    """Show where a DJ occurs."""
    return await _about(request, gateway, principal, NameKind.DJ, name)


@router.get("/artist/{name:path}")
async def artist(request: Request, gateway: TheGateway, principal: Reader, name: str) -> Response:
    """Show where an artist occurs."""
    return await _about(request, gateway, principal, NameKind.ARTIST, name)


@router.get("/label/{name:path}")
async def label(request: Request, gateway: TheGateway, principal: Reader, name: str) -> Response:
    """Show where a label occurs."""
    return await _about(request, gateway, principal, NameKind.LABEL, name)


@router.get("/track/{name:path}")
async def track(request: Request, gateway: TheGateway, principal: Reader, name: str) -> Response:
    """Show where a track occurs."""
    return await _about(request, gateway, principal, NameKind.TRACK, name)


async def _about(
    request: Request, gateway: Gateway, principal: Principal, kind: NameKind, name: str
) -> Response:
    try:
        about = body_of(await names.about(gateway, principal, kind, name[:MAX_NAME]))
    except ProblemError as error:
        if error.status_code not in (404, 422):
            raise
        title = f"No set has the {WORDS[kind]} “{name[:MAX_SHOWN]}{'…' * (len(name) > MAX_SHOWN)}”"
        text = "It may be spelt in another way, or be in the batches of somebody else."
        if error.status_code == 422:
            text = "A name is found by its letters and digits, and this one has none."
        return await missing(request, gateway, principal, title=title, text=text, words=name)
    same = {} if kind is NameKind.TRACK else {kind.value: about["name"]}
    months = months_of(about["by_month"], f"{datetime.now(UTC):%Y-%m}")
    n_elsewhere = sum(count["sets"] for count in about["by_month"]) - sum(one["sets"] for one in months)
    return render(
        request, "name.html", here="catalogue", about=about, word=WORDS[kind], months=months, n_elsewhere=n_elsewhere,
        all_sets=search_path(**(same or {"q": about["name"]})), set_path=set_path, name_path=name_path,
    )  # fmt: skip


def months_of(counts: list[dict[str, Any]], today: str) -> list[dict[str, Any]]:
    """Return the bars of a chart: a month each, also those without a set, at most the last `MAX_MONTHS`; a set that is said to be
    played after this month makes none, unless all are."""
    if not counts:
        return []
    known = [count for count in counts if count["month"] <= today] or counts
    by_month = {_number(count["month"]): count["sets"] for count in known}
    last, most = max(by_month), max(LEAST_HIGH, *by_month.values())
    first = max(min(by_month), last - MAX_MONTHS + 1)
    n = last - first + 1
    return [
        {
            "month": f"{date(at // 12, at % 12 + 1, 1):%b %Y}", "sets": by_month.get(at, 0),
            "x": round(100 * (at - first) / n, 3), "width": round(80 / n, 3),
            "height": round(100 * by_month.get(at, 0) / most, 1),
        }
        for at in range(first, last + 1)
    ]  # fmt: skip


def _number(month: str) -> int:
    year, _, of_year = month.partition("-")
    return int(year) * 12 + int(of_year) - 1
