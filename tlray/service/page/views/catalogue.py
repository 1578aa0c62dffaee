"""``/catalogue``: search; ``/catalogue/{site}/{id}``: a set as a tracklist, with its versions; ``/dj/…``, ``/artist/…``,
``/label/…``, ``/track/…``: where a name occurs."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from tlray.core.model.durations import as_clock
from tlray.io.catalogue.names import NameKind
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import ProblemError
from tlray.service.page.calls import body_of
from tlray.service.page.rendering import render
from tlray.service.page.timeline import as_text, lanes_of, name_of, table_of
from tlray.service.routes import catalogue, names
from tlray.service.routes.dependencies import Reader, TheGateway, TheStreams

router = APIRouter(include_in_schema=False)
ROWS: Final = 50
CHANGES: Final = 200
LEAST_HIGH: Final = 3
"""Sets a month that a chart is high at least: one set is no full bar."""
MAX_MONTHS: Final = 120
TEXTS: Final = ("q", "dj", "artist", "label", "source")
FILTERS: Final = (*TEXTS, "from", "to", "min_quality")


@router.get("/catalogue")
async def search(request: Request, gateway: TheGateway, principal: Reader) -> Response:
    """Show what a search finds; its conditions stand in the query."""
    asked = {name: request.query_params.get(name, "").strip() for name in (*FILTERS, "cursor")}
    conditions, faults = _conditions(asked)
    found: dict[str, Any] = {
        "sets": [],
        "total": 0,
        "quality": None,
        "next_cursor": None,
        "behind": 0,
        "catalogue": None,
    }
    facets: dict[str, Any] = {"years": [], "sites": []}
    if not faults:
        try:
            pages, counts = await asyncio.gather(
                catalogue.search(
                    gateway, principal, **conditions, cursor=asked["cursor"] or None, limit=ROWS
                ),
                names.facets(gateway, principal, **conditions),
            )
            found, facets = body_of(pages), body_of(counts)
        except ProblemError as error:
            if error.status_code != 400:
                raise
            faults = [str(error.detail)]
    kept = {name: value for name, value in asked.items() if value and name != "cursor"}
    return render(
        request, "catalogue.html", found=found, facets=facets, chosen=asked, kept=kept, faults=faults,
        is_filtered=bool(kept), search_of=lambda **more: _query({**kept, **more}), set_path=_set_path, name_path=_name_path,
    )  # fmt: skip


def _conditions(asked: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return a search's conditions as the API takes them, and what is wrong with them."""
    conditions: dict[str, Any] = {name: asked[name][:200] or None for name in TEXTS}
    faults = []
    for name in ("from", "to"):
        try:
            conditions["from_" if name == "from" else name] = (
                catalogue.iso_day(asked[name]) if asked[name] else None
            )
        except ValueError:
            faults.append(f"“{name}” is a day, such as 2026-11-01.")
    try:
        least = float(asked["min_quality"]) if asked["min_quality"] else None
    except ValueError:
        least = -1.0
    if least is not None and not 0 <= least <= 1:
        faults.append("The quality is a number from 0 to 1.")
    return {**conditions, "min_quality": least}, faults


@router.get("/catalogue/{site}/{source_id:path}")
async def one(
    request: Request, gateway: TheGateway, streams: TheStreams, principal: Reader, site: str, source_id: str
) -> Response:
    """Show a set: its timeline, rows, versions and changes."""
    is_merged = request.query_params.get("merged") == "true"
    answer = await catalogue.one(gateway, principal, site, source_id, merged=is_merged)
    found = json.loads(bytes(answer.body))
    versions = await catalogue.versions(gateway, principal, site, source_id)
    changed = await catalogue.list_changes(
        gateway, streams, principal, since=None, site=site, source_id=source_id, limit=CHANGES, follow=False
    )
    changes = [json.loads(line) for line in bytes(changed.body).splitlines()]
    tracks = found["tracks"]
    return render(
        request,
        "set.html",
        set=found,
        is_merged=is_merged,
        lanes=lanes_of(tracks, found["duration_s"]),
        rows=table_of(tracks, found["duration_s"]),
        text=as_text(tracks),
        n_positions=sum(track["kind"] == "main" for track in tracks),
        versions=body_of(versions)["versions"],
        changes=list(reversed(changes)),
        clock=as_clock,
        set_path=_set_path,
        name_path=_name_path,
        track_name=lambda row: f"{row['artist']} - {row['title']}",
        name_of=name_of,
    )


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
    found: JSONResponse = await names.about(gateway, principal, kind, name[:500])
    about = body_of(found)
    return render(
        request, "name.html", about=about, months=_months(about["by_month"]), set_path=_set_path, name_path=_name_path
    )  # fmt: skip


def _months(counts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the bars of a chart: a month each, also those without a set, at most the last `MAX_MONTHS`."""
    if not counts:
        return []
    by_month = {_number(count["month"]): count["sets"] for count in counts}
    last, most = max(by_month), max(LEAST_HIGH, *by_month.values())
    first = max(min(by_month), last - MAX_MONTHS + 1)
    n = last - first + 1
    return [
        {
            "month": f"{at // 12}-{at % 12 + 1:02d}", "sets": by_month.get(at, 0), "x": round(100 * (at - first) / n, 3),
            "width": round(80 / n, 3), "height": round(100 * by_month.get(at, 0) / most, 1),
        }
        for at in range(first, last + 1)
    ]  # fmt: skip


def _number(month: str) -> int:
    year, _, of_year = month.partition("-")
    return int(year) * 12 + int(of_year) - 1


def _query(fields: dict[str, str]) -> str:
    return "catalogue?" + urlencode({name: value for name, value in fields.items() if value})


def _set_path(site: str, source_id: str) -> str:
    """Return the address of a set's page below ``/``."""
    return f"catalogue/{quote(site, safe='')}/{quote(source_id, safe='')}"


def _name_path(kind: str, name: str) -> str:
    """Return the address of a name's page below ``/``."""
    return f"{kind}/{quote(name, safe='')}"
